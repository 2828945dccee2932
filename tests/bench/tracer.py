# SPDX-License-Identifier: GPL-2.0
"""What the kernel's tracer says of how long something takes, in instructions.

Its clock is the time stamp counter, which counts them in this guest. What is
measured as a whole has no other function traced in it, and so costs nothing.
Read-side sections have: the tracer's own instructions are taken off for each
line in between, and they are as many as pass at least from one line to the next.
"""

import contextlib
import re
from pathlib import Path

TRACING = Path("/sys/kernel/tracing")
KIBIBYTES = 65536

DURATION = re.compile(r"([0-9.]+) us +\|")
CALL = re.compile(r" ([0-9]+): __rcu_read_(lock|unlock) <-(\S+)")


def prepare():
    """Sets what is the same for all that is traced."""
    write("trace_clock", "x86-tsc")
    write("buffer_size_kb", str(KIBIBYTES))


def write(name, text):
    """Sets one of the tracer's files."""
    (TRACING / name).write_text(text, "ascii")


@contextlib.contextmanager
def traced():
    """The lines that the tracer writes meanwhile; raises RuntimeError if there
    was no room for some."""
    write("trace", "")
    write("tracing_on", "1")
    told = []
    try:
        yield told
    finally:
        write("tracing_on", "0")
        told += (TRACING / "trace").read_text("utf-8").splitlines()
    for folder in (TRACING / "per_cpu").iterdir():
        if "\noverrun: 0\n" not in (folder / "stats").read_text("ascii"):
            raise RuntimeError("the tracer's buffer is too small")


@contextlib.contextmanager
def calls(*functions):
    """How long each call of these functions takes."""
    write("set_ftrace_filter", " ".join(functions))
    write("current_tracer", "function_graph")
    try:
        with traced() as told:
            yield told
    finally:
        write("current_tracer", "nop")


@contextlib.contextmanager
def sections(process):
    """When a process enters and leaves read-side sections."""
    write("set_ftrace_filter", "__rcu_read_lock __rcu_read_unlock")
    write("set_ftrace_pid", str(process))
    write("current_tracer", "function")
    try:
        with traced() as told:
            yield told
    finally:
        write("current_tracer", "nop")
        write("set_ftrace_pid", "")


def longest_call(lines):
    """The longest of the calls that were measured."""
    return max((float(match[1]) * 1000 for line in lines
                if (match := DURATION.search(line))), default=0)


def toll(events):
    """What the tracer takes for a line."""
    return min((now - before for (before, _, _), (now, _, _)
                in zip(events, events[1:])), default=0)


def longest_section(lines):
    """The longest read-side section, and who entered it."""
    events = [(int(match[1]), match[2] == "lock", match[3]) for line in lines
              if (match := CALL.search(line))]
    each = toll(events)
    longest, who = 0, ""
    depth, entered, begin, inside = 0, "", 0, 0
    for now, is_lock, caller in events:
        inside += 1
        if is_lock:
            if not depth:
                entered, begin, inside = caller, now, 0
            depth += 1
        elif depth:
            depth -= 1
            if not depth and now - begin - inside * each > longest:
                longest, who = now - begin - inside * each, entered
    return longest, who
