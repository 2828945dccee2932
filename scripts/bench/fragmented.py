# SPDX-License-Identifier: GPL-2.0
"""Which tables can be had when memory is free, but not in one piece: on the stock kernel.

There it is emulated where there is no virtualisation, which makes time mean nothing; but whether an
allocation succeeds is the same everywhere. User-mode Linux has no huge pages.
"""

import json

from bench import lines
from bench.designs import DESIGNS
from bench.guest import BUILD, SOURCE
from environment.failure import Failure
from environment.progress import step
from kernel_module import designs
from machine import boot
from machine.session import Limits

# A page in use at each distance; 0 is memory as it is. What is free has pieces of half of that.
DISTANCES = (0, 1024, 64, 2)
LARGEST_DISTANCE = 1024
PAGE = 4096
MEGABYTES = 1024
LIMITS = Limits(total=900, silence=600)
# How a table is got -> what of rust/bench/fragmented.rs that is.
WAYS = {
    "in one piece": ("piece",),
    "as the kernel's, in one piece or mapped": ("kernel piece", "kernel huge", "kernel mapped"),
    "by huge pages or others": ("huge", "huge mapped"),
    "mapped": ("mapped",),
    "single pages": ("pages",),
}
SHOWN = ("piece", "kernel piece", "kernel huge", "kernel mapped", "huge", "huge mapped", "mapped",
         "pages")


def measure(stock):
    """Boots the stock kernel and asks there; returns what results.json has of this part."""
    output = bytearray()
    place = "nsmux/bench/fragmented.py"
    with step("looking for tables in fragmented memory, about 60 s"):
        run = boot.Run(
            command=["python3", f"/{place}", f"/{designs.PLACE}", *map(str, DISTANCES)],
            contents=[(designs.PLACE, designs.build(stock)), (place, SOURCE / "fragmented.py")],
            megabytes=MEGABYTES, processors=1, limits=LIMITS,
            log=BUILD / "console-fragmented.log")
        status = boot.boot(stock, run, on_output=output.extend)
    if status != 0:
        raise Failure(f"the guest failed:\n{output.decode(errors='replace')}")
    return summary(output.decode(errors="replace").splitlines())


def summary(told):
    """What the guest has told, as results.json has it."""
    found = [json.loads(line) for line in told if line.startswith('{"distance"')]
    if [each["distance"] for each in found] != list(DISTANCES):
        raise Failure("the guest did not come to the end:\n" + "\n".join(told))
    for each in found:
        if each["distance"] and any(size["piece"] for size in each["sizes"]
                                    if size["bytes"] >= each["distance"] * PAGE):
            raise Failure(f"memory is not fragmented at a distance of {each['distance']} pages:\n"
                          + "\n".join(told))
    return {
        "kernel": found[0]["release"], "pages": found[0]["pages"], "tables": found[0]["tables"],
        "distances": {str(each["distance"]): {name: each[name]
                                              for name in ("held", "sizes", "designs")}
                      for each in found},
    }


def in_use(distance):
    """How many of 1,024 pages are in use beside what is in use anyway."""
    return LARGEST_DISTANCE // distance if distance else 0


def largest(part, distance, way):
    """The largest tables of which all could be had, in bytes."""
    sizes = part["distances"][str(distance)]["sizes"]
    return max((size["bytes"] for size in sizes
                if sum(size[name] for name in WAYS[way]) == part["tables"]), default=0)


def failed(part, distance, pages, way):
    """How many tables of so many pages could not be had."""
    size, = (size for size in part["distances"][str(distance)]["sizes"]
             if size["bytes"] == pages * PAGE)
    return part["tables"] - sum(size[name] for name in WAYS[way])


def table(part):
    """What a person is shown."""
    yield (f"Tables in fragmented memory, Linux {part['kernel']}, {part['pages'] >> 8:,} MiB: how "
           f"many of {part['tables']} could be had at a time")
    for distance in DISTANCES:
        found = part["distances"][str(distance)]
        made = sum(found["designs"].values())
        yield ""
        yield (f"{in_use(distance)} of 1,024 pages in use, {found['held']:,} in all; designs that "
               f"could be made: {made} of {len(found['designs'])}")
        yield (f"    {'KiB of a table':>14}{'one piece':>12}{'kernel: one piece':>20}"
               f"{'huge pages':>12}{'pages':>8}{'huge: huge pages':>19}{'pages':>8}{'mapped':>9}"
               f"{'single pages':>14}")
        for size in found["sizes"]:
            numbers = [size[name] for name in SHOWN]
            yield (f"    {size['bytes'] >> 10:>14,}{numbers[0]:>12}{numbers[1]:>20}"
                   f"{numbers[2]:>12}{numbers[3]:>8}{numbers[4]:>19}{numbers[5]:>8}{numbers[6]:>9}"
                   f"{numbers[7]:>14}")


def picture(part):
    """The largest table that can be had in each way."""
    def points(way):
        for distance in DISTANCES:
            value = largest(part, distance, way)
            if value:
                yield lines.Point(in_use(distance), value, value, value)

    panel = lines.Panel(f"{part['tables']} at a time, of {part['pages'] >> 8:,} MiB", [
        lines.Line(way, list(points(way))) for way in WAYS])
    return lines.svg("The largest tables in fragmented memory",
                     "pages in use, equally far apart, of each 1,024", "bytes", [panel])


def pictures(part):
    """Name -> picture."""
    return {"fragmented": picture(part)}


def replaced(part):
    """The figures that sentences have: name -> text."""
    yield "stock kernel", part["kernel"]
    yield "tables at a time", str(part["tables"])
    for distance in DISTANCES:
        for way in WAYS:
            name = f"{way} {in_use(distance)}"
            yield f"largest {name}", f"{largest(part, distance, way) >> 10:,}"
            for size in part["distances"][str(distance)]["sizes"]:
                pages = size["bytes"] // PAGE
                yield f"failed {size['bytes'] >> 10} {name}", str(
                    failed(part, distance, pages, way))
        for size in part["distances"][str(distance)]["sizes"]:
            for name in SHOWN:
                yield f"{name} {size['bytes'] >> 10} {in_use(distance)}", str(size[name])
        found = part["distances"][str(distance)]
        yield f"designs made {in_use(distance)}", f"{sum(found['designs'].values())}"
    yield "designs", str(len(DESIGNS))
