# SPDX-License-Identifier: GPL-2.0
"""What nsmux cost when that was written down, and whether it costs more now.

A figure may be 2 % above its record, or a few instructions where 2 % are less than these; see
slack(). What is measured and not recorded, or recorded and not measured, is an error as well.

Costs depend on the kernel: on another one than that of the record they are not judged, only nsmux's
own instructions are.
"""

import json
from dataclasses import dataclass

from environment.failure import Failure
from kernel_module.module import PROJECT

FILE = PROJECT / "tests/bench/recorded.json"
# What the documentation shows: all that was measured, also of others.
TABLE = PROJECT / "Documentation/performance/instructions.table"

# How much more than recorded is too much. A few figures differ by an instruction or two between
# builds and runs: of a hundred packets, one more or less meets a list of free memory that has run
# out, with nsmux or in what it is compared with.
PART, INSTRUCTIONS = 0.02, 2
# A byte of a connection takes two system calls, and a timer that goes on now and then: a few of
# some 19,000 instructions come and go.
OF_CONNECTION = 12


@dataclass
class Excess:
    """A figure that is too large, or that has no other to be compared with."""

    name: str
    recorded: float | None
    now: float | None

    def __str__(self):
        if self.recorded is None:
            return f"{self.name}: {self.now:.1f}, which is not recorded"
        if self.now is None:
            return f"{self.name}: recorded {self.recorded:.1f}, and not measured any more"
        return f"{self.name}: {self.now:.1f}, recorded {self.recorded:.1f}"


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
    """By how many instructions a figure may be larger for nothing."""
    return OF_CONNECTION if ": tcp " in name else INSTRUCTIONS


def reference(name, recorded):
    """What a figure is compared with: in mode off with nothing, lest the record creep."""
    return 0 if name.startswith("off: ") and recorded is not None else recorded


def excesses(record, now):
    """The figures that are too large, not recorded or not measured; both are contents()."""
    judged = ["own"] + (["cost"] if record["kernel"] == now["kernel"] else [])
    found = []
    for part in judged:
        for name in sorted({*record[part], *now[part]}):
            before, figure = reference(name, record[part].get(name)), now[part].get(name)
            if (before is None or figure is None
                    or figure > before + max(abs(before) * PART, slack(name))):
                found.append(Excess(f"{part} {name}", before, figure))
    return found
