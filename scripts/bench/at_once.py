# SPDX-License-Identifier: GPL-2.0
"""What a lookup by each design takes while another processor looks up as well, in the same tables:
the designs' own sources, compiled for user space, in two processes on two processors.

In each run, each cell has all designs in turns, and each is made anew. In a round of one, each
processor looks up alone, then both at once, and the ratio of these is what counts.
"""

import os

from bench import lines
from bench.caches import SIMULATED
from bench.designs import DESIGNS, cells, key
from bench.intervals import of_boots, shown
from bench.user_space import SEED, built, said
from environment.failure import Failure
from environment.progress import step

OWN, COMMON = "counting/own", "counting/common"
# The same with a counter that each lookup adds one to: they show how much a line is that both write
# to.
CONTROLS = {
    OWN: "pointer and chains, counters of their own",
    COMMON: "pointer and chains, one counter",
}
CONTENDERS = {**{name: DESIGNS[name] for name in SIMULATED}, **CONTROLS}
SIZES = ((16, 64), (256, 64), (1024, 64))
# In which the designs read few lines, so that one more is seen.
SEEN = (16, 64)

RUNS = 8
# How many seconds a run takes.
RUN = 10


def processors():
    """Two that may be used."""
    found = sorted(os.sched_getaffinity(0))
    if len(found) < 2:
        raise Failure("there is one processor only, where two are to look up at once",
                      "Leave out the part at-once.")
    return found[:2]


def rounds(text):
    """What the program tells: what a lookup takes by one alone, and by each of two, in nanoseconds.
    """
    for row in text.splitlines():
        first, second, *both = map(int, row.split())
        yield {"alone": (first + second) / 2000, "both": sum(both) / 2000}


def summary(runs):
    """What is computed from the rounds of each run: size -> contender -> intervals."""
    found = {key(size): {name: {
        "alone": vars(of_boots([run[size, name] for run in runs], lambda one: one["alone"])),
        "both": vars(of_boots([run[size, name] for run in runs], lambda one: one["both"])),
        "ratio": vars(of_boots([run[size, name] for run in runs],
                               lambda one: one["both"] / one["alone"])),
    } for name in CONTENDERS} for size in SIZES}
    return {"unit": "nanoseconds", "runs": len(runs), "cells": found}


def is_seen(part):
    """Whether a line that both write to was seen to take time: if not, the others tell nothing."""
    found = part["cells"][key(SEEN)]
    return found[COMMON]["ratio"]["low"] > max(1, found[OWN]["ratio"]["high"])


def measure(stock):
    """Builds, tests, measures; returns what results.json has of this part."""
    pair = processors()
    program = built(stock, CONTENDERS)
    names, runs = list(CONTENDERS), []
    with step(f"having two processors look up at once, {RUNS} runs, about {RUNS * RUN} s"):
        for number in range(RUNS):
            # Whoever was first comes last.
            turned = names[number % len(names):] + names[:number % len(names)]
            runs.append({(size, name): list(rounds(said(
                stock, [program, "at-once", name, *map(str, (*size, SEED + number, *pair))])))
                for size in SIZES for name in turned})
    part = summary(runs)
    if not is_seen(part):
        raise Failure("a line that two processors write to was not seen to take time:\n"
                      + "\n".join(table(part)),
                      "Have nothing else run on this machine meanwhile.")
    return part


def table(part):
    """What a person is shown."""
    yield (f"Two processors look up at once, in the same tables: medians of {part['runs']} runs, "
           "and what encloses them with 95 % confidence.")
    for (namespaces, sockets), found in cells(part, "cells"):
        yield ""
        yield f"{namespaces:,} namespaces, {sockets:,} sockets each: a hit, chosen uniformly"
        yield f"    {'':44}{'one alone, ns':>24}{'both at once, ns':>24}{'times as long':>24}"
        for name, text in CONTENDERS.items():
            yield (f"    {text:44}{shown(found[name]['alone'], '.1f'):>24}"
                   f"{shown(found[name]['both'], '.1f'):>24}"
                   f"{shown(found[name]['ratio'], '.2f'):>24}")


def picture(part):
    """How many times as long, over namespaces."""
    panels = [lines.Panel(title, [
        lines.Line(CONTENDERS[name], [lines.Point(namespaces, **found[name]["ratio"])
                                      for (namespaces, _), found in cells(part, "cells")])
        for name in names])
        for title, names in (("a hit", SIMULATED), ("a hit, with a counter too", CONTROLS))]
    return lines.svg(
        "A lookup by two processors at once, in the same tables",
        "namespaces, with 64 sockets in each",
        "times as long as by one alone (no unit; 1 is no difference)", panels, 1)


def pictures(part):
    """Name -> picture."""
    return {"at-once": picture(part)}


def replaced(part):
    """The figures that sentences have: name -> text."""
    for numbers, found in cells(part, "cells"):
        where = "x".join(map(str, numbers))
        for name, figures in found.items():
            yield f"{name} at-once {where}", shown(figures["ratio"], ".2f")
            for state in ("alone", "both"):
                yield f"{name} {state} {where} ns", shown(figures[state], ".1f")
