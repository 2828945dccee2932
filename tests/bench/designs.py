#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Takes the time of lookups by the designs that are compared, in turns.

This is process 1 of user-mode Linux, as others are. Each design has to pass
its randomised test first. Then every cell (so many namespaces, with so many
sockets each) has all designs once, each made anew and measured. Prints a line
of JSON for each, and a last one.
"""
import argparse
import json
import os
import stat
import subprocess
from pathlib import Path

from process_one import run, tell

NUMBER = Path("/sys/class/misc/nsmux_bench/dev")
DEVICE = "/tmp/nsmux_bench"


def ask(*words):
    """The answer to a question."""
    with open(DEVICE, "r+b", buffering=0) as device:
        device.write(" ".join(map(str, words)).encode())
        return json.loads(device.read(1 << 16))


def load(folder):
    """Loads the module; nobody makes its device here."""
    subprocess.run(["insmod", folder / "nsmux_bench.ko"], check=True)
    major, minor = NUMBER.read_text(encoding="ascii").split(":")
    os.mknod(DEVICE, stat.S_IFCHR | 0o600, os.makedev(int(major), int(minor)))


def tests(seed):
    """Each design passes, and what none can do goes wrong."""
    for design in ask("designs"):
        if not ask("trial", design, seed)["passed"]:
            raise RuntimeError(f"{design} fails with seed {seed}")
    for names in ask("names"):
        if not ask("bind-trial", names, seed)["passed"]:
            raise RuntimeError(f"{names} fails with seed {seed}")
    for what, seen in ask("cannot", seed).items():
        if not seen:
            raise RuntimeError(f"went well with seed {seed}: {what}")


def turned(designs, number):
    """The same in another order: whoever was first comes last."""
    first = number % len(designs)
    return designs[first:] + designs[:first]


def fits(number, each, namespaces=None, sockets=None):
    """Whether a design can have a cell: so many namespaces, and sockets in all."""
    return number <= (namespaces or number) and number * each <= (
        sockets or number * each)


def main(options):
    """All of it."""
    load(options.folder)
    tests(options.seed)
    plan = json.loads((options.folder / "plan.json").read_text("utf-8"))
    for number, (question, *words) in enumerate(plan["cells"]):
        for design in turned(plan[question], number + options.seed):
            if question == "measure" and not fits(
                    *words, **plan["most"].get(design, {})):
                continue
            figures = ask(question, design, *words, options.seed)
            tell({"question": question, "cell": words, "design": design,
                  "figures": figures})
    tell({"kernel": os.uname().release})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("seed", type=int)
    run(main, parser.parse_args())
