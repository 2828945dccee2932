#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What every command of the tool has in common: statuses, errors, colours, widths."""

import contextlib
import os
import pty
import subprocess
import termios
import time

from lib import kernel_module, program, tool
from lib.patience import end_after
from lib.topology import Namespace
from net.lib.py import (ksft_eq, ksft_in, ksft_not_in,
                        ksft_true)

ESCAPE = "\x1b"
EVERY_COMMAND = (["lookup", "tcp", "127.0.0.1:1"], ["list"], ["stat"], ["watch"], ["mode"],
                 ["mode", "set", "off", "--all"], ["reset", "--all"], ["metrics"])
WIDTHS = (80, 132)
PATIENCE = 60


def on_terminal(arguments, columns=80, **variables):
    """What it writes to a terminal so wide."""
    ours, theirs = pty.openpty()
    try:
        termios.tcsetwinsize(theirs, (24, columns))
        with subprocess.Popen([tool.path(), *arguments], stdin=theirs, stdout=theirs,
                              stderr=theirs, env=tool.environment(**variables)) as process:
            os.close(theirs)
            text = b""
            end = end_after(PATIENCE)
            with contextlib.suppress(OSError):
                # The kernel reports an error when the other end is closed.
                while time.monotonic() < end and (data := os.read(ours, 65536)):
                    text += data
            ksft_eq(process.wait(), tool.FOUND)
    finally:
        os.close(ours)
    return text.decode().replace("\r\n", "\n")


def test_found():
    """Status 0, and nothing on standard error."""
    for arguments in (["list"], ["stat"], ["mode"], ["metrics"], ["doctor"],
                      ["completions", "bash"], ["man"], ["--help"], ["--version"]):
        result = tool.run(*arguments)
        ksft_eq((result.status, result.errors), (tool.FOUND, ""), str(arguments))
        ksft_true(result.text, str(arguments))


def test_not_found():
    """Status 1: no such socket, and no such namespace."""
    with Namespace() as namespace:
        tool.check_fails(tool.run("lookup", "tcp", "192.0.2.77:9"), tool.NOT_FOUND,
                         "nsmux: tcp 192.0.2.77:9: nothing in any of")
        result = tool.run("lookup", "tcp", "192.0.2.77:9", "--netns", namespace.name)
        ksft_eq((result.status, result.errors), (tool.NOT_FOUND, ""))
        ksft_in("none", result.text)
        for selector, said in (("nsmux-nowhere", "nsmux-nowhere: no such namespace"),
                               ("/run/nowhere", "/run/nowhere: no such namespace"),
                               ("pid:4194303", "pid:4194303:"),
                               ("cookie:18446744073709551615", "cookie:18446744073709551615:"),
                               ("nsid:2147483647", "nsid:2147483647:")):
            tool.check_fails(tool.run("list", "--netns", selector), tool.NOT_FOUND,
                             f"nsmux: {said}", "`nsmux list` shows those that you may see")


def test_usage():
    """Status 2, with what would have been right."""
    for arguments, words in ((["lookup", "tcp", "10.0.0.2"], "a port is missing"),
                             (["lookup", "tcp", "fd00::2:80"], "[fd00::2]:80"),
                             (["lookup", "tcp", "web:80"], "names are not looked up"),
                             (["lookup", "tcp", "10.0.0.2:1", "to", "10.0.0.9:2"], "`from ADDRESS"),
                             (["lookup", "tcp", "10.0.0.2:1", "from", "[::1]:2"], "one family"),
                             (["lookup", "netlink", "route:lnik"], "ipv4-ifaddr"),
                             (["lookup", "netlink", "generic:nsmux/misses"], "it has: miss"),
                             (["lookup", "netlink", "generic:nosuch/x"], "no family `nosuch`"),
                             (["mode", "set", "observe"], "--netns"),
                             (["mode", "set", "observ", "--all"], "possible values: off, observe"),
                             (["reset"], "--all"),
                             (["metrics", "--listen", "0.0.0.0:9811"], "only loopback addresses"),
                             (["top", "--json"], "top"),
                             (["nonsense"], "nonsense")):
        tool.check_fails(tool.run(*arguments), tool.USAGE, words)


def test_no_module():
    """Status 4, from every command, with what to do."""
    kernel_module.rmmod()
    try:
        for arguments in EVERY_COMMAND:
            tool.check_fails(tool.run(*arguments), tool.NO_MODULE,
                             "nsmux.ko is not loaded", "insmod nsmux.ko")
        result = tool.run("doctor")
        ksft_eq(result.status, tool.NO_MODULE)
        ksft_in("not loaded", result.text)
    finally:
        kernel_module.insmod()


def test_reader_goes_away():
    """A pipe without a reader ends it quietly, as SIGPIPE would."""
    script = f"{tool.path()} metrics; echo $? >&2"
    reader, writer = os.pipe()
    os.close(reader)
    with subprocess.Popen(["sh", "-c", script], stdout=writer, stderr=subprocess.PIPE,
                          text=True) as process:
        os.close(writer)
        ksft_eq(process.stderr.read(), "141\n")


def test_colours():
    """On a terminal, unless NO_COLOR is set or the terminal is dumb; nowhere else."""
    for command in (["list"], ["stat"], ["doctor"]):
        ksft_in(ESCAPE, on_terminal(command, NO_COLOR=None, TERM="xterm"))
        # An empty one does not count.
        ksft_in(ESCAPE, on_terminal(command, NO_COLOR="", TERM="xterm"))
        for quiet in ({"NO_COLOR": "1", "TERM": "xterm"}, {"NO_COLOR": None, "TERM": "dumb"}):
            ksft_not_in(ESCAPE, on_terminal(command, **quiet))
        ksft_not_in(ESCAPE, tool.run(*command, NO_COLOR=None, TERM="xterm").text)


def test_widths():
    """Lines are no wider than a terminal with room for what may not be cut; names are whole."""
    with Namespace() as namespace:
        for columns in WIDTHS:
            ksft_in(f"{namespace.name} ", on_terminal(["list"], columns, NO_COLOR="1"))
            for command in (["list"], ["mode"], ["doctor"]):
                for line in on_terminal(command, columns, NO_COLOR="1").splitlines():
                    ksft_true(len(line) <= columns, f"{command}: {len(line)} columns: {line}")


def test_json_on_terminal():
    """On a terminal JSON is spread out for the eye, elsewhere one line."""
    ksft_true(len(on_terminal(["list", "--json"]).splitlines()) > 10)
    ksft_eq(len(tool.run("list", "--json").text.splitlines()), 1)


if __name__ == "__main__":
    # One of them takes the module away for a while.
    program.run_alone(globals(), load_first=True)
