# SPDX-License-Identifier: GPL-2.0
"""What nsmux cost when that was written down, and whether it costs more now.

Costs depend on the kernel: on another one than that of the record they are not judged, only nsmux's
own instructions are.
"""

import json
from dataclasses import dataclass

from environment.failure import Failure
from kernel_module.module import PROJECT

FILE = PROJECT / "tests/bench/recorded.json"

# How much more than recorded is too much. A few figures differ by an instruction or two between
# builds: of a hundred packets, one more or less meets a list of free memory that has run out.
PART, INSTRUCTIONS = 0.02, 2
# A byte of a connection takes two system calls, and a timer that goes on now and then: a few of
# some 19,000 instructions come and go.
OF_CONNECTION = 12


@dataclass
class Excess:
    """A figure that is too large."""

    name: str
    recorded: float
    now: float


def contents(figures, release):
    """What is written down."""
    def rounded(numbers):
        return {name: round(number, 2) for name, number in numbers.items()}

    return {"kernel": release, "own": rounded(figures.own()), "cost": rounded(figures.costs())}


def read():
    """The record, or a failure that says how to make one."""
    if not FILE.exists():
        raise Failure(f"{FILE.relative_to(PROJECT)} is missing", "Run: make bench-record")
    return json.loads(FILE.read_text(encoding="utf-8"))


def write(record):
    """Makes the record."""
    FILE.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def slack(name):
    """By how many instructions a figure may differ for nothing."""
    return OF_CONNECTION if ": tcp " in name else INSTRUCTIONS


def excesses(record, now):
    """The figures that are too large; both are contents()."""
    judged = ["own"] + (["cost"] if record["kernel"] == now["kernel"] else [])
    found = []
    for part in judged:
        for name, figure in now[part].items():
            before = record[part].get(name)
            if before is None:
                found.append(Excess(f"{name}, which is not recorded", 0, figure))
            elif figure > before + max(abs(before) * PART, slack(name)):
                found.append(Excess(f"{part} {name}", before, figure))
    return found
