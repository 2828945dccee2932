# SPDX-License-Identifier: GPL-2.0
"""How many packets two processors pass at once, and one alone: in QEMU with the stock kernel, as
user-mode Linux has one processor.

With counters that both write beside, to see what is seen of such a thing here.
"""

from bench import contenders, guest, plot, turns
from bench.intervals import of_boots, shown
from bench.reached import Goal, goal_lines
from environment.failure import Failure
from environment.progress import step
from kernel_module import module
from machine import accelerator

BASE, OBSERVE = "off", "observe"
CONTENDERS = {
    BASE: "nsmux off",
    OBSERVE: "nsmux observe",
    "shared": "C: 8 counters that both write",
    "again": "nsmux off, again",
}
# What two processors pass by what one does, at least, in observe by the same in off.
LEAST = 0.95
# Where in a contender's figures they are.
ONE, BOTH = 0, 1

BOOTS, TURNS = 6, 10
# How many seconds a boot takes, and a turn.
BOOT, TURN = 18, 1.3


def speedup(turn, contender):
    """How many times as many packets both pass as one."""
    return turn[contender][BOTH] / turn[contender][ONE]


def summary(boots):
    """What is computed from the turns of each boot, as results.json has it."""
    def of_each(figure):
        return {name: vars(of_boots(boots, lambda turn, of=name: figure(turn, of)))
                for name in CONTENDERS}

    return {
        "unit": "packets a second", "boots": len(boots), "turns": len(boots[0]),
        "one": of_each(lambda turn, of: turn[of][ONE]),
        "both": of_each(lambda turn, of: turn[of][BOTH]),
        "speedup": of_each(speedup),
        "kept": of_each(lambda turn, of: speedup(turn, of) / speedup(turn, BASE)),
    }


def of_boot(environment, contents):
    """The turns of a guest, and what it says last."""
    output = bytearray()
    status = guest.run(environment, "two_processors.py", TURNS, contents=contents,
                       on_output=output.extend, counting=False)
    text = output.decode(errors="replace")
    if status != 0:
        raise Failure(f"the guest with two processors failed:\n{text}")
    return turns.told(text.splitlines(), "the guest with two processors")


def measure(stock):
    """Builds, boots, measures; returns what results.json has of this part."""
    module.build(stock)
    contents = contenders.build(stock)
    guest.prepared(stock)
    boots, last = [], None
    with step(f"measuring two processors in {BOOTS} boots, about "
              f"{BOOTS * (BOOT + TURN * TURNS):.0f} s"):
        for _ in range(BOOTS):
            figures, last = of_boot(stock, contents)
            boots.append(figures)
    return dict(last, accelerator=accelerator.choose(stock), **summary(boots))


def emulated(part):
    """How the two processors come about."""
    return "emulated" if part["accelerator"] == "tcg" else "virtual"


def goals(part):
    """What is to be reached: by all of the interval, since little is lost at most."""
    kept = part["kept"][OBSERVE]
    yield Goal("two processors at once / one alone, observe / off", f"all above {LEAST:g}", kept,
               kept["low"] > LEAST)


def table(part):
    """What a person is shown."""
    yield (f"Datagrams over loopback, two {emulated(part)} processors, Linux {part['kernel']}: "
           f"medians of {part['boots']} boots of {part['turns']} turns, and what encloses them "
           "with 95 % confidence.")
    yield (f"{'':32}{'one, a second':>28}{'both at once':>28}{'both / one':>24}"
           f"{'by that of off':>24}")
    for name, text in CONTENDERS.items():
        yield (f"{text:32}{shown(part['one'][name], ',.0f'):>28}"
               f"{shown(part['both'][name], ',.0f'):>28}"
               f"{shown(part['speedup'][name], '.3f'):>24}"
               f"{'1' if name == BASE else shown(part['kept'][name], '.3f'):>24}")
    yield ""
    yield from goal_lines(goals(part))


def figures(part):
    """Figures by the names that texts have for them."""
    found = {"processors": emulated(part)}
    for key in ("one", "both"):
        found |= {f"{name} {key}": f"{figure['median']:,.0f}" for name, figure in part[key].items()}
    for key in ("speedup", "kept"):
        found |= {f"{name} {key}": f"{figure['median']:.3f}" for name, figure in part[key].items()}
    return found


def picture(part):
    """How much of the gain is kept, drawn."""
    return plot.svg(
        f"What two {emulated(part)} processors pass at once: medians of {part['boots']} boots, "
        "95 % intervals",
        "packets of both processors / of one, by the same with nsmux off (no unit; 1: nothing is "
        "lost by being two)",
        [(f"datagrams over loopback; nsmux off: both pass {part['speedup'][BASE]['median']:.2f} "
          "times as many as one", [
              plot.Row(text, **part["kept"][name], filled=name == OBSERVE)
              for name, text in CONTENDERS.items() if name != BASE])])
