# SPDX-License-Identifier: GPL-2.0
"""Named network namespaces: made, entered, and taken away again."""
import contextlib
import os
import subprocess
from pathlib import Path

# Where ip-netns(8) keeps the names: "ip netns exec nsmux-0001 ..." works.
NAMES = Path("/run/netns")
PROC_NET = Path("/proc/sys/net")


def write_sysctl(name, value):
    (PROC_NET / name).write_text(f"{value}\n")


def read_sysctl(name):
    return (PROC_NET / name).read_text().strip()


@contextlib.contextmanager
def home():
    """Come back, at the end, to the namespace that the block starts in."""
    fd = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        yield
    finally:
        os.setns(fd, os.CLONE_NEWNET)
        os.close(fd)


def enter(fd):
    os.setns(fd, os.CLONE_NEWNET)


class Namespaces:
    """All namespaces of one run, by name, each with an open descriptor."""

    def __init__(self):
        self.fds = {}
        self.made = []

    def __getitem__(self, name):
        return self.fds[name]

    def make(self, names, tcp_entries, udp_entries):
        """Make namespaces that have tables of their own of these sizes.

        The kernel reads the sizes in the namespace that the new one is made
        from. That is a nameless one here, so that nobody else's namespaces
        are made differently meanwhile.
        """
        taken = [name for name in names if (NAMES / name).exists()]
        if taken:
            raise FileExistsError(
                f"the namespace {taken[0]} exists already: another demo is "
                f"running, or remove it with: ip netns del {taken[0]}")
        self.made += names
        with home():
            os.unshare(os.CLONE_NEWNET)
            write_sysctl("ipv4/tcp_child_ehash_entries", tcp_entries)
            write_sysctl("ipv4/udp_child_hash_entries", udp_entries)
            batch("netns add", names)
        for name in names:
            self.fds[name] = os.open(NAMES / name, os.O_RDONLY)

    def write_sysctl(self, name, value):
        """Set a variable in each of them."""
        with home():
            for fd in self.fds.values():
                enter(fd)
                write_sysctl(name, value)

    def remove(self):
        for fd in self.fds.values():
            os.close(fd)
        self.fds.clear()
        left = [name for name in self.made if (NAMES / name).exists()]
        batch("netns del", left)
        self.made.clear()


def batch(command, names):
    """One process of ip(8) for the same command with each of the names."""
    if names:
        subprocess.run(["ip", "-batch", "-"], check=True, text=True,
                       input="".join(f"{command} {name}\n" for name in names))
