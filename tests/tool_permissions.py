#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What the tool does for whom: nothing that the kernel would not, and it says so."""

import os

from lib import kernel_module, program, tool
from lib.privileges import ordinary_user, root_of
from lib.topology import Namespace
from net.lib.py import UserNetNS, ksft_eq, ksft_exit, ksft_in, ksft_run

NEEDED = "CAP_NET_ADMIN"
ADVICE = "`nsmux doctor` says what you may do"


def test_ordinary_user():
    """Status 3, from every command, with what is needed and what to try."""
    with Namespace() as namespace:
        where = ["--netns", namespace.name]
        for arguments in (["lookup", "tcp", "127.0.0.1:1"], ["lookup", "unix", "@x"],
                          ["lookup", "pid", "1"], ["lookup", "cookie", "1"], ["list"], ["stat"],
                          ["mode"], ["metrics"], ["watch"],
                          ["mode", "set", "observe", "--all"], ["reset", "--all"],
                          ["lookup", "tcp", "127.0.0.1:1", *where], ["list", *where],
                          ["mode", "set", "observe", *where], ["reset", *where]):
            tool.check_fails(tool.run(*arguments, become=ordinary_user), tool.NOT_ALLOWED,
                             NEEDED, ADVICE)


def test_help_is_for_everybody():
    """What needs nothing works."""
    for arguments in (["--help"], ["--version"], ["completions", "zsh"], ["man"]):
        ksft_eq(tool.run(*arguments, become=ordinary_user).status, tool.FOUND)


def test_doctor_of_an_ordinary_user():
    """The doctor says what is missing."""
    result = tool.run("doctor", become=ordinary_user)
    ksft_in(NEEDED, result.text)
    ksft_eq(result.status, tool.NOT_ALLOWED)


def test_root_of_a_container():
    """A container's root sees the container's own namespace, and no other."""
    with UserNetNS() as container, Namespace() as other:
        become = root_of(container)
        inode = os.stat(container.net_ns_path).st_ino
        told = tool.ask("list", become=become)
        ksft_eq([one["inode"] for one in told], [inode])
        tool.check_fails(tool.run("list", "--netns", f"cookie:{other.cookie}", become=become),
                         tool.NOT_ALLOWED, NEEDED)
        changed = tool.run("mode", "set", "observe", "--all", become=become)
        ksft_eq(changed.status, tool.FOUND, changed.errors)
        [told] = tool.ask("mode", "--netns", container.net_ns_path)
        ksft_eq(told["mode"], "observe")


def main():
    """Nobody's permissions may depend on how the tests were started."""
    os.chdir("/")
    with kernel_module.required():
        ksft_run(program.cases_of(globals()))
    ksft_exit()


if __name__ == "__main__":
    main()
