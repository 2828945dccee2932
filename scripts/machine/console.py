# SPDX-License-Identifier: GPL-2.0
"""Searches a guest's console log for what a healthy kernel never writes."""

import re

TROUBLE = re.compile(
    # What a report of any kind begins with or contains
    r"RIP: |Call Trace:|WARNING:|BUG:|BUG |Oops|Kernel panic|rust_kernel: panicked|"
    # Memory
    r"UBSAN:|KASAN:|KFENCE:|general protection fault|unreferenced object|kmemleak: \d+ new|"
    r"list_(?:add|del) corruption|ODEBUG:|"
    # References
    r"refcount_t:|ref_tracker:|unregister_netdevice: waiting|"
    # Time
    r"blocked for more than|rcu: INFO:|detected (?:expedited )?stalls?|self-detected stall|"
    r"soft lockup|hard LOCKUP|"
    # Locks
    r"suspicious RCU usage|possible .*deadlock|non-static key|"
    r"sleeping function called from invalid context|"
    # A detector that gave up finds nothing more
    r"lockdep is turned off|"
    r"kmemleak: (?:Kernel memory leak detector disabled|Memory pool empty|Cannot )"
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
