# SPDX-License-Identifier: GPL-2.0
"""Thousands of network namespaces, held open by descriptors and nothing else.

Two threads make them, each by unshare(2): a name in the file system would
take a mount, and a process for each of them.
"""

import os
import resource
import threading
import time

from net.lib.py import ksft_pr
from .lifetime import slab_objects
from .patience import end_after

THREADS = 2
# Descriptors that a process has for other things.
OTHERS = 500
# Memory that has to be left, in KiB: for the tests, and for taking the
# namespaces apart again.
SPARE = 300 << 10


def available():
    """The memory that can be had, in KiB."""
    with open("/proc/meminfo", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file
                    if line.startswith("MemAvailable:"))


class Bulk:
    """So many namespaces as were asked for, memory and time allow.

    `members` maps the inode number of each to the descriptor that holds it.
    """

    def __init__(self, wanted, seconds=60):
        resource.setrlimit(resource.RLIMIT_NOFILE,
                           (wanted + OTHERS, wanted + OTHERS))
        self.members = {}
        self._wanted = wanted
        begin = time.monotonic()
        self._end = end_after(seconds)
        threads = [threading.Thread(target=self._make)
                   for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.join(20) or thread.is_alive():
                ksft_pr(f"{len(self.members)} namespaces of {wanted} after "
                        f"{time.monotonic() - begin:.0f} s")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close(*self.members)

    def _make(self):
        """Make some in a thread, which ends in the last one."""
        while (len(self.members) < self._wanted and available() > SPARE
               and time.monotonic() < self._end):
            os.unshare(os.CLONE_NEWNET)
            descriptor = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
            self.members[os.fstat(descriptor).st_ino] = descriptor

    def close(self, *numbers):
        """Let those with these inode numbers go."""
        for number in numbers:
            os.close(self.members.pop(number))


def alive():
    """How many network namespaces use memory.

    The last ones that have died give theirs back when another one dies.
    """
    thread = threading.Thread(target=os.unshare, args=(os.CLONE_NEWNET,))
    thread.start()
    thread.join()
    return slab_objects("net_namespace")
