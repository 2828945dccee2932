# SPDX-License-Identifier: GPL-2.0
"""Pictures of what the designs take, and the figures that the report's sentences have."""

import re

from bench import lines, surroundings
from bench.designs import ADDRESSES, BASE, DESIGNS, NAMES, cells, measure, table
from bench.intervals import shown
from environment.failure import Failure

# A part of `make bench` measures, and has a table.
__all__ = ["measure", "table", "pictures", "write"]

# What surroundings.replaced() has.
OF_MACHINE = ("processor", "host kernel", "load")

HIT = "hit uniform"
OVER_NAMESPACES = "namespaces"
TIMES = "times as long as behind a pointer, with the kernel's chains"


def drawn(part, question, at, wanted, figure):
    """A line: at each cell that is wanted, what a figure is there."""
    found = sorted((at(*numbers), figure(designs)) for numbers, designs in cells(part, question)
                   if wanted(*numbers) and figure(designs) is not None)
    return [lines.Point(place, **values) for place, values in found]


def exact(value):
    """A figure that is the same each time."""
    return {"median": value, "low": value, "high": value}


def ratio_of(design, kind=HIT):
    """How a design compares, in a cell that it is in."""
    return lambda found: found[design]["ratio"][kind] if design in found else None


def over_namespaces(part, designs, sockets, kind=HIT):
    """A panel for each number of sockets: ratios over namespaces."""
    return [lines.Panel(
        f"{number:,} socket{'s' if number > 1 else ''} in each",
        [lines.Line(DESIGNS[design], drawn(
            part, "measure", lambda namespaces, _: namespaces,
            lambda _, sockets, number=number: sockets == number, ratio_of(design, kind)))
         for design in designs]) for number in sockets]


def over_sockets(part, designs, namespaces, figure_of):
    """A panel for each number of namespaces: something over sockets."""
    return [lines.Panel(
        f"{number:,} namespace{'s' if number > 1 else ''}",
        [lines.Line(DESIGNS[design], drawn(
            part, "measure", lambda _, sockets: sockets,
            lambda namespaces, _, number=number: namespaces == number,
            figure_of(design, number)))
         for design in designs]) for number in namespaces]


def first_level(part):
    """Does the hash of the first level cost anything?"""
    designs = ("hash/chain", "stash/chain", "global/chain", "noop/chain")
    return lines.svg("A lookup that hits: other first levels, compared with a pointer",
                     OVER_NAMESPACES, TIMES, over_namespaces(part, designs, (1, 64, 1024)), 1)


def filtering(part):
    """What does the mux gain over filtering?"""
    def line(name, addresses, kind):
        text = NAMES[name] + (f", {addresses} in each" if name == "filter" else "")
        return lines.Line(text, drawn(
            part, "bind", lambda contexts, _: contexts, lambda _, each: each == addresses,
            lambda found: found[name]["time"][kind]))

    panels = [lines.Panel(title, [line("mux", 1, kind), line("keyed", 1, kind)]
                          + [line("filter", addresses, kind) for addresses in ADDRESSES])
              for kind, title in (("accept", "accept"), ("bind", "bind"))]
    return lines.svg("Who accepts a connection, and who may bind: tables filtered, and not",
                     "contexts, each with a listener on the same port", "nanoseconds", panels)


def beside(part):
    """What does a private table save?"""
    panel = lines.Panel("a hit in one of 15 namespaces with 64 sockets", [
        lines.Line(DESIGNS[design], drawn(
            part, "beside", lambda crowd: crowd, lambda crowd: True,
            lambda found, design=design: found[design]["time"]["hit"]))
        for design in (BASE, "global/chain")])
    return lines.svg("A lookup beside a crowd", "sockets that the 16th namespace has more",
                     "nanoseconds", [panel])


def memory(part):
    """And what does it cost?"""
    designs = ("global/chain", BASE, "pointer/large", "pointer/pages", "pointer/rhashtable",
               "pointer/xarray", "pointer/rbtree", "pointer/trie")

    def of(design, namespaces):
        return lambda found: (exact(found[design]["bytes"] / namespaces)
                              if design in found else None)

    return lines.svg("What tables take for each namespace", "sockets in each namespace", "bytes",
                     over_sockets(part, designs, (1, 256, 1024), of))


def trees(part):
    """Can a tree replace the hash?"""
    designs = ("pointer/rhashtable", "pointer/xarray", "pointer/rbtree", "pointer/trie")
    return lines.svg("A lookup that hits: other second levels, compared with the kernel's chains",
                     "sockets in each namespace", TIMES, over_sockets(
                         part, designs, (1, 16, 256), lambda design, _: ratio_of(design)), 1)


def large(part):
    """How should a large table be allocated?"""
    designs = ("pointer/large", "pointer/pages")
    return lines.svg("A lookup that hits: tables that are mapped, or of single pages",
                     OVER_NAMESPACES, TIMES, over_namespaces(part, designs, (1, 64, 1024)), 1)


PICTURES = {"first-level": first_level, "filtering": filtering, "beside": beside, "memory": memory,
            "trees": trees, "large": large}


def pictures(part):
    """Name -> picture."""
    return {name: draw(part) for name, draw in PICTURES.items()}


def replaced(part):
    """The figures that sentences have: name -> text."""
    yield "boots", str(part["boots"])
    for numbers, found in cells(part, "measure"):
        where = "x".join(map(str, numbers))
        for design, figures in found.items():
            for kind, short in (("hit uniform", ""), ("hit zipf", " zipf"), ("change", " change")):
                yield f"{design} {where}{short}", shown(figures["ratio"][kind], ".2f")
            for kind, short in ((HIT, "ns"), ("make", "make ns"), ("end", "end ns")):
                yield f"{design} {where} {short}", shown(figures["time"][kind], ",.1f")
            yield f"{design} {where} bytes", f"{figures['bytes'] / numbers[0]:,.0f}"
    for numbers, found in cells(part, "bind"):
        for name, figures in found.items():
            for kind, time in figures["time"].items():
                where = "x".join(map(str, numbers))
                yield f"{name} {kind} {where}", shown(time, ",.1f")
    for (crowd,), found in cells(part, "beside"):
        for design, figures in found.items():
            yield f"{design} beside {crowd}", shown(figures["time"]["hit"], ".1f")
    yield "hash costs from", costs_from(part, "hash/chain", 1)


def costs_from(part, design, sockets):
    """The fewest namespaces with which a design takes longer for sure, of those measured."""
    costly = [numbers[0] for numbers, designs in cells(part, "measure")
              if numbers[1] == sockets and designs[design]["ratio"][HIT]["low"] > 1]
    return f"{min(costly):,}" if costly else "no number"


def used(text):
    """The figures that a text has."""
    return {" ".join(name.split()) for name in re.findall(r"\|([^|]+)\|", text)}


def substitutions(names, known):
    """A file that the report includes: what it says is filled in, and not written by hand."""
    yield ".. SPDX-License-Identifier: GPL-2.0"
    yield ".. Written by make bench T='--record designs'. Do not edit."
    yield ""
    for name in sorted(names):
        if name not in known:
            raise Failure(f"the report has a figure that was not measured: {name}")
        yield f".. |{name}| replace:: {known[name]}"


def write(folder, results):
    """The plots and the figures of the report, which is in the folder."""
    part = results["parts"]["designs"]
    for name, picture in pictures(part).items():
        (folder / f"{name}.svg").write_text(picture, encoding="utf-8")
    known = dict([*replaced(part), *surroundings.replaced(results["machine"])])
    wanted = used((folder / "report.rst").read_text(encoding="utf-8"))
    (folder / "designs-figures.txt").write_text(
        "\n".join(substitutions(wanted, known)) + "\n", encoding="utf-8")
