# SPDX-License-Identifier: GPL-2.0
"""Who has this address? Asked once, and asked in one namespace after the other.

nsmux asks the kernel one question about all namespaces. ss(8) has to enter
each of them; what that takes is shown beside it.
"""
import shutil
import subprocess
import time
from dataclasses import dataclass, field

import plan

SHOWN = 3               # lines of what nsmux found; the others are alike
ENTERED = 200           # namespaces that ss enters at most: it takes long


@dataclass
class Comparison:
    """What both found, and in how many seconds."""

    command: str = ""
    lines: list = field(default_factory=list)
    found: int = 0
    seconds: float = 0.0
    entered: int = 0
    ss_found: int = 0
    ss_seconds: float = 0.0


def compare(names):
    """None where the tool is not installed."""
    tool = shutil.which("nsmux")
    if tool is None:
        return None
    command = [tool, "lookup", "tcp", f"{plan.INNER4}:{plan.PORT}"]
    begin = time.monotonic()
    lines = run(command).splitlines()
    seconds = time.monotonic() - begin
    entered = names[:ENTERED]
    begin = time.monotonic()
    ss_found = sum(bool(ss(name)) for name in entered)
    return Comparison(
        command=" ".join(["nsmux"] + command[1:]), lines=lines,
        found=len({line.split()[0] for line in lines[1:]} & set(names)),
        seconds=seconds, entered=len(entered), ss_found=ss_found,
        ss_seconds=time.monotonic() - begin)


def ss(name):
    """The line of the namespace's listener."""
    return run(["ss", "-N", name, "-H", "-t", "-l", "-n", "src",
                f"{plan.INNER4}:{plan.PORT}"])


def run(command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def problems(comparison, count):
    """A sentence for each of the two that did not find all."""
    if comparison is None:
        return
    for who, found, due in (
            ("nsmux lookup", comparison.found, count),
            ("ss -N", comparison.ss_found, comparison.entered)):
        if found != due:
            yield f"{who} found the address in {found} namespaces of {due}"


def print_comparison(comparison):
    """What nsmux found, some of it, and the time of both."""
    if comparison is None:
        print("\nnsmux, the command-line tool, is not in PATH: no lookup is "
              "shown")
        return
    print(f"\n# {comparison.command}")
    for line in comparison.lines[:SHOWN + 1]:
        print(line)
    if len(comparison.lines) > SHOWN + 1:
        print(f"... {len(comparison.lines) - 1 - SHOWN:,} more")
    print(f"\n{comparison.found:,} namespaces, one request: "
          f"{comparison.seconds:.2f} s      ss -N in each of "
          f"{comparison.entered:,}: {comparison.ss_seconds:.2f} s\n")
