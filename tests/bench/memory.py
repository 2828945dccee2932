#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Weighs what a namespace costs: without nsmux, in mode off, and in mode
observe.

Prints a line of JSON for each state, in bytes a namespace: what is allocated
from slabs, also by the cache that it comes from, and what is reserved for each
processor, which comes in pages. The argument is how many namespaces are made:
with a thousand, a figure is good to some ten bytes.
"""

import ctypes
import json
import os
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

CLONE_NEWNET = 0x40000000
MODULE = "/nsmux/nsmux.ko"
SYSCTL = Path("/proc/sys/net/nsmux/mode")
FIRST = Path("/proc/self/ns/net")
FORGET = Path("/proc/sys/vm/drop_caches")

libc = ctypes.CDLL(None, use_errno=True)


def call(function, *arguments):
    """One call of the C library that must not fail."""
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def slabs():
    """How many bytes are allocated from slabs, by the cache.

    Those of kmalloc() of one size count as one: the kernel may have many, and
    choose by chance.
    """
    # Not what the kernel remembers of files that were opened, such as the
    # variable by which the mode is set: that is given up for want of memory,
    # the third time that it is come by at the latest, and freed by RCU.
    for _ in range(3):
        FORGET.write_text("2", "ascii")
    time.sleep(1)
    caches = Counter()
    for line in Path("/proc/slabinfo").read_text("ascii").splitlines()[2:]:
        name, active, _, size, *_ = line.split()
        name = re.sub(r"^kmalloc-(rnd-\d+-|cg-)", "kmalloc-", name)
        caches[name] += int(active) * int(size)
    return caches


def percpu():
    """How many bytes are reserved for what each processor has, for one of
    them."""
    for line in Path("/proc/meminfo").read_text("ascii").splitlines():
        name, size, *_ = line.split()
        if name == "Percpu:":
            return int(size) * 1024 // os.sysconf("SC_NPROCESSORS_CONF")
    raise KeyError("Percpu")


class Scales:
    """Tells what was allocated from one state to the next."""

    def __init__(self, count):
        self.count = count
        self.before = slabs(), percpu()

    def weigh(self, state):
        """Prints it, for each namespace."""
        caches, each = slabs(), percpu()
        caches.subtract(self.before[0])
        shared, each = caches.total(), each - self.before[1]
        print(json.dumps({"state": state,
                          "shared": round(shared / self.count),
                          "each": round(each / self.count),
                          "caches": {name: round(size / self.count)
                                     for name, size in caches.items()}}),
              flush=True)
        self.before = slabs(), percpu()


def main(count):
    """Weighs all states."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    first = os.open(FIRST, os.O_RDONLY)
    files = []
    scales = Scales(count)
    for _ in range(count):
        call(libc.unshare, CLONE_NEWNET)
        files.append(os.open(FIRST, os.O_RDONLY))
    call(libc.setns, first, 0)
    scales.weigh("without nsmux")
    subprocess.run(["insmod", MODULE], check=True)
    scales.weigh("off")
    for file in files:
        call(libc.setns, file, 0)
        SYSCTL.write_text("observe", "ascii")
    call(libc.setns, first, 0)
    scales.weigh("observe")


if __name__ == "__main__":
    main(int(sys.argv[1]))
