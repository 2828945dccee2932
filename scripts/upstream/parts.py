# SPDX-License-Identifier: GPL-2.0
"""The parts of a test, as its own output names them.

Some speak KTAP, most scripts write lines of their own with [ OK ] or [FAIL] at the end.
"""

import re

KTAP = re.compile(r"^(?:# )*(not ok|ok) +(\d+) *(?:- +)?(.*)$")
DIRECTIVE = re.compile(r"\s*#\s*(SKIP|XFAIL|TODO)\b.*", re.IGNORECASE)
COLUMN = re.compile(r"^(?:# )*\s*(?:TEST: )?(.*?)\s*\[\s*(OK|PASS|FAIL|SKIP|XFAIL)\s*\]\s*$")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# What differs from run to run: numbers of processes, ports, times, names that are made up.
RANDOM = re.compile(r"\b\d+(\.\d+)?(?= ?(ms|us|ns|s|sec|seconds)\b)|\b0x[0-9a-f]+|"
                    r"-[A-Za-z0-9]{6}\b")

VERDICTS = {"ok": "passed", "not ok": "failed", "OK": "passed", "PASS": "passed", "FAIL": "failed",
            "SKIP": "skipped", "XFAIL": "skipped"}


def read(output):
    """Name -> passed, failed or skipped. A name that comes again gets a number."""
    parts = {}
    for line in COLOURS.sub("", output).splitlines():
        line = line.rstrip()
        match = KTAP.match(line)
        if match:
            verdict, name = VERDICTS[match[1]], match[3]
            if DIRECTIVE.search(name):
                verdict, name = "skipped", DIRECTIVE.sub("", name)
        else:
            match = COLUMN.match(line)
            if not match:
                continue
            verdict, name = VERDICTS[match[2]], match[1]
        name = RANDOM.sub("*", name).strip()
        unique, again = name, 1
        while unique in parts:
            again += 1
            unique = f"{name} ({again})"
        parts[unique] = verdict
    return parts


def count(parts, verdict):
    """How many parts ended so."""
    return sum(1 for each in parts.values() if each == verdict)
