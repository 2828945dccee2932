# SPDX-License-Identifier: GPL-2.0
"""What packets take in instructions, and beside that in time: QEMU and user-mode Linux.

The stock kernel in QEMU counts instructions, user-mode Linux is timed; the same programs send the
same packets past the same contenders.
"""

from bench import counting, plot
from bench.figures import DEMUX, FAMILIES, LOOPBACK, NOTHING, ONE_WAY, VETH, WAYS, cell
from bench.table import ROWS, SHORT, number

# The part whose packets these are.
BESIDE = ("packets",)

TITLES = {LOOPBACK: "over loopback", VETH: "over veth", DEMUX: "veth, found early"}
# What adds fewer to all packets over veth together has no time for each that means anything.
LEAST = 100
# Programs are compiled where instructions are counted, and interpreted where time is taken.
NOT_THE_SAME = ("sk-lookup", "tc")


def measure(stock):
    """Builds, boots, counts; returns what results.json has of this part."""
    figures = counting.counted(stock)
    cells = {cell(kind, family, way): {
        NOTHING: round(figures.path(NOTHING, kind, family, way), 2),
        "added": {contender: round(figures.cost(contender, kind, family, way), 2)
                  for contender in ROWS},
    } for way in WAYS for kind in ONE_WAY for family in FAMILIES}
    return {"unit": "instructions", "kernel": stock.choice["release"], "cells": cells}


def line(first, pairs):
    """A row of the table: instructions and, where they are known, nanoseconds."""
    return (f"{first:<27}" + "".join(f"{instructions:>8}{time:>8}"
                                     for instructions, time in pairs)).rstrip()


def table(part, packets=None):
    """What a person is shown; `packets` is the part with the time of the same packets."""
    yield f"Instructions of packets in QEMU, Linux {part['kernel']}" + (
        f", and nanoseconds in user-mode Linux {packets['kernel']}, medians of {packets['boots']} "
        "boots." if packets else ".")
    yield "What is in the way adds so many."

    def time(name, contender):
        if not packets:
            return ""
        of = packets["cells"][name]
        if contender == NOTHING:
            return f"{of['time'][NOTHING]['median']:,.0f}"
        return f"{of['added'][contender]['median']:+.1f}"

    for way, title in TITLES.items():
        for family in FAMILIES:
            names = [cell(kind, family, way) for kind in ONE_WAY]
            yield ""
            yield line(f"{title}, IPv{family}", [(SHORT[kind], "") for kind in ONE_WAY])
            yield line("", [("instr.", "ns" if packets else "")] * len(names))
            yield line("nothing in the way", [
                (number(part["cells"][name][NOTHING], signed=False), time(name, NOTHING))
                for name in names])
            for contender, text in ROWS.items():
                yield line(text, [(number(part["cells"][name]["added"][contender]),
                                   time(name, contender)) for name in names])


def goals(_):
    """None: make bench-quick has those."""
    return ()


def over_veth(part):
    """All packets over veth together, in instructions: with nothing in the way, and what contenders
    add that add enough."""
    cells = [part["cells"][cell(kind, family, VETH)] for kind in ONE_WAY for family in FAMILIES]
    added = {contender: sum(of["added"][contender] for of in cells)
             for contender in ROWS if contender not in NOT_THE_SAME}
    return (sum(of[NOTHING] for of in cells),
            {contender: count for contender, count in added.items() if count >= LEAST})


def each(part, packets):
    """Contender -> how many times as long an instruction takes that it adds as one of the path
    itself takes."""
    path, added = over_veth(part)
    return {contender: {name: value * path / count
                        for name, value in packets["grows"][contender].items()}
            for contender, count in added.items()}


def figures(part, packets=None):
    """Figures by the names that texts have for them: nanoseconds for an instruction over veth."""
    if not packets:
        return {}
    path, _ = over_veth(part)
    of_path = sum(packets["cells"][cell(kind, family, VETH)]["time"][NOTHING]["median"]
                  for kind in ONE_WAY for family in FAMILIES) / path
    found = {f"ns {NOTHING}": f"{of_path:.3f}"}
    for contender, figure in each(part, packets).items():
        found[f"ns {contender}"] = f"{of_path * figure['median']:.3f}"
        found[contender] = f"{figure['median']:.2f}"
    return found


def picture(part, packets=None):
    """How many times as long an added instruction takes; there is none without the time."""
    if not packets:
        return None
    return plot.svg(
        f"What an added instruction takes, packets over veth: medians of {packets['boots']} boots "
        "of user-mode Linux, 95 % intervals",
        "nanoseconds of an instruction that is added / of one of the path itself (no unit; 1 is no "
        "difference)",
        [("all kinds of packets and both families together", [
            plot.Row(ROWS[contender], **figure, filled=contender in ("observe", "verify", "steer"))
            for contender, figure in each(part, packets).items()])])
