# SPDX-License-Identifier: GPL-2.0
"""Searches a guest's console log for what a healthy kernel never writes."""

import re

TROUBLE = re.compile(
    r"RIP: |Call Trace:|WARNING:|BUG:|BUG |Oops|UBSAN:|KASAN:|KFENCE:|general protection fault|"
    r"refcount_t:|ref_tracker:|unreferenced object|kmemleak: \d+ new|blocked for more than|"
    r"rcu: INFO:|self-detected stall|soft lockup|hard LOCKUP|Kernel panic|"
    r"unregister_netdevice: waiting|suspicious RCU usage|possible .*deadlock|"
    r"sleeping function called from invalid context|rust_kernel: panicked"
)

# Lines shown before and after a finding, so that a trace can be read without opening the log.
BEFORE, AFTER = 3, 25

# Lines shown of a guest that ended without saying why.
LAST = 30


def search(text):
    """Pieces of the log around each finding, as lists of lines; near ones share a piece."""
    lines = text.splitlines()
    pieces, end = [], -1
    for number, line in enumerate(lines):
        if not TROUBLE.search(line):
            continue
        start = max(number - BEFORE, end, 0)
        stop = min(number + AFTER + 1, len(lines))
        if number < end:
            pieces[-1] += lines[end:stop]
        else:
            pieces.append(lines[start:stop])
        end = stop
    return pieces


def last_lines(text):
    """The end of the log."""
    return text.splitlines()[-LAST:]
