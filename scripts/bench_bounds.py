#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Counts how long one request to the module holds up others, beside what it may.

The guest's clock counts instructions. There are many namespaces in it, and a table of connections
as large servers have.
"""

import argparse
import json
import shutil
import sys

from bench import guest
from environment import provision
from environment.failure import Failure, report
from environment.progress import step
from kernel_module import module
from kernel_module.module import PROJECT
from machine import boot
from machine.session import Limits

# What is told, and the most that it may be, in instructions.
LOCK, SECTION = 4_000_000, 500_000
# How many times as long a grace period may take while somebody asks.
SLOWER = 3
RESULT = guest.BUILD / "bounds.json"
# What the guest has said so far, for the curious.
PROGRESS = guest.BUILD / "bounds.out"
CODES = PROJECT / "rust/bindings/uapi/linux/nsmux.h"


def measure(environment, options):
    """The lines that the guest has written."""
    folder = guest.prepared(environment)
    shutil.copy2(CODES, folder)
    output = bytearray()

    def take(data):
        output.extend(data)
        PROGRESS.write_bytes(output)

    status = boot.boot(environment, boot.Run(
        command=["python3", f"/{guest.PLACE}/bounds.py", str(options.namespaces),
                 str(options.contained), str(options.crowd)],
        contents=[("nsmux/nsmux.ko", PROJECT / module.MODULE), (guest.PLACE, folder)],
        boot=f"{guest.WORDS} thash_entries={options.buckets}",
        # Making the namespaces is silent, and slow on a machine that has something else to do.
        limits=Limits(total=10800, silence=5400),
        megabytes=options.memory,
        counting=True,
    ), take)
    text = output.decode(errors="replace")
    if status != 0:
        raise Failure(f"the guest failed:\n{text}")
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def table(lines):
    """The figures as text, and how many are too large."""
    rows = [("who asks", "what", "lock held", "read side")]
    excesses = 0
    for line in lines:
        if "request" in line:
            rows.append((line["who"], line["request"], shown(line["lock"], LOCK),
                         shown(line["section"], SECTION)))
            excesses += (line["lock"] > LOCK) + (line["section"] > SECTION)
    widths = [max(map(len, column)) for column in zip(*rows)]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)) for row in rows]
    waits = {line["while"]: line for line in lines if "while" in line}
    # There is one processor: whoever is busy has the others wait for a tick, and these ask nothing.
    busy = [waits["(a computation)"], waits["(system calls)"]]
    # It tells every namespace of the new family, which takes most of the time.
    most = max(line["genl_register_family"] for line in busy) + LOCK
    longest = SLOWER * max(line["synchronize_rcu"] for line in busy)
    text += ["", "while … asks        registering a family   synchronize_rcu()"]
    for who, line in waits.items():
        took, grace = line["genl_register_family"], line["synchronize_rcu"]
        text.append(f"{who:18}  {shown(took, most):>20}   {shown(grace, longest):>17}")
        excesses += (took > most) + (grace > longest)
    return text, excesses


def shown(figure, goal):
    """A figure, marked if it is too large."""
    return f"{figure:,.0f}{' !' if figure > goal else ''}"


def main(arguments):
    """Measures, shows, judges."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--namespaces", type=int, default=10000)
    parser.add_argument("--contained", type=int, default=1000)
    parser.add_argument("--crowd", type=int, default=10000)
    parser.add_argument("--buckets", type=int, default=4194304)
    parser.add_argument("--memory", type=int, default=6144, metavar="MEGABYTES")
    options = parser.parse_args(arguments)
    environment = provision.ready()
    module.build(environment)
    with step(f"measuring with {options.namespaces} namespaces"):
        lines = measure(environment, options)
    RESULT.write_text(json.dumps(lines, indent=1), encoding="ascii")
    text, excesses = table(lines)
    print(f"instructions; goals: lock {LOCK:,}, read side {SECTION:,}, synchronize_rcu() "
          f"{SLOWER} times as long\n")
    print("\n".join(text))
    if excesses:
        print(f"\n{excesses} figures are too large (!).")
    return 1 if excesses else 0


if __name__ == "__main__":
    sys.exit(report(lambda: main(sys.argv[1:])))
