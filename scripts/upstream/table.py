# SPDX-License-Identifier: GPL-2.0
"""Writes the results as text for the documentation."""

import textwrap

from upstream import tests
from upstream.result import MODES

TITLES = {"none": "not loaded", "verify": "verify", "steer": "steer"}
COLUMNS = ("test", "not loaded", "verify", "steer", "packets", "disputes", "why not")


def cell(made):
    """One result, short: how it ended, and how many of its parts passed."""
    if made is None:
        return "not run"
    parts = made.passed + made.failed + made.skipped
    return f"{made.verdict} {made.passed}/{parts}" if parts else made.verdict


def over(modes, name, what):
    """The sum of a count in both modes of nsmux."""
    return sum(results[name].counted[what]
               for mode, results in modes.items() if mode != "none" and name in results)


def row(test, modes):
    """The cells of one test; why it does not pass is told where it does not."""
    wrong = over(modes, test.name, "disputes") + over(modes, test.name, "disagreements")
    return [test.name, *(cell(modes.get(mode, {}).get(test.name)) for mode in MODES),
            f"{over(modes, test.name, 'packets'):,}", f"{wrong:,}",
            test.reason if any_fails(test, modes) else ""]


def any_fails(test, modes):
    """Whether the test did not pass in some mode."""
    return any(results[test.name].verdict != "passed" or results[test.name].failed
               for results in modes.values() if test.name in results)


def summary(results):
    """How many ended how."""
    ends = [made.verdict for made in results.values()]
    return [str(ends.count(one)) for one in ("passed", "failed", "timeout", "skipped")]


def grid(rows):
    """Rows in columns as wide as their widest cell; the first is the head."""
    widths = [max(len(line[column]) for line in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
                     for line in rows)


def text(release, modes, watched):
    """All there is; `modes` is mode -> name -> result."""
    ends = [["module", "passed", "failed", "time was up", "skipped"]]
    ends += [[TITLES[mode], *summary(modes[mode])] for mode in MODES if mode in modes]
    run = [test for test in tests.ALL if any(test.name in results for results in modes.values())]
    rows = [list(COLUMNS)] + [row(test, modes) for test in run]
    others = [test.name for test in tests.ALL if test not in run]
    sums = [f"{TITLES[mode]}: {counts['packets']:,} packets in {counts['namespaces']:,} namespaces "
            f"that were looked at meanwhile, {counts['disputes']} disputes, "
            f"{counts['disagreements']} disagreements"
            for mode, counts in watched.items() if mode != "none" and counts]
    blocks = [f"Linux {release}", grid(ends), *sums, grid(rows)]
    if others:
        blocks.append(textwrap.fill(f"Not run for this table: {', '.join(others)}", 100,
                                    break_on_hyphens=False))
    return "\n\n".join(blocks) + "\n"
