#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Weighs what a namespace costs, in mode off and in mode observe."""

import argparse
import json
import sys

from bench import guest
from environment import provision
from environment.failure import Failure, report
from environment.progress import step
from kernel_module import module

# What a namespace with one device may add, in bytes: what is shared, and what each processor has.
GOALS = {"off": (512, 0), "observe": (1024, 256)}
RESULT = guest.BUILD / "memory.json"


def weigh(environment, count):
    """What the guest has told, by the state."""
    guest.prepared(environment)
    output = bytearray()
    status = guest.run(environment, "memory.py", count, on_output=output.extend)
    text = output.decode(errors="replace")
    if status != 0:
        raise Failure(f"the guest failed:\n{text}")
    lines = map(json.loads, filter(lambda line: line.startswith("{"), text.splitlines()))
    return {line["state"]: (line["shared"], line["each"]) for line in lines}


def main(arguments):
    """Weighs and shows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--namespaces", type=int, default=1000)
    options = parser.parse_args(arguments)
    environment = provision.ready()
    module.build(environment)
    with step(f"weighing {options.namespaces} namespaces"):
        told = weigh(environment, options.namespaces)
    RESULT.write_text(json.dumps(told, indent=1), encoding="ascii")
    without, off, observe = (told[state] for state in ("without nsmux", "off", "observe"))
    print("bytes a namespace with one device   shared   each processor")
    print(f"{'without nsmux':34} {without[0]:7,} {without[1]:16,}")
    for state, more in (("off", off), ("observe", tuple(map(sum, zip(off, observe))))):
        row = [f"{figure:+,}{' !' if figure > goal else ''}"
               for figure, goal in zip(more, GOALS[state])]
        print(f"{state:34} {row[0]:>7} {row[1]:>16}")
    return 0


if __name__ == "__main__":
    sys.exit(report(lambda: main(sys.argv[1:])))
