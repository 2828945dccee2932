# SPDX-License-Identifier: GPL-2.0
"""Counts the results in the output of the kernel's test runner.

The output is KTAP: a result line for each test program, and before it, each line marked with
"# ", the program's own output, which may be KTAP again. What counts are the innermost results. A
program that fails without a failed result of its own (it crashed, or ran out of time) is one more.
"""

import re
from dataclasses import dataclass, field

RESULT = re.compile(r"^(not ok|ok) +\d+ *(?:- +)?(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)\b")
DIRECTIVE = re.compile(r"#\s*(SKIP|XFAIL|TODO)\b", re.IGNORECASE)
MARK = "# "


@dataclass
class Level:
    """The results of one depth that belong to the same parent."""

    planned: int = None
    seen: int = 0


@dataclass
class Counter:
    """Takes the output piece by piece; `failures` names what failed."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list = field(default_factory=list)
    _levels: list = field(default_factory=list)
    # Per depth: whether a result failed there since the last result one level up.
    _failed_below: list = field(default_factory=list)
    _rest: str = ""

    def feed(self, data):
        """Takes bytes as they come."""
        *lines, self._rest = (self._rest + data.decode(errors="replace")).split("\n")
        for line in lines:
            self._line(line.rstrip("\r"))

    def close(self):
        """Takes the end: an unfinished line, and plans that were not kept."""
        self._line(self._rest)
        self._rest = ""
        self._close_below(-1, "the run")

    def summary(self):
        """The one line that a run ends with."""
        text = f"{self.passed} passed, {self.failed} failed"
        return f"{text}, {self.skipped} skipped" if self.skipped else text

    def add(self, other):
        """Counts the results of another run as well."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures

    def add_failure(self, name):
        """Counts something that failed outside of the tests."""
        self.failed += 1
        self.failures.append(name)

    def _line(self, line):
        depth = 0
        while line.startswith(MARK):
            line = line[len(MARK):]
            depth += 1
        plan = PLAN.match(line)
        if plan:
            self._level(depth).planned = int(plan.group(1))
            return
        result = RESULT.match(line)
        if result:
            self._result(depth, result.group(1) == "ok", result.group(2))

    def _level(self, depth):
        while len(self._levels) <= depth:
            self._levels.append(Level())
        return self._levels[depth]

    def _result(self, depth, good, text):
        name = DIRECTIVE.split(text)[0].strip()
        before = self.failed
        had_children = self._close_below(depth, name)
        self._level(depth).seen += 1
        failed_children = self._take_failed_below(depth) or self.failed > before
        directive = DIRECTIVE.search(text)
        if had_children:
            if not good and not failed_children:
                self.add_failure(f"{name} (the program itself)")
                failed_children = True
        elif directive and directive.group(1).upper() == "SKIP":
            self.skipped += 1
        elif good or directive:
            self.passed += 1
        else:
            self.add_failure(name)
            failed_children = True
        if failed_children and depth:
            self._note_failed(depth)

    def _note_failed(self, depth):
        while len(self._failed_below) <= depth:
            self._failed_below.append(False)
        self._failed_below[depth] = True

    def _take_failed_below(self, depth):
        failed = any(self._failed_below[depth + 1:])
        del self._failed_below[depth + 1:]
        return failed

    def _close_below(self, depth, name):
        """Ends all deeper levels; tells whether there was any result in them."""
        had_results = False
        for level in self._levels[depth + 1:]:
            had_results |= level.seen > 0
            if level.planned is not None and level.planned != level.seen:
                self.add_failure(f"{name}: {level.planned} results planned, {level.seen} seen")
        del self._levels[depth + 1:]
        return had_results
