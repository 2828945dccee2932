# SPDX-License-Identifier: GPL-2.0
"""What a packet over loopback takes, in time, with nsmux and without: in user-mode Linux."""

from operator import itemgetter
from statistics import median

from bench import plot, turns
from bench.intervals import difference, of_boots, ratio, shown

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
# How many seconds a turn takes.
TURN = 0.3


def summary(boots):
    """What is computed from the turns of each boot, as results.json has it."""
    kinds = {}
    for kind in KINDS:
        figures = [[{name: found[kind] for name, found in turn.items()} for turn in boot]
                   for boot in boots]
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
    boots, last = turns.measured(stock, "native.py", BOOTS, TURNS, TURN)
    return dict(last, **summary(boots))


def table(part):
    """What a person is shown."""
    call = part["call"]
    where, each = turns.where(part)
    yield (f"Time in {where} {part['kernel']}: medians of {part['boots']} {each} of "
           f"{part['turns']} turns, and what encloses them with 95 % confidence.")
    yield (f"An empty system call takes {call['median']:,.0f} ns there ({call['low']:,.0f} … "
           f"{call['high']:,.0f}).")
    for kind, what in KINDS.items():
        found = part["kinds"][kind]
        calls = CALLS[kind.split()[0]] * call["median"]
        yield ""
        yield (f"{what}: {shown(found['time'][BASE], ',.0f')} ns without nsmux, of which system "
               f"calls are {calls:,.0f} ns")
        yield f"    {'':34}{'takes more, in ns':>20}{'times as long':>26}"
        for name, text in CONTENDERS.items():
            yield (f"    {text:34}{shown(found['added'][name], '+,.0f'):>20}"
                   f"{shown(found['ratio'][name], '.3f'):>26}")
        for mode in MODES:
            counting = found["meter"][mode]
            share = counting["part"]
            part_of = "" if share is None else f", {100 * share:.0f} % of that"
            yield (f"    of what {mode} adds, counting is {shown(counting, ',.0f')} ns"
                   f"{part_of}")


def goals(_):
    """None: what packets take is judged over veth."""
    return ()


def figures(part):
    """Figures by the names that texts have for them."""
    found = {"call": f"{part['call']['median']:,.0f}"}
    for kind in KINDS:
        of_kind = part["kinds"][kind]
        found[f"{kind} ns"] = f"{of_kind['time'][BASE]['median']:,.0f}"
        for name in CONTENDERS:
            found[f"{name} {kind}"] = f"{of_kind['ratio'][name]['median']:.3f}"
            found[f"{name} {kind} ns"] = f"{of_kind['added'][name]['median']:,.0f}"
        for mode in MODES:
            found[f"counting {mode} {kind} ns"] = f"{of_kind['meter'][mode]['median']:,.0f}"
    return found


def picture(part):
    """The ratios, drawn."""
    where, each = turns.where(part)
    panels = [(f"{what}: {part['kinds'][kind]['time'][BASE]['median']:,.0f} ns without nsmux",
               [plot.Row(text, **part["kinds"][kind]["ratio"][name],
                         filled=not name.endswith(COUNTED_BY_INSTRUCTION))
                for name, text in CONTENDERS.items()])
              for kind, what in KINDS.items()]
    return plot.svg(
        f"What a packet over loopback takes with nsmux: medians of {part['boots']} {each} of "
        f"{where}, 95 % intervals",
        "time with the contender / time with nsmux not loaded (no unit; 1 is no difference)",
        panels)
