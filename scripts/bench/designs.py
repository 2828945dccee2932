# SPDX-License-Identifier: GPL-2.0
"""What the designs of the discussion of 2006 take, in time and memory: in user-mode Linux.

In each boot, each cell (so many namespaces, with so many sockets each) has all designs in turns,
and each is made anew. They are compared within a cell of a boot: what the machine does meanwhile
meets all of them alike, or one of its figures, which the median passes over.
"""

import json
import shutil

from bench.guest import BUILD, SOURCE
from bench.intervals import LEAST, Median, shown
from environment import uml_kernel
from environment.failure import Failure
from environment.progress import step
from kernel_module import designs
from machine import uml

FOLDER = BUILD / "designs"

BASE = "pointer/chain"
# First level, second level: with what a person is told. All of rust/bench/known.rs.
DESIGNS = {
    BASE: "pointer, then the kernel's chains",
    "noop/chain": "no first level, one namespace",
    "hash/chain": "hash of 256 buckets, then chains",
    "stash/chain": "stash in the process, then chains",
    "global/chain": "one table, namespace as a key",
    "pointer/large": "pointer, then a mapped table",
    "pointer/pages": "pointer, then single pages",
    "pointer/rhashtable": "pointer, then rhashtable",
    "pointer/xarray": "pointer, then XArray",
    "pointer/rbtree": "pointer, then a red-black tree",
    "pointer/trie": "pointer, then a trie",
    "global/rhashtable": "one rhashtable, namespace as a key",
    "global/trie": "one trie, namespace as a key",
}
NAMES_BASE = "mux"
NAMES = {
    NAMES_BASE: "a table for each context",
    "keyed": "one table, context as a key",
    "filter": "one table, filtered by addresses",
}

NAMESPACES = (1, 16, 256, 1024, 4096, 16384)
SOCKETS = (1, 64, 1024, 16384)
ADDRESSES = (1, 4, 64)
CROWDS = (0, 1024, 16384, 65472)
# Where some of the operations are changes, and where caches are cold: fewer of both, since each
# takes long.
MIXED_SIZES = ((16, 1024), (1024, 64))
COLD_SIZES = ((1, 64), (16, 64), (1024, 64))
# As rust/bench/mixed.rs has them.
PERCENT = ("0", "1", "10")
ALONE = "0 %"
# More do not fit, or take too long to be put in.
ALL_SOCKETS = 1 << 20
MOST = {
    "noop/chain": {"namespaces": 1},
    "pointer/xarray": {"sockets": 1 << 16},
    **{design: {"sockets": 1 << 18}
       for design in ("pointer/rhashtable", "pointer/rbtree", "pointer/trie",
                      "global/rhashtable", "global/trie")},
}
# To bind takes too long for more addresses than these, which are compared each with each.
ALL_PAIRS = 1 << 22

CELLS = [["measure", namespaces, sockets] for namespaces in NAMESPACES for sockets in SOCKETS
         if namespaces * sockets <= ALL_SOCKETS]
CELLS += [["bind", contexts, addresses] for contexts in NAMESPACES for addresses in ADDRESSES
          if contexts * addresses ** 2 <= ALL_PAIRS]
CELLS += [["beside", crowd] for crowd in CROWDS]
CELLS += [["mixed", *size] for size in MIXED_SIZES] + [["cold", *size] for size in COLD_SIZES]
BESIDE = (BASE, "global/chain")
# Every second level; where caches are cold, what finds the namespace counts too.
MIXED = (BASE, "global/chain", "pointer/large", "pointer/pages", "pointer/rhashtable",
         "pointer/xarray", "pointer/rbtree", "pointer/trie")
COLD = ("hash/chain", *MIXED)
# Question -> who is asked.
ASKED = {"measure": tuple(DESIGNS), "bind": tuple(NAMES), "beside": BESIDE, "mixed": MIXED,
         "cold": COLD}
# Question -> what the others are compared with.
BASES = {"measure": BASE, "bind": NAMES_BASE, "beside": BASE, "mixed": BASE, "cold": BASE}

BOOTS = 8
# How many seconds a boot takes; a busy machine is given some times as long.
BOOT = 60
# With twice as much, user-mode Linux hangs.
MEGABYTES = 1024


def prepared(environment):
    """The folder that the guest is given."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in (designs.build(environment), SOURCE / "process_one.py", SOURCE / "designs.py"):
        shutil.copy2(path, FOLDER)
    plan = {"cells": CELLS, "most": MOST, **ASKED}
    (FOLDER / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    return FOLDER


def key(cell):
    """The name of a cell in results.json."""
    return " ".join(map(str, cell))


def told(lines):
    """What one boot tells: question -> cell -> design -> figures; and what it says last."""
    found = [json.loads(line) for line in lines if line.startswith('{"')]
    if not found or "kernel" not in found[-1]:
        raise Failure("user-mode Linux did not come to the end:\n" + uml.shown(lines))
    figures = {question: {} for question in BASES}
    for line in found[:-1]:
        cells = figures[line["question"]].setdefault(key(line["cell"]), {})
        cells[line["design"]] = line["figures"]
    return figures, found[-1]


def over(boots, figure):
    """The median over all boots of what is computed from each, as results.json has it."""
    return vars(Median.of([figure(boot) for boot in boots]))


def summary(boots):
    """What is computed from the boots: question -> cell -> design -> kind -> intervals."""
    if len(boots) < LEAST:
        raise Failure(f"{len(boots)} boots are too few: it takes {LEAST}")
    return {question: {cell: cell_summary([boot[question][cell] for boot in boots], base)
                       for cell in boots[0][question]}
            for question, base in BASES.items()}


def cell_summary(boots, base):
    """One cell: the times in nanoseconds, the ratios to the base, and the bytes."""
    found = {}
    for design, figures in boots[0].items():
        kinds = [kind for kind in figures if kind != "bytes"]
        found[design] = {
            "time": {kind: over(boots, lambda boot, kind=kind: boot[design][kind] / 1000)
                     for kind in kinds},
            "ratio": {kind: over(boots, lambda boot, kind=kind:
                                 boot[design][kind] / max(boot[base][kind], 1))
                      for kind in kinds},
        }
        if "bytes" in figures:
            found[design]["bytes"] = figures["bytes"]
        if ALONE in figures:
            found[design]["growth"] = {
                kind: over(boots, lambda boot, kind=kind:
                           boot[design][kind] / max(boot[design][ALONE], 1)) for kind in kinds}
    return found


def measure(stock):
    """Builds, boots, tests, measures; returns what results.json has of this part."""
    environment = uml_kernel.UmlEnvironment(stock).ready()
    with step("building the designs for user-mode Linux, about 20 s if they have changed"):
        folder = prepared(environment)
    boots = []
    with step(f"testing and measuring in {BOOTS} boots, about {BOOTS * BOOT} s"):
        for number in range(BOOTS):
            figures, last = told(uml.run(environment, folder / "designs.py", [folder, number + 1],
                                         lambda line: None, 20 * BOOT,
                                         megabytes=MEGABYTES))
            boots.append(figures)
    return dict(last, unit="nanoseconds", boots=len(boots), bases=BASES, **summary(boots))


def cells(part, question):
    """The cells of a question, with their two numbers."""
    for name, found in part[question].items():
        yield tuple(map(int, name.split())), found


def table(part):
    """What a person is shown."""
    yield (f"Designs in user-mode Linux {part['kernel']}: medians of {part['boots']} boots, and "
           "what encloses them with 95 % confidence.")
    yield "All have passed the randomised test, with another seed in each boot."
    for (namespaces, sockets), found in cells(part, "measure"):
        yield ""
        yield f"{namespaces:,} namespaces, {sockets:,} sockets each: a hit, chosen uniformly"
        yield (f"    {'':36}{'ns':>24}{'times as long':>24}{'a miss':>9}{'a change':>10}"
               f"{'bytes':>14}")
        for design, text in DESIGNS.items():
            if design in found:
                time, ratio = found[design]["time"], found[design]["ratio"]
                yield (f"    {text:36}{shown(time['hit uniform'], '.1f'):>24}"
                       f"{shown(ratio['hit uniform'], '.2f'):>24}"
                       f"{time['miss uniform']['median']:>9.1f}{time['change']['median']:>10.1f}"
                       f"{found[design]['bytes']:>14,}")
    for (contexts, addresses), found in cells(part, "bind"):
        yield ""
        yield f"{contexts:,} contexts, {addresses} addresses each: bind and accept, in ns"
        for design, text in NAMES.items():
            time = found[design]["time"]
            yield (f"    {text:36}{shown(time['bind'], ',.1f'):>34}"
                   f"{shown(time['accept'], ',.1f'):>34}")
    for (crowd,), found in cells(part, "beside"):
        yield ""
        yield f"16 namespaces with 64 sockets, and {crowd:,} more in one of them: a hit in another"
        for design in BESIDE:
            yield f"    {DESIGNS[design]:36}{shown(found[design]['time']['hit'], ',.1f'):>34}"
    for (namespaces, sockets), found in cells(part, "mixed"):
        yield ""
        yield (f"{namespaces:,} namespaces, {sockets:,} sockets each: an operation, in ns, if so "
               "many are changes")
        yield (f"    {'':36}" + "".join(f"{percent + ' %':>34}" for percent in PERCENT)
               + f"{'10 % / 0 %':>24}")
        for design in MIXED:
            time, growth = found[design]["time"], found[design]["growth"]
            yield f"    {DESIGNS[design]:36}" + "".join(
                f"{shown(time[f'{percent} %'], ',.1f'):>34}" for percent in PERCENT
            ) + f"{shown(growth['10 %'], '.2f'):>24}"
    for (namespaces, sockets), found in cells(part, "cold"):
        yield ""
        yield f"{namespaces:,} namespaces, {sockets:,} sockets each: a hit, in ns"
        yield f"    {'':36}{'caches hot':>24}{'caches cold':>34}"
        for design in COLD:
            time = found[design]["time"]
            yield (f"    {DESIGNS[design]:36}{shown(time['hot'], ',.1f'):>24}"
                   f"{shown(time['cold'], ',.1f'):>34}")
