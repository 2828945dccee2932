# SPDX-License-Identifier: GPL-2.0
"""What a packet over loopback takes, in time, with nsmux and without: in user-mode Linux.

Contenders are measured in turns, and compared within a turn: what the machine does meanwhile meets
all of a turn alike, or one of its figures, which the median passes over. Where code and data lie
makes a difference too, and is another in each boot: so there are several.
"""

import json
import re
from operator import itemgetter
from statistics import median

from bench import plot, uml_build
from bench.intervals import LEAST, difference, of_boots, ratio
from environment import uml_kernel
from environment.failure import Failure
from environment.progress import step
from machine import uml

CALL, BASE, AGAIN = "call", "not-loaded", "not-loaded-again"
# Kinds of packets, as tests/bench/native.py has them, with what they are.
KINDS = {
    "udp ipv4": "a datagram over IPv4",
    "udp ipv6": "a datagram over IPv6",
    "tcp ipv4": "a byte of a connection over IPv4",
    "tcp ipv6": "a byte of a connection over IPv6",
}
# How many system calls each takes, since many go with one.
CALLS = {"udp": 2 / 64, "tcp": 2 / 8}
MODES = ("observe", "verify", "steer")
# The same module, but for how it counts: see bench/uml_build.py.
COUNTED_BY_INSTRUCTION = "-inc"
# Contenders, with what a person is told.
CONTENDERS = {
    AGAIN: "not loaded, again",
    "empty-hooks": "empty hooks, both ways",
    "c-as-observe": "C: as observe",
    "off": "nsmux off",
    **{mode: f"nsmux {mode}" for mode in MODES},
    **{mode + COUNTED_BY_INSTRUCTION: f"nsmux {mode}, counting with inc" for mode in MODES},
}

BOOTS, TURNS = 12, 20
# How many seconds a boot and a turn take; a busy machine is given twenty times as long.
BOOT, TURN = 2, 0.3


def told(lines):
    """The turns that the guest tells of, and what it says last."""
    found = [json.loads(line) for line in lines if line.startswith('{"')]
    if not found or "kernel" not in found[-1]:
        raise Failure("user-mode Linux did not come to the end:\n" + uml.shown(lines))
    return [line["figures"] for line in found[:-1]], found[-1]


def summary(boots):
    """What is computed from the turns of each boot, as results.json has it."""
    if len(boots) < LEAST:
        raise Failure(f"{len(boots)} boots are too few: it takes {LEAST}")
    kinds = {}
    for kind in KINDS:
        figures = [[{name: found[kind] for name, found in turn.items()} for turn in turns]
                   for turns in boots]
        kinds[kind] = {
            "time": {name: vars(of_boots(figures, itemgetter(name)))
                     for name in (BASE, *CONTENDERS)},
            "added": {name: vars(difference(figures, name, BASE)) for name in CONTENDERS},
            "ratio": {name: vars(ratio(figures, name, BASE)) for name in CONTENDERS},
            "meter": {mode: meter(figures, mode) for mode in MODES},
        }
    calls = of_boots(boots, lambda turn: median(found[CALL] for found in turn.values()))
    return {"unit": "nanoseconds", "boots": len(boots), "turns": len(boots[0]),
            "call": vars(calls), "kinds": kinds}


def meter(figures, mode):
    """What counting takes beyond one instruction for each count, and its part of what the mode
    adds."""
    counting = difference(figures, mode, mode + COUNTED_BY_INSTRUCTION)
    added = difference(figures, mode, BASE).median
    return dict(vars(counting), part=counting.median / added if added > 0 else None)


def measure(stock):
    """Builds, boots, measures; returns what results.json has of this part."""
    environment = uml_kernel.UmlEnvironment(stock).ready()
    with step("building nsmux for user-mode Linux, about 60 s if it has changed"):
        folder = uml_build.build(environment)
    seconds, boots = BOOT + TURNS * TURN, []
    with step(f"measuring in {BOOTS} boots, about {BOOTS * seconds:.0f} s"):
        for _ in range(BOOTS):
            turns, last = told(uml.run(environment, folder / "native.py", [folder, TURNS],
                                       lambda line: None, 20 * seconds))
            boots.append(turns)
    return dict(last, **summary(boots))


def table(part):
    """What a person is shown."""
    call = part["call"]
    yield (f"Time in user-mode Linux {part['kernel']}: medians of {part['boots']} boots of "
           f"{part['turns']} turns, and what encloses them with 95 % confidence.")
    yield (f"An empty system call takes {call['median']:,.0f} ns there ({call['low']:,.0f} … "
           f"{call['high']:,.0f}).")
    for kind, what in KINDS.items():
        found = part["kinds"][kind]
        calls = CALLS[kind.split()[0]] * call["median"]
        yield ""
        yield (f"{what}: {interval(found['time'][BASE], ',.0f')} ns without nsmux, of which system "
               f"calls are {calls:,.0f} ns")
        yield f"    {'':34}{'takes more, in ns':>20}{'times as long':>26}"
        for name, text in CONTENDERS.items():
            yield (f"    {text:34}{interval(found['added'][name], '+,.0f'):>20}"
                   f"{interval(found['ratio'][name], '.3f'):>26}")
        for mode in MODES:
            counting = found["meter"][mode]
            share = counting["part"]
            part_of = "" if share is None else f", {100 * share:.0f} % of that"
            yield (f"    of what {mode} adds, counting is {interval(counting, ',.0f')} ns"
                   f"{part_of}")


def interval(figure, form):
    """A median with what encloses it. What is shown as nothing has no sign."""
    middle, low, high = (re.sub("^[-+]0$", "0", format(figure[name], form))
                         for name in ("median", "low", "high"))
    return f"{middle} ({low} … {high})"


def picture(part):
    """The ratios, drawn."""
    panels = [(f"{what}: {part['kinds'][kind]['time'][BASE]['median']:,.0f} ns without nsmux",
               [plot.Row(text, **part["kinds"][kind]["ratio"][name],
                         filled=not name.endswith(COUNTED_BY_INSTRUCTION))
                for name, text in CONTENDERS.items()])
              for kind, what in KINDS.items()]
    return plot.svg(
        f"What a packet over loopback takes with nsmux: medians of {part['boots']} boots of "
        "user-mode Linux, 95 % intervals",
        "time with the contender / time with nsmux not loaded (no unit; 1 is no difference)",
        panels)
