# SPDX-License-Identifier: GPL-2.0
"""Runs a program of tests/bench in user-mode Linux, which measures all contenders in turns.

Contenders are compared within a turn: what the machine does meanwhile meets all of a turn alike, or
one of its figures, which the median passes over. Where code and data lie makes a difference too,
and is another in each boot: so there are several.
"""

import json
import time
from pathlib import Path

from bench import uml_build
from bench.guest import BUILD
from bench.intervals import LEAST
from environment import uml_kernel
from environment.failure import Failure
from environment.progress import step
from machine import uml

GUEST = "user-mode Linux"
# How many seconds a boot takes, without its turns; a busy machine is given twenty times as long.
BOOT, PATIENCE = 2, 20
# How many times as long all boots may take before there are as few as have an interval.
LIMIT = 1.5


def prepared(stock, build=uml_build.build):
    """User-mode Linux, and the folder with all that is run in it."""
    environment = uml_kernel.UmlEnvironment(stock).ready()
    with step("building nsmux for user-mode Linux, about 60 s if it has changed"):
        return environment, build(environment)


def told(lines, who=GUEST):
    """The turns that the guest tells of, and what it says last."""
    found = [json.loads(line) for line in lines if line.startswith('{"')]
    if not found or "kernel" not in found[-1]:
        raise Failure(f"{who} did not come to the end:\n" + uml.shown(lines))
    return [line["figures"] for line in found[:-1]], found[-1]


def are_enough(number, seconds, expected):
    """Whether so many boots have to do, after so many seconds, where all were expected to take
    some: a whole `make bench` is to come to its end. With fewer of them, intervals are wider."""
    return number >= LEAST and seconds > LIMIT * expected


def measured(stock, program, boots, turns, seconds, *, build=uml_build.build, **machine):
    """The turns of each boot, and what the last one says of itself. A turn takes so many seconds,
    `build` makes what the program needs, and `machine` is what it needs of one."""
    if boots < LEAST:
        raise Failure(f"{boots} boots are too few: it takes {LEAST}")
    environment, folder = prepared(stock, build)
    expected, found, last = BOOT + seconds * turns, [], None
    begin = time.monotonic()
    with step(f"measuring in {boots} boots, about {boots * expected:.0f} s"):
        for number in range(boots):
            if are_enough(number, time.monotonic() - begin, boots * expected):
                print(f"{number} boots have to do: they take longer than expected", flush=True)
                break
            figures, last = told(uml.run(environment, folder / program, [folder, turns],
                                         lambda line: None, PATIENCE * expected, **machine))
            found.append(figures)
    # For who wants to compute something else from it.
    (BUILD / f"{Path(program).stem}-turns.json").write_text(json.dumps(found), encoding="utf-8")
    return found, last


def where(part):
    """Where a part was measured, and what there are several of: user-mode Linux, unless it says
    something else."""
    return part.get("where", GUEST), part.get("each", "boots")
