# SPDX-License-Identifier: GPL-2.0
"""What the packets take in time whose instructions `make bench-quick` counts: in user-mode Linux.

The same programs send the same packets, past the same contenders.
"""

import math

from bench import plot, turns
from bench.figures import (
    DEMULTIPLEXED, DEMUX, FAMILIES, LOOPBACK, NOTHING, ONE_WAY, VETH, cell,
)
from bench.intervals import difference, of_boots, ratio
from bench.reached import Goal, goal_lines
from bench.table import ROWS, SHORT

AGAIN = "again"
CONTENDERS = {**ROWS, AGAIN: "nothing, again"}
# Programs, which are interpreted where they are not compiled: as user-mode Linux does.
INTERPRETED = ("sk-lookup", "tc")
WAYS = {LOOPBACK: "over loopback", VETH: "over veth, early demultiplexing off",
        DEMUX: "over veth, early demultiplexing on"}

BOOTS, TURNS = 12, 6
# How many seconds a turn takes.
TURN = 4.5


def cells(way, kinds=ONE_WAY, families=FAMILIES):
    """The names of cells."""
    return [cell(kind, family, way) for kind in kinds for family in families]


ALL = cells(VETH) + cells(DEMUX)
# Packets a second, as a part of those without nsmux: name -> contender, which packets, at least how
# many; None: 1 has to be within the interval.
GOALS = {
    "packets a second over veth, off": ("off", ALL, None),
    "observe, the socket is found early": ("observe", cells(DEMUX, DEMULTIPLEXED), 0.99),
    **{f"observe, {flood} flood, IPv{family}": ("observe", cells(VETH, [kind], [family]), 0.97)
       for kind, flood in (("udp", "UDP"), ("syn", "SYN")) for family in FAMILIES},
    "steer, all of them": ("steer", ALL, 0.99),
    "steer, early demultiplexing off": ("steer", cells(VETH), 1.00),
}
# What nsmux adds to a received packet, by what others add: at most how much.
PEERS = {
    "direct": ("C: least lookup", 1.02),
    "slow": ("C: nf_sk_lookup_slow", 0.95),
    "fast": ("C: as observe", 1.00),
    "tc": ("BPF's helper in tc", 0.60),
}


def throughput(boots, contender, names):
    """How many packets a second there are with a contender, as a part of those with nothing: the
    geometric mean of some cells, pair by pair."""
    def of_turn(turn):
        return math.exp(sum(math.log(turn[NOTHING][name] / turn[contender][name])
                            for name in names) / len(names))

    return of_boots(boots, of_turn)


def grows(boots, contender):
    """By what part packets over veth take longer, each once, all together."""
    names = cells(VETH)
    return of_boots(boots, lambda turn: sum(turn[contender][name] for name in names)
                    / sum(turn[NOTHING][name] for name in names) - 1)


def added(turn, contender, names):
    """How many nanoseconds a contender adds to some packets, each once, in its hook at the
    receiver."""
    found = turn[f"{contender} at the receiver"]
    return sum(found[name] - turn[NOTHING][name] for name in names)


def by_peer(boots, peer):
    """What nsmux adds to received packets, by what a peer adds to the same."""
    names = cells(VETH)
    return of_boots(boots, lambda turn: added(turn, "observe", names) / added(turn, peer, names))


def summary(boots):
    """What is computed from the turns of each boot, as results.json has it."""
    found = {}
    for name in [name for way in WAYS for name in cells(way)]:
        figures = [[{contender: turn[contender][name] for contender in (NOTHING, *CONTENDERS)}
                    for turn in boot] for boot in boots]
        found[name] = {
            "time": {contender: vars(of_boots(figures, lambda turn, of=contender: turn[of]))
                     for contender in (NOTHING, *CONTENDERS)},
            "added": {contender: vars(difference(figures, contender, NOTHING))
                      for contender in CONTENDERS},
            "ratio": {contender: vars(ratio(figures, contender, NOTHING))
                      for contender in CONTENDERS},
        }
    return {"unit": "nanoseconds", "boots": len(boots), "turns": len(boots[0]), "cells": found,
            "grows": {contender: vars(grows(boots, contender)) for contender in CONTENDERS},
            "goals": {name: vars(throughput(boots, contender, names))
                      for name, (contender, names, _) in GOALS.items()},
            "peers": {peer: vars(by_peer(boots, peer)) for peer in PEERS},
            "floods": {contender: vars(throughput(boots, contender, cells(VETH, ["udp", "syn"])))
                       for contender in ("slow", "fast", "nft", *INTERPRETED, "observe")}}


def goals(part):
    """What is to be reached."""
    for name, figure in part["goals"].items():
        _, _, least = GOALS[name]
        if least is None:
            yield Goal(name, "1 within", figure, figure["low"] <= 1 <= figure["high"])
        else:
            yield Goal.at_least(least, name, figure)
    for peer, (name, most) in PEERS.items():
        yield Goal.at_most(most, f"added to a received packet, by {name}{interpreted(peer, part)}",
                           part["peers"][peer])


def interpreted(contender, part):
    """What has to be said of a contender, if it is a program that is not compiled."""
    return ", interpreted" if contender in INTERPRETED and not part.get("compiled") else ""


def measure(stock):
    """Builds, boots, measures; returns what results.json has of this part."""
    boots, last = turns.measured(stock, "packets.py", BOOTS, TURNS, TURN)
    return dict(last, **summary(boots))


def line(first, columns):
    """A row of the table."""
    return f"{first:<28}" + "".join(f"{text:>9}" for text in columns)


def table(part):
    """What a person is shown."""
    where, each = turns.where(part)
    yield (f"Time in {where} {part['kernel']}: medians of {part['boots']} {each} of "
           f"{part['turns']} turns. Times as long as with nothing in the way:")
    columns = [(kind, family) for family in FAMILIES for kind in ONE_WAY]
    for way, text in WAYS.items():
        found = [part["cells"][cell(kind, family, way)] for kind, family in columns]
        yield ""
        yield line(text if way == LOOPBACK else way.replace("early-", ""),
                   [f"IPv{family}" if kind == "udp" else "" for kind, family in columns]).rstrip()
        yield line("", [SHORT[kind] for kind, _ in columns])
        yield line("nothing in the way, ns", [f"{each['time'][NOTHING]['median']:,.0f}"
                                              for each in found])
        for contender, name in CONTENDERS.items():
            yield line(name, [f"{each['ratio'][contender]['median']:.3f}" for each in found])
        width = max((of["high"] - of["low"]) / 2 for each in found for of in each["ratio"].values())
        yield f"95 % intervals of the ratios: ± {width:.3f} at most"
    yield ""
    yield from goal_lines(goals(part))
    yield ""
    yield "UDP and SYN floods, packets a second as a part: " + ", ".join(
        f"{contender} {figure['median']:.3f}{interpreted(contender, part)}"
        for contender, figure in part["floods"].items())


def figures(part):
    """Figures by the names that texts have for them."""
    found = {}
    for name, of_cell in part["cells"].items():
        kind, family, way, demux = name.split()
        short = f"{kind} {family} {'demux' if demux.endswith('-on') else way}"
        found[f"{short} ns"] = f"{of_cell['time'][NOTHING]['median']:,.0f}"
        found |= {f"{contender} {short}": f"{figure['median']:.3f}"
                  for contender, figure in of_cell["ratio"].items()}
    for key in ("goals", "peers", "floods"):
        found |= {f"{key} {name}": f"{figure['median']:.3f}"
                  for name, figure in part[key].items()}
    return found


def picture(part):
    """The ratios over veth and IPv4, drawn; over IPv6 they are alike."""
    def panel(kind, what):
        found = part["cells"][cell(kind, 4, VETH)]
        return (f"{what}: {found['time'][NOTHING]['median']:,.0f} ns with nothing in "
                "the way", [plot.Row(
                    CONTENDERS[name] + interpreted(name, part),
                    **found["ratio"][name], filled=name not in INTERPRETED)
                    for name in CONTENDERS])

    where, each = turns.where(part)
    return plot.svg(
        f"What a packet over veth takes, IPv4: medians of {part['boots']} {each} of {where}, "
        "95 % intervals",
        "time with the contender / time with nothing in the way (no unit; 1 is no difference)",
        [panel("udp", "a datagram"), panel("syn", "a SYN to a listener whose queue is full"),
         panel("ack", "an acknowledgement to a connection")])
