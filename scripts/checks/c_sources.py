# SPDX-License-Identifier: GPL-2.0
"""Checks of what is in C."""

import re

from checks.sources import PROJECT
from kernel_module import designs

# All that is written in C for nsmux.ko, but for tracepoint headers, which the kernel wants.
MOST_LINES = 100


def is_trace_header(path):
    """Tracepoint headers are made of macros in a layout of their own."""
    return "TRACE_EVENT(" in path.read_text()


def checkpatch(sources):
    """The kernel's checkpatch.pl on each file; strictly, but for tracepoint headers."""
    found = []
    for path in sources.written(".c", ".h"):
        command = ["perl", sources.environment.tree / "scripts/checkpatch.pl", "--no-tree",
                   "--terse", "--no-summary", "--file", path]
        if not is_trace_header(path):
            command.insert(2, "--strict")
        found += sources.findings(command)
    return found


def code_lines(path):
    """How many lines are neither empty, nor a comment, nor an include."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(), flags=re.DOTALL)
    return sum(1 for line in text.splitlines() if line.strip() and not line.startswith("#include"))


def lines(sources):
    """C is for what cannot be written in Rust."""
    counted = {path: code_lines(path) for path in sources.written(".c", ".h")
               if not is_trace_header(path)
               and not {PROJECT / "tests", designs.SOURCE} & set(path.parents)}
    if sum(counted.values()) < MOST_LINES:
        return []
    return [f"{path.relative_to(PROJECT)}: {count} lines" for path, count in counted.items()] + [
        f"C has to be under {MOST_LINES} lines in all"]


def netlink_codes(sources):
    """What is generated from the netlink specification is what the specification says."""
    return sources.findings(
        ["python3", PROJECT / "scripts/netlink_codes.py", "--check", sources.environment.tree])
