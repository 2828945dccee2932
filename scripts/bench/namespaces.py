# SPDX-License-Identifier: GPL-2.0
"""What many namespaces cost: to make them, to ask about all of them, to be one of them beside the
others, or beside one with many sockets. In user-mode Linux."""

from operator import itemgetter
from statistics import mean

from bench import plot, turns
from bench.intervals import of_boots, shown
from bench.reached import Goal, goal_lines

MAKING = {"off": "nsmux off", "observe": "nsmux observe", "again": "not loaded, again"}
BY_PROGRAM = ", ip netns"
# Packets beside many namespaces: in which modes, and what that compares.
MODES = {"off": "mode off", "observe": "mode observe"}
TABLES = {"shared": "in the shared table", "own": "tables of its own"}

BOOTS, TURNS = 6, 1
# How many seconds a turn takes. With more memory, modules would be too far from the kernel for its
# loader to let them call it; the table is as full as that of a server with a million sockets.
TURN, MEGABYTES, WORDS = 60, 1920, ("uhash_entries=16384",)


def made(turn, name, suffix=""):
    """How many times as long making a namespace takes."""
    return turn["making"][name + suffix] / turn["making"]["not-loaded" + suffix]


def among(turn, mode, cell):
    """How many times as long a packet takes beside many namespaces."""
    found = turn["namespaces"]
    alone = mean(found[f"{state}, {mode}"][cell] for state in ("before", "after"))
    return found[f"among, {mode}"][cell] / alone


def beside(turn, tables, cell):
    """How many times as long a packet takes beside a neighbour with many sockets."""
    found = turn["neighbour"]
    return found[f"neighbour, {tables}"][cell] / found[f"alone, {tables}"][cell]


def summary(boots):
    """What is computed from the turns of each boot, as results.json has it."""
    cells = list(boots[0][0]["namespaces"]["before, off"])

    def of(figure, *arguments):
        return vars(of_boots(boots, lambda turn: figure(turn, *arguments)))

    return {
        "boots": len(boots),
        "make": {"time": {suffix: vars(of_boots(
            boots, lambda turn, of=suffix: turn["making"]["not-loaded" + of]))
            for suffix in ("", BY_PROGRAM)},
            "ratio": {name + suffix: of(made, name, suffix)
                      for suffix in ("", BY_PROGRAM) for name in MAKING}},
        "ask": {"nsmux": vars(of_boots(boots, lambda turn: turn["asking"]["nsmux"])),
                "ss": vars(of_boots(boots, lambda turn: turn["asking"]["ss"])),
                "ratio": vars(of_boots(
                    boots, lambda turn: turn["asking"]["ss"] / turn["asking"]["nsmux"]))},
        "among": {mode: {cell: of(among, mode, cell) for cell in cells} for mode in MODES},
        "beside": {tables: {cell: of(beside, tables, cell) for cell in cells} for tables in TABLES},
    }


def measure(stock):
    """Builds, boots, measures; returns what results.json has of this part."""
    boots, last = turns.measured(stock, "namespaces.py", BOOTS, TURNS, TURN,
                                 megabytes=MEGABYTES, words=WORDS)
    return dict(last, **summary(boots))


def goals(part):
    """What is to be reached."""
    def worst(figures):
        return max(figures.values(), key=itemgetter("median"))

    ask = part["ask"]
    yield Goal.at_most(1.05, f"a lookup among {part['namespaces']:,} namespaces / alone",
                       worst(part["among"]["observe"]))
    yield Goal.at_most(1.05, f"own tables, a neighbour with {part['sockets']:,} sockets / none",
                       worst(part["beside"]["own"]))
    yield Goal.at_most(2, f"one tuple in {part['asked']:,} namespaces, in ms",
                       {name: value / 1e6 for name, value in ask["nsmux"].items()})
    yield Goal.at_least(100, "ss -N in each of them / that", ask["ratio"])
    yield Goal.at_most(1.05, "ip netns add and del, loaded / not loaded",
                       part["make"]["ratio"]["off" + BY_PROGRAM])
    yield Goal.at_most(1.05, "the same by system calls alone", part["make"]["ratio"]["off"])


def table(part):
    """What a person is shown."""
    yield (f"Namespaces in user-mode Linux {part['kernel']}: medians of {part['boots']} boots, and "
           "what encloses them with 95 % confidence.")
    for suffix, text in (("", "by system calls"), (BY_PROGRAM, "by ip netns")):
        times = {name: value / 1000 for name, value in part["make"]["time"][suffix].items()}
        yield ""
        yield f"making and ending a namespace {text}: {shown(times, ',.0f')} µs"
        for name, what in MAKING.items():
            yield f"    {what:34}{shown(part['make']['ratio'][name + suffix], '.3f'):>26}"
    for key, names, text in (
            ("among", MODES, f"packets over veth beside {part['namespaces']:,} namespaces / alone"),
            ("beside", TABLES, f"packets over veth beside a neighbour with {part['sockets']:,} UDP "
                               "sockets / without, in observe")):
        yield ""
        yield text
        for name, what in names.items():
            for cell, figure in part[key][name].items():
                label = f"{what}, {' '.join(cell.split()[:2])}"
                yield f"    {label:40}{shown(figure, '.3f'):>26}"
    yield ""
    yield from goal_lines(goals(part))


def figures(part):
    """Figures by the names that texts have for them."""
    ask = part["ask"]
    found = {"ask ms": f"{ask['nsmux']['median'] / 1e6:.2f}",
             "ss s": f"{ask['ss']['median'] / 1e9:.1f}",
             "ss": f"{ask['ratio']['median']:,.0f}"}
    for suffix, by in (("", "calls"), (BY_PROGRAM, "program")):
        found[f"make {by} us"] = f"{part['make']['time'][suffix]['median'] / 1000:,.0f}"
        found |= {f"make {by} {name}": f"{part['make']['ratio'][name + suffix]['median']:.3f}"
                  for name in MAKING}
    for key in ("among", "beside"):
        found |= {f"{key} {name} {' '.join(cell.split()[:2])}": f"{figure['median']:.3f}"
                  for name, cells in part[key].items() for cell, figure in cells.items()}
    return found


def picture(part):
    """The ratios, drawn."""
    panels = [(f"packets over veth beside {part['namespaces']:,} namespaces / alone",
               [plot.Row(f"{what}, {' '.join(cell.split()[:2])}", **figure)
                for mode, what in MODES.items()
                for cell, figure in part["among"][mode].items()]),
              (f"the same beside a neighbour with {part['sockets']:,} UDP sockets / without",
               [plot.Row(f"{what}, {' '.join(cell.split()[:2])}", **figure, filled=name == "own")
                for name, what in TABLES.items()
                for cell, figure in part["beside"][name].items()]),
              ("making and ending a namespace / the same, nsmux not loaded",
               [plot.Row(what + suffix, **part["make"]["ratio"][name + suffix])
                for suffix in ("", BY_PROGRAM) for name, what in MAKING.items()])]
    return plot.svg(
        f"What many namespaces cost: medians of {part['boots']} boots of user-mode Linux, 95 % "
        "intervals", "ratio of times (no unit; 1 is no difference)", panels)
