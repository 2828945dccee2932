#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Counts the instructions that nsmux adds to the path of a packet, beside what others add.

The guest's clock counts instructions, so two runs give the same figures, but for one or two
instructions now and then, and a few more of a byte of TCP. Fails if one is more above what is
recorded than bench.recorded allows: 2 %, two instructions, or twelve of that byte, whichever is
most; mode off is compared with nothing.
"""

import argparse
import json
import sys

from bench import counting, goals, guest, recorded, table
from environment import provision
from environment.failure import report
from kernel_module import module

RESULT = guest.BUILD / "quick.json"


def judge(record, now):
    """Says which figures are too large; whether there are any."""
    found = recorded.excesses(record, now)
    for excess in found:
        print(f"too much: {excess}")
    if record["kernel"] != now["kernel"]:
        print(f"The record is of kernel {record['kernel']}, this is {now['kernel']}: only nsmux's "
              "own instructions were judged. make bench-record makes a new one.")
    if found:
        file = recorded.FILE.relative_to(module.PROJECT)
        print(f"{len(found)} figures differ from {file}. {recorded.PART:.0%} more is allowed, or "
              f"{recorded.INSTRUCTIONS} instructions, or {recorded.OF_CONNECTION} of tcp; mode off "
              "is compared with nothing. If that is on purpose, run make bench-record, and say in "
              "the commit's message why.")
    return bool(found)


def main(arguments):
    """Measures, shows, judges or records."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true",
                        help="write the figures down instead of judging them")
    options = parser.parse_args(arguments)
    environment = provision.ready()
    figures = counting.counted(environment)
    reached = goals.goals(figures)
    now = recorded.contents(figures, environment.choice["release"])
    page = "\n".join(table.page(figures, reached))
    print(page, flush=True)
    RESULT.write_text(json.dumps(dict(
        now, instructions=figures.measured,
        goals=[dict(vars(goal), reached=goal.reached) for goal in reached]), indent=1) + "\n",
        encoding="utf-8")
    print(f"\nall figures: {RESULT.relative_to(module.PROJECT)}")
    if options.record:
        recorded.write(now)
        recorded.TABLE.write_text(page + "\n", encoding="utf-8")
        return 0
    return 1 if judge(recorded.read(), now) else 0


if __name__ == "__main__":
    sys.exit(report(lambda: main(sys.argv[1:])))
