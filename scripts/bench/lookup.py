# SPDX-License-Identifier: GPL-2.0
"""What a lookup takes alone, by nsmux and by others: in user-mode Linux."""

import math
from statistics import mean

from bench import lookup_build, plot, turns
from bench.figures import FAMILIES
from bench.intervals import of_boots, ratio
from bench.reached import Goal, goal_lines

# What is looked up, as tests/bench/lookup_sockets.py has it.
KINDS = {
    "established": "a connection",
    "time-wait": "a connection in TIME_WAIT",
    "listener": "a listener",
    "tcp-miss": "nobody, TCP",
    "udp-connected": "a connected UDP socket",
    "udp": "an unconnected UDP socket",
    "udp-miss": "nobody, UDP",
}
SHORT = {"established": "established", "time-wait": "time-wait", "listener": "listener",
         "tcp-miss": "tcp miss", "udp-connected": "udp-con", "udp": "udp", "udp-miss": "udp miss"}
CELLS = [f"{kind} ipv{family}" for family in FAMILIES for kind in KINDS]

DIRECT, BY_DEVICE, NSMUX = "direct", "by-device", "nsmux"
# Lookups of the same packet that do not wait for each other: as a program is run.
DIRECT_REPEATED, NSMUX_REPEATED, BPF = "direct-repeated", "nsmux-repeated", "bpf"
DIRECT_ONE = "direct-one"
MANY, ONE = "many", "one"
# Contender -> what the guest calls it, where its sockets are, and what a person is told.
CONTENDERS = {
    DIRECT: (DIRECT, MANY, "the kernel's functions"),
    "again": ("direct again", MANY, "the same, again"),
    BY_DEVICE: ("by device", MANY, "the same, by the device's namespace"),
    NSMUX: (NSMUX, MANY, "nsmux, both levels"),
    "sk-lookup": ("sk-lookup", MANY, "with BPF: sk_lookup, interpreted"),
    DIRECT_REPEATED: ("direct repeated", MANY, "the kernel's functions"),
    NSMUX_REPEATED: ("nsmux repeated", MANY, "nsmux, both levels"),
    BPF: (BPF, MANY, "BPF's helpers, interpreted"),
    DIRECT_ONE: (DIRECT, ONE, "the kernel's functions"),
    "nsmux-one": (NSMUX, ONE, "nsmux, both levels"),
    "noop-one": ("noop", ONE, "nsmux, first level compiled out"),
}
# What some are compared with, and how they were taken.
GROUPS = {
    DIRECT: ("in {namespaces} namespaces", ("again", BY_DEVICE, NSMUX, "sk-lookup")),
    DIRECT_REPEATED: ("the same, overlapping", (NSMUX_REPEATED, BPF)),
    DIRECT_ONE: ("in the initial namespace", ("nsmux-one", "noop-one")),
}
# As a picture has room for them.
DRAWN = {
    "again": "the kernel's functions, again",
    BY_DEVICE: "the same, by the device's namespace",
    NSMUX: "nsmux",
    "sk-lookup": "with BPF: sk_lookup, interpreted",
    NSMUX_REPEATED: "nsmux, overlapping",
    BPF: "BPF's helpers, overlapping, interpreted",
    "nsmux-one": "nsmux, initial namespace",
    "noop-one": "no first level, initial namespace",
}
COMPARED = {name: base for base, (_, names) in GROUPS.items() for name in names}

BOOTS, TURNS = 12, 8
# How many seconds a turn takes.
TURN = 0.75


def of_cell(turn, cell):
    """The times of all contenders in one cell of a turn, in nanoseconds."""
    return {name: turn[told][f"{cell} {place}"] / 1000
            for name, (told, place, _) in CONTENDERS.items()}


def positive(boots):
    """Without the turns that have no time of BPF's helpers: a program with their calls did not take
    longer than without them."""
    found = [[turn for turn in boot if all(of_cell(turn, cell)[BPF] > 0 for cell in CELLS)]
             for boot in boots]
    return [boot for boot in found if boot]


def number(boots):
    """How many turns there are."""
    return sum(map(len, boots))


def together(boots, of, to):
    """How many times as long one takes as the other: the geometric mean of all cells, pair by
    pair."""
    def of_turn(turn):
        found = [of_cell(turn, cell) for cell in CELLS]
        return math.exp(mean(math.log(times[of] / times[to]) for times in found))

    return vars(of_boots(boots, of_turn))


def more(boots, of, to):
    """How many nanoseconds longer: the mean of all cells, pair by pair."""
    def of_turn(turn):
        return mean(times[of] - times[to] for times in (of_cell(turn, cell) for cell in CELLS))

    return vars(of_boots(boots, of_turn))


def summary(boots):
    """What is computed from the turns of each boot, as results.json has it."""
    cells = {}
    for cell in CELLS:
        found = [[of_cell(turn, cell) for turn in boot] for boot in boots]
        cells[cell] = {
            "time": {name: vars(of_boots(found, lambda times, of=name: times[of]))
                     for name in CONTENDERS},
            "ratio": {name: vars(ratio(found, name, base)) for name, base in COMPARED.items()},
        }
    having = positive(boots)
    return {"unit": "nanoseconds", "boots": len(boots), "turns": len(boots[0]), "cells": cells,
            "together": {name: together(having if name == BPF else boots, name, base)
                         for name, base in COMPARED.items()},
            "more": {name: more(boots, name, base) for name, base in COMPARED.items()},
            "by-stack": together(boots, NSMUX, BY_DEVICE),
            "by-helper": together(having, NSMUX_REPEATED, BPF),
            "left-out": number(boots) - number(having)}


def measure(stock):
    """Builds, boots, measures; returns what results.json has of this part."""
    boots, last = turns.measured(stock, "lookup.py", BOOTS, TURNS, TURN, build=lookup_build.build)
    return dict(last, **summary(boots))


def goals(part):
    """What is to be reached."""
    yield Goal.at_most(1.02, "a lookup by nsmux / by the kernel's functions alone",
                       part["together"][NSMUX])
    yield Goal.at_most(0.6, "a lookup by nsmux / by BPF's helpers, interpreted",
                       part["by-helper"])


def line(first, columns):
    """A row of the table."""
    return f"{first:<37}" + "".join(f"{text:>12}" for text in columns)


def table(part):
    """What a person is shown."""
    yield (f"Lookups alone in user-mode Linux {part['kernel']}: medians of {part['boots']} boots "
           f"of {part['turns']} turns, {part['sockets']} sockets of each kind. Times as long:")
    for family in FAMILIES:
        found = [part["cells"][f"{kind} ipv{family}"] for kind in KINDS]
        for base, (text, names) in GROUPS.items():
            yield ""
            yield line(f"IPv{family}, {text.format(**part)}", SHORT.values())
            yield line(f"{CONTENDERS[base][2]}, ns",
                       [f"{each['time'][base]['median']:.1f}" for each in found])
            for name in names:
                yield line(CONTENDERS[name][2],
                           [f"{each['ratio'][name]['median']:.3f}" for each in found])
    width = max((of["high"] - of["low"]) / 2 for each in part["cells"].values()
                for name, of in each["ratio"].items() if name != BPF)
    yield ""
    yield f"95 % intervals of the ratios, but of BPF's helpers: ± {width:.3f} at most"
    yield (f"left out of BPF's helpers, all kinds together: {part['left-out']} of "
           f"{part['boots'] * part['turns']} turns, in which a program took no longer with the "
           "calls")
    yield ""
    yield from goal_lines(goals(part))


def figures(part):
    """Figures by the names that texts have for them."""
    ratios = [of["ratio"][NSMUX]["median"] for of in part["cells"].values()]
    found = {"by stack": f"{part['by-stack']['median']:.3f}",
             "by helper": f"{part['by-helper']['median']:.3f}",
             "left out": str(part["left-out"]),
             "nsmux least": f"{min(ratios):.3f}", "nsmux most": f"{max(ratios):.3f}"}
    found |= {name: f"{figure['median']:.3f}" for name, figure in part["together"].items()}
    found |= {f"{name} more ns": f"{figure['median']:.1f}"
              for name, figure in part["more"].items()}
    for cell, of in part["cells"].items():
        found |= {f"{name} {cell} ns": f"{figure['median']:.1f}"
                  for name, figure in of["time"].items()}
        found |= {f"{name} {cell}": f"{figure['median']:.3f}"
                  for name, figure in of["ratio"].items()}
    return found


def picture(part):
    """All contenders over all kinds, and nsmux for each kind."""
    def of_kinds(family):
        return [plot.Row(f"{text}: {found['time'][DIRECT]['median']:.1f} ns",
                         **found["ratio"][NSMUX])
                for kind, text in KINDS.items()
                for found in [part["cells"][f"{kind} ipv{family}"]]]

    return plot.svg(
        f"What a lookup takes alone: medians of {part['boots']} boots of user-mode Linux, "
        "95 % intervals",
        "time of the lookup / time of the kernel's functions where the namespace is known (no "
        "unit; 1 is no difference)",
        [("all kinds and both families together",
          [plot.Row(text, **part["together"][name], filled=NSMUX in name)
           for name, text in DRAWN.items()]),
         *((f"nsmux, both levels, IPv{family}; beside, what the kernel's functions take",
            of_kinds(family)) for family in FAMILIES)])
