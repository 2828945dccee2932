#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""`nsmux top` on a terminal: what its keys do, and that it leaves the terminal as it was."""

import contextlib
import re
from pathlib import Path

from lib import program, tool
from lib.lifetime import wait_until
from lib.terminal import Terminal
from lib.topology import Namespace
from net.lib.py import ksft_eq, ksft_in, ksft_ne, ksft_not_in

PORT = 9
DATAGRAMS = {"busy": 300, "calm": 20, "idle": 0}


@contextlib.contextmanager
def crowd():
    """Namespaces in which different numbers of packets were counted, by what they do."""
    with contextlib.ExitStack() as stack:
        namespaces = {}
        for name, count in DATAGRAMS.items():
            namespace = stack.enter_context(Namespace())
            namespace.ip("link set lo up")
            namespace.set_mode("observe")
            sender = stack.enter_context(namespace.udp("127.0.0.1"))
            with namespace.enter():
                for _ in range(count):
                    sender.sendto(b"", ("127.0.0.1", PORT))
            namespaces[name] = namespace
        yield namespaces


@contextlib.contextmanager
def top(*arguments):
    """A terminal in which it runs and has drawn its first screen."""
    with Terminal() as terminal:
        terminal.type(" ".join(["nsmux", "top", *arguments]))
        terminal.keys("Enter")
        terminal.wait_for("q quit")
        yield terminal


def order(lines, namespaces):
    """What the namespaces on the screen do, from top to bottom."""
    names = {namespace.name: what for what, namespace in namespaces.items()}
    shown = [line.split()[0] for line in lines if line.startswith("nsmux-")]
    return [names[name] for name in shown if name in names]


def selected_by_name(namespaces):
    """The arguments that show these alone."""
    return [word for namespace in namespaces.values()
            for word in ("--netns", namespace.name)]


def test_sort():
    """Totals, sorted by packets, the other way around, and by the next column."""
    with crowd() as namespaces, top(*selected_by_name(namespaces)) as terminal:
        terminal.keys("t")
        terminal.wait_for("t rates")
        terminal.wait_until(
            lambda lines: order(lines, namespaces) == ["busy", "calm", "idle"], "busy first")
        terminal.wait_for("RECEIVED▼")
        terminal.keys("r")
        terminal.wait_until(
            lambda lines: order(lines, namespaces) == ["idle", "calm", "busy"], "idle first")
        terminal.keys("r", "Right")
        terminal.wait_for("SENT▼")
        terminal.keys("Left", "Left")
        terminal.wait_until(
            lambda lines: any(re.search("NETNS[▲▼]", line) for line in lines), "NETNS as the key")
        names = sorted(namespace.name for namespace in namespaces.values())
        terminal.wait_until(
            lambda lines: [line.split()[0] for line in lines
                           if line.startswith("nsmux-")] in (names, names[::-1]),
            "them by their names")


def test_filter():
    """Only names with that text, until it is taken back."""
    with crowd() as namespaces, top() as terminal:
        name = namespaces["calm"].name
        terminal.keys("/")
        terminal.type(name)
        terminal.wait_for(f"filter: {name}_")
        terminal.keys("Enter")
        terminal.wait_for(f"filter: {name}  ")
        terminal.wait_until(lambda lines: order(lines, namespaces) == ["calm"], "calm alone")
        terminal.keys("Escape")
        terminal.wait_until(lambda lines: len(order(lines, namespaces)) == len(namespaces),
                            "all of them")


def test_drill_down():
    """All counters of one, and back."""
    with crowd() as namespaces, top(*selected_by_name(namespaces)) as terminal:
        terminal.keys("t")
        terminal.wait_until(lambda lines: order(lines, namespaces)[:1] == ["busy"], "busy first")
        terminal.keys("Home", "Enter")
        terminal.wait_for("since the last reset")
        # What is seen may be a screen that is only half drawn.
        terminal.wait_for(namespaces["busy"].name)
        terminal.wait_until(
            lambda lines: any(re.match("none .* 300 ", line) for line in lines), "none, 300 times")
        terminal.keys("Escape")
        terminal.wait_until(lambda lines: len(order(lines, namespaces)) == len(namespaces),
                            "the list again")


def test_lives():
    """What is counted while it runs is on the next screen, and not while it is paused."""
    with crowd() as namespaces, top(*selected_by_name(namespaces), "--interval", "0.2") as terminal:
        terminal.keys("t")
        terminal.wait_for("t rates")
        terminal.wait_for(" 300 ")
        tool.run("reset", "--netns", namespaces["busy"].name)
        terminal.wait_without(" 300 ")
        terminal.keys("p")
        terminal.wait_for("paused")
        terminal.wait_for(" 3 observed")
        tool.run("mode", "set", "off", "--netns", namespaces["idle"].name)
        terminal.keys("p")
        terminal.wait_without("paused")
        terminal.wait_for(" 2 observed")


def test_terminal_is_restored():
    """However it ends, the screen from before is back, and the shell echoes."""
    for end in (lambda terminal: terminal.keys("q"), lambda terminal: terminal.keys("C-c"),
                lambda terminal: terminal.terminate("nsmux")):
        with Terminal() as terminal:
            terminal.type("echo before; nsmux top; echo status $?")
            terminal.keys("Enter")
            terminal.wait_for("q quit")
            ksft_not_in("before", [line.strip() for line in terminal.screen()])
            end(terminal)
            lines = terminal.wait_for("status")
            ksft_in("before", lines)
            terminal.type("stty -a | grep -o ' echo '; echo done")
            terminal.keys("Enter")
            lines = terminal.wait_until(lambda lines: "done" in lines, "done")
            ksft_in(" echo", lines)


def test_not_a_terminal():
    """It says so and does nothing."""
    result = tool.run("top")
    ksft_ne(result.status, tool.FOUND)
    ksft_eq(result.text, "")
    ksft_in("terminal", result.errors)


def test_terminal_is_closed():
    """It ends with its terminal."""
    with top() as terminal:
        process = Path("/proc", str(terminal.number_of("nsmux")))
        ksft_eq((process / "comm").read_text(encoding="ascii"), "nsmux\n")
    wait_until(lambda: not process.exists(), "it is gone")


if __name__ == "__main__":
    program.run(globals())
