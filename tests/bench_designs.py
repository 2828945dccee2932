#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The designs that are compared, in a kernel module of their own.

A design has to answer as a list does that is gone through from its begin to
its end, whatever is put in and taken out at random. What a design cannot do
is done too: that shows it, and that the comparison can fail.
"""

import contextlib
import json
import secrets
from pathlib import Path

from lib import kernel_module, program
from net.lib.py import (KsftSkipEx, cmd, ksft_eq, ksft_exit, ksft_pr,
                        ksft_run, ksft_true)

DEVICE = Path("/dev/nsmux_bench")
NAME = "nsmux_bench"
# The first is the same in every run.
SEEDS = [2006, secrets.randbits(32)]


@contextlib.contextmanager
def loaded():
    """The module is loaded."""
    path = Path(kernel_module.path()).parent / f"{NAME}.ko"
    if not path.exists():
        raise KsftSkipEx(f"{path.name} is not there")
    cmd(["insmod", str(path)])
    try:
        yield
    finally:
        cmd(["rmmod", NAME])


def ask(*words):
    """The answer to a question."""
    with open(DEVICE, "r+b", buffering=0) as device:
        device.write(" ".join(map(str, words)).encode())
        return json.loads(device.read(65536))


def test_random():
    """Each design has the answers of the list."""
    with loaded():
        for seed in SEEDS:
            for design in ask("designs"):
                verdict = ask("trial", design, seed)
                ksft_pr(f"{design}, seed {seed}: {verdict}")
                ksft_true(verdict["passed"], f"{design}, seed {seed}")
                ksft_true(verdict["steps"] > 0)


def test_names():
    """Each way to keep names has the answers of a list of who has one."""
    with loaded():
        for seed in SEEDS:
            for names in ask("names"):
                verdict = ask("bind-trial", names, seed)
                ksft_pr(f"{names}, seed {seed}: {verdict}")
                ksft_true(verdict["passed"], f"{names}, seed {seed}")


def test_cannot():
    """What a design cannot do goes wrong, as it has to."""
    with loaded():
        for what, seen in ask("cannot", SEEDS[0]).items():
            ksft_pr(f"{what}: {seen}")
            ksft_true(seen, what)


def test_measured():
    """Times and bytes are there to be had, for what a design can do."""
    with loaded():
        for design in ask("designs"):
            figures = ask("measure", design, 1, 16, SEEDS[0])
            for kind in ("hit uniform", "hit zipf", "miss uniform",
                         "miss zipf", "change"):
                # 0 where the clock is too coarse for it.
                ksft_true(figures[kind] >= 0, f"{design}: {kind}")
            ksft_true(figures["bytes"] > 0, f"{design}: bytes")


def test_mixed():
    """While sockets come and go, each lookup finds what is there just then."""
    with loaded():
        for design in ask("designs"):
            # No more namespaces than the one without a first level can have.
            figures = ask("mixed", design, 1, 16, SEEDS[1])
            ksft_eq(list(figures), ["0 %", "1 %", "10 %"], design)
            ksft_true(all(time >= 0 for time in figures.values()), design)


def test_cold():
    """The same is found after caches were filled with something else."""
    with loaded():
        for design in ("pointer/chain", "global/trie"):
            figures = ask("cold", design, 16, 16, SEEDS[1])
            ksft_eq(list(figures), ["cold", "hot"], design)


def test_wrong_questions():
    """Nothing comes of a question that there is not, and the next is answered."""
    with loaded():
        for question in ("", "trial", "trial none 1", "measure pointer/chain 1",
                         "trial pointer/chain x"):
            with contextlib.suppress(OSError):
                ask(question)
                ksft_true(False, f"{question!r} was answered")
        ksft_eq(ask("trial", "pointer/chain", 1)["passed"], True)


if __name__ == "__main__":
    # Without nsmux, which has nothing to do with it.
    ksft_run(program.cases_of(globals()))
    ksft_exit()
