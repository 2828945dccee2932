# SPDX-License-Identifier: GPL-2.0
"""What huge pages gain a lookup in a large table: the designs' own sources, compiled for user
space, since user-mode Linux has no huge pages, and time means nothing where the stock kernel is
emulated.

All else is in huge pages in both cases, as what the kernel does not map is.
"""

from pathlib import Path
from statistics import median

from bench.designs import cells, key
from bench.intervals import Median, shown
from bench.user_space import SEED, built, said
from environment.failure import Failure
from environment.progress import step

NAME = "huge-pages"
MAPPED, HUGE = "global/mapped", "global/huge"
CONTENDERS = {MAPPED: "one table, mapped by pages", HUGE: "one table, mapped by huge pages"}
SIZES = ((1024, 64), (4096, 64), (16384, 64))
# Asks the C library's allocator for them too.
WITH_HUGE_PAGES = ("env", "GLIBC_TUNABLES=glibc.malloc.hugetlb=1")
ENABLED = Path("/sys/kernel/mm/transparent_hugepage/enabled")

RUNS = 12
# How many seconds a run takes.
RUN = 2


def summary(runs):
    """What is computed from the medians of each run: size -> contender -> intervals."""
    return {"unit": "nanoseconds", "runs": len(runs), "cells": {key(size): {name: {
        "time": vars(Median.of([run[size, name] for run in runs])),
        "ratio": vars(Median.of([run[size, name] / run[size, MAPPED] for run in runs])),
    } for name in CONTENDERS} for size in SIZES}}


def hit(stock, program, name, size, seed):
    """What a lookup takes, in nanoseconds: the median of some rounds."""
    text = said(stock, [*WITH_HUGE_PAGES, program, "alone", name, *map(str, (*size, seed))])
    return median(map(int, text.split())) / 1000


def measure(stock):
    """Builds, tests, measures; returns what results.json has of this part."""
    if not ENABLED.exists() or "[never]" in ENABLED.read_text(encoding="ascii"):
        raise Failure(f"programs get no huge pages here: {ENABLED}",
                      f"Write madvise to that file, or leave out the part {NAME}.")
    program = built(stock, CONTENDERS)
    names, runs = list(CONTENDERS), []
    with step(f"looking up in huge pages, {RUNS} runs, about {RUNS * RUN} s"):
        for number in range(RUNS):
            # Whoever was first comes last.
            turned = names[number % len(names):] + names[:number % len(names)]
            runs.append({(size, name): hit(stock, program, name, size, SEED + number)
                         for size in SIZES for name in turned})
    return summary(runs)


def table(part):
    """What a person is shown."""
    yield (f"One table for all, mapped in two ways: medians of {part['runs']} runs, and what "
           "encloses them with 95 % confidence.")
    for (namespaces, sockets), found in cells(part, "cells"):
        yield ""
        yield (f"{namespaces:,} namespaces, {sockets:,} sockets each, so "
               f"{kib(namespaces, sockets):,} KiB: a hit, chosen uniformly")
        yield f"    {'':44}{'ns':>24}{'times as long':>24}"
        for name, text in CONTENDERS.items():
            yield (f"    {text:44}{shown(found[name]['time'], '.1f'):>24}"
                   f"{shown(found[name]['ratio'], '.2f'):>24}")


def kib(namespaces, sockets):
    """How large the table is: it has as many heads as sockets, each of 8 bytes."""
    return namespaces * sockets * 8 >> 10


def pictures(_):
    """None: it is three figures."""
    return {}


def replaced(part):
    """The figures that sentences have: name -> text."""
    for numbers, found in cells(part, "cells"):
        where = "x".join(map(str, numbers))
        yield f"{HUGE} {where}", shown(found[HUGE]["ratio"], ".2f")
        for name in CONTENDERS:
            yield f"{name} {where} ns", shown(found[name]["time"], ",.1f")
