# SPDX-License-Identifier: GPL-2.0
"""Runs tests in two guests at a time, if the machine has room for two.

An emulated guest keeps one processor busy, whatever it has itself. What the first one says is
shown as it comes, and what the other one says after that: KTAP has no place for two at a time.
"""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kernel_module.module import MODULE, PROJECT
from machine import boot
from selftests import tree
from selftests.ktap import Counter
from selftests.run import Manner, run_tests

AT_MOST = 2
# What one more guest takes beside its own memory: QEMU, and its initramfs.
MEGABYTES_BESIDE = 1024


class InTurn:
    """Shows the output of several guests, one guest after the other."""

    def __init__(self, count, show=boot.print_output):
        self._show = show
        self._kept = [bytearray() for _ in range(count)]
        self._ended = [False] * count
        self._turn = 0
        self._lock = threading.Lock()

    def take(self, number, data):
        """One of them says something."""
        with self._lock:
            self._kept[number] += data
            self._pass_on()

    def end(self, number):
        """One of them says nothing more."""
        with self._lock:
            self._ended[number] = True
            self._pass_on()

    def _pass_on(self):
        while self._turn < len(self._kept):
            kept = self._kept[self._turn]
            if kept:
                self._show(bytes(kept))
                kept.clear()
            if not self._ended[self._turn]:
                return
            self._turn += 1


def guests(megabytes, available=None):
    """How many guests of that size this machine has room for: one at least."""
    if available is None:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        available = next(int(line.split()[1]) >> 10
                         for line in lines if line.startswith("MemAvailable:"))
    room = available // (megabytes + MEGABYTES_BESIDE)
    return max(1, min(AT_MOST, len(os.sched_getaffinity(0)), room))


def run_side_by_side(environment, names=(), module=PROJECT / MODULE, manner=Manner(), counter=None):
    """Runs the named tests, or all. Returns the counted results, together with those before."""
    counter = counter or Counter()
    # A name that there is not ends the run before anything is booted.
    tree.select(names)
    names = list(names) or tree.programs()
    count = min(guests(manner.megabytes), len(names))
    turns = InTurn(count)

    def one(number):
        try:
            return run_tests(environment, names[number::count], module,
                             lambda data: turns.take(number, data), manner)
        finally:
            turns.end(number)

    with ThreadPoolExecutor(count) as pool:
        for results in pool.map(one, range(count)):
            counter.add(results)
    return counter
