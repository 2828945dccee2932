# SPDX-License-Identifier: GPL-2.0
"""What a lookup by each design misses in the caches of a processor of 2006, and of one of today:
simulated, with the designs' own sources compiled for user space.

What is counted is the same in each run, so there is one of each.
"""

import os
import re
from concurrent.futures import ThreadPoolExecutor

from bench import lines
from bench.designs import BASE, DESIGNS, cells, key
from bench.guest import BUILD
from bench.user_space import SEED, built, said
from environment import valgrind
from environment.failure import Failure
from environment.progress import step

FOLDER = BUILD / "caches"

# Those of rust/bench/user_space_main.rs.
SIMULATED = (BASE, "hash/chain", "stash/chain", "global/chain", "pointer/pages", "pointer/trie",
             "global/trie")
# Bytes, ways, bytes of a line: the first level, and the last.
PROCESSORS = {
    "2006": {"I1": "32768,8,64", "D1": "32768,8,64", "LL": "1048576,8,64"},
    "today": {"I1": "32768,8,64", "D1": "49152,12,64", "LL": "33554432,16,64"},
}
LEVELS = {"D1": "the first level", "LL": "the last level"}
SIZES = ((1024, 1), (16, 64), (256, 64), (1024, 64), (4096, 64), (16, 1024))
# What is counted in the program.
COUNTED = re.compile(r"^fn=.*\bcounted\b.*\n((?:\d.*\n)+)", re.MULTILINE)
# Less is next to nothing, and has no place where factors are distances.
LEAST = 0.01


def counted(text, lookups):
    """What cachegrind has counted, for each lookup: instructions, and misses on each level."""
    events = re.search(r"^events: (.*)$", text, re.MULTILINE).group(1).split()
    found = COUNTED.findall(text)
    if len(found) != 1:
        raise Failure("cachegrind has not counted the lookups")
    sums = [0] * len(events)
    for line in found[0].splitlines():
        # Trailing figures that are 0 may be left out.
        for place, number in enumerate(line.split()[1:]):
            sums[place] += int(number)
    of = dict(zip(events, sums))
    return {"instructions": of["Ir"] / lookups,
            "D1": (of["D1mr"] + of["D1mw"]) / lookups,
            "LL": (of["DLmr"] + of["DLmw"]) / lookups}


def simulated(environment, folder, program, design, size, processor):
    """One run."""
    output = FOLDER / "-".join([design.replace("/", "-"), *map(str, size), processor])
    text = said(environment, valgrind.command(
        folder, "--tool=cachegrind", "--cache-sim=yes", "-q",
        *(f"--{cache}={size}" for cache, size in PROCESSORS[processor].items()),
        f"--cachegrind-out-file={output}", str(program), "caches", design,
        *map(str, size), str(SEED)))
    packets, times = re.search(r"^(\d+) (\d+)$", text, re.MULTILINE).groups()
    return counted(output.read_text(encoding="utf-8"), int(packets) * int(times))


def measure(stock):
    """Builds, tests, simulates; returns what results.json has of this part."""
    folder = valgrind.ready(stock)
    program = built(stock, SIMULATED)
    FOLDER.mkdir(parents=True, exist_ok=True)
    runs = [(size, design, processor)
            for size in SIZES for design in SIMULATED for processor in PROCESSORS]
    with step(f"simulating the caches of {len(PROCESSORS)} processors, about 30 s"):
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            found = list(pool.map(lambda run: simulated(stock, folder, program, run[1], run[0],
                                                        run[2]), runs))
    misses = {}
    for (size, design, processor), figures in zip(runs, found):
        of_size = misses.setdefault(key(size), {})
        of_size.setdefault(design, {})[processor] = figures
    version = said(stock, valgrind.command(folder, "--version")).strip()
    return {"simulator": version, "processors": PROCESSORS, "misses": misses}


def table(part):
    """What a person is shown."""
    yield f"Caches of processors, simulated by {part['simulator']}: misses of a lookup"
    for (namespaces, sockets), found in cells(part, "misses"):
        yield ""
        yield f"{namespaces:,} namespaces, {sockets:,} sockets each: a hit, chosen uniformly"
        yield f"    {'':36}{'instructions':>14}" + "".join(
            f"{f'{level} {processor}':>12}" for processor in PROCESSORS for level in LEVELS)
        for design in SIMULATED:
            yield (f"    {DESIGNS[design]:36}{found[design]['2006']['instructions']:>14.1f}"
                   + "".join(f"{found[design][processor][level]:>12.2f}"
                             for processor in PROCESSORS for level in LEVELS))


def picture(part):
    """Misses over namespaces with 64 sockets."""
    def points(design, processor, level):
        for (namespaces, sockets), found in cells(part, "misses"):
            if sockets == 64:
                value = max(found[design][processor][level], LEAST)
                yield lines.Point(namespaces, value, value, value)

    panels = [lines.Panel(title, [
        lines.Line(DESIGNS[design], list(points(design, processor, level)))
        for design in SIMULATED]) for title, processor, level in (
            ("2006: 32 KiB", "2006", "D1"), ("today: 48 KiB", "today", "D1"),
            ("2006: 1 MiB", "2006", "LL"))]
    return lines.svg(
        "Cache lines that a lookup misses, on processors that are simulated",
        "namespaces, with 64 sockets in each",
        f"misses of a lookup; what has fewer than {LEAST} is drawn there", panels)


def pictures(part):
    """Name -> picture."""
    return {"caches": picture(part)}


def replaced(part):
    """The figures that sentences have: name -> text."""
    yield "simulator", part["simulator"]
    for size, found in cells(part, "misses"):
        where = "x".join(map(str, size))
        for design, processors in found.items():
            yield f"{design} instructions {where}", f"{processors['2006']['instructions']:,.0f}"
            for processor, figures in processors.items():
                for level in LEVELS:
                    yield f"{design} {processor} {level} {where}", f"{figures[level]:.2f}"
