#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Weighs what a namespace costs, in mode off and in mode observe, and the module's code."""

import argparse
import json
import re
import subprocess
import sys

from bench import guest
from environment import provision
from environment.failure import Failure, report
from environment.progress import step
from kernel_module import module

# What a namespace with one device may add, in bytes: what is shared, and what each processor has.
GOALS = {"off": (512, 0), "observe": (1024, 256)}
# What the instructions of the module may take.
TEXT = 64 << 10
# Less than this of a cache is what other programs did meanwhile.
LEAST = 16
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
    return {line["state"]: line for line in lines}


def text_of(environment, built):
    """How large the section with the module's instructions is."""
    told = environment.root.run(["size", "-A", built], [module.PROJECT], stdout=subprocess.PIPE)
    return int(re.search(r"^\.text\s+(\d+)", told.stdout.decode(), re.MULTILINE).group(1))


def flagged(figure, goal, form=","):
    """A figure, with a mark if it is more than its goal."""
    return f"{figure:{form}}{' !' if figure > goal else ''}"


def show(told):
    """The table of what a namespace costs, and of the caches that it comes from."""
    without, off, observe = (told[state] for state in ("without nsmux", "off", "observe"))
    print("bytes a namespace with one device   shared   each processor")
    print(f"{'without nsmux':34} {without['shared']:7,} {without['each']:16,}")
    more = {"off": [off[what] for what in ("shared", "each")]}
    more["observe"] = [off[what] + observe[what] for what in ("shared", "each")]
    for state, figures in more.items():
        shared, each = map(flagged, figures, GOALS[state], ["+,"] * 2)
        print(f"{state:34} {shared:>7} {each:>16}")
    print("\nof this, by the slab cache             off        observe")
    caches = {name: (off["caches"].get(name, 0), more)
              for name, more in observe["caches"].items()}
    for name, (first, then) in sorted(caches.items(), key=lambda item: -sum(item[1])):
        if max(first, then) >= LEAST:
            print(f"{name:34} {first:+7,} {first + then:+13,}")


def main(arguments):
    """Weighs and shows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--namespaces", type=int, default=1000)
    options = parser.parse_args(arguments)
    environment = provision.ready()
    built = module.build(environment)
    with step(f"weighing {options.namespaces} namespaces"):
        told = weigh(environment, options.namespaces)
    told["text"] = text_of(environment, built)
    RESULT.write_text(json.dumps(told, indent=1), encoding="ascii")
    show(told)
    print(f"\n.text of {built.name}: {flagged(told['text'], TEXT)} of {TEXT:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(report(lambda: main(sys.argv[1:])))
