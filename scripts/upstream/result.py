# SPDX-License-Identifier: GPL-2.0
"""What became of one test in one mode, and what it says about nsmux."""

from dataclasses import asdict, dataclass, field

from upstream import counted, parts

# kselftest's exit statuses, and timeout(1)'s for a test whose time was up.
PASS, XFAIL, SKIP, TIMEOUT, KILLED = 0, 2, 4, 124, 137

MODES = ("none", "verify", "steer")


@dataclass
class Result:
    """One test, once."""

    verdict: str
    status: int = None
    seconds: int = 0
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list = field(default_factory=list)
    counted: dict = field(default_factory=dict)


def verdict(status):
    """An exit status in a word."""
    if status in (PASS, XFAIL):
        return "passed"
    if status == SKIP:
        return "skipped"
    if status in (None, TIMEOUT, KILLED):
        return "timeout"
    return "failed"


def from_guest(told):
    """The result in what the guest told of a test."""
    found = parts.read(told["output"])
    sums = counted.total(counted.latest(told["counts"]))
    return Result(verdict(told["status"]), told["status"], told["seconds"],
                  parts.count(found, "passed"), parts.count(found, "failed"),
                  parts.count(found, "skipped"),
                  [name for name, how in found.items() if how == "failed"], asdict(sums))


def newly_failing(without, with_nsmux):
    """Whether a test is a sign of a mistake of nsmux's: it passes only without; and which of its
    parts do."""
    if without.verdict == "passed":
        return with_nsmux.verdict not in ("passed",), []
    more = [name for name in with_nsmux.failures if name not in without.failures]
    worse = without.verdict != with_nsmux.verdict and with_nsmux.verdict != "passed"
    return worse or bool(more), more
