# SPDX-License-Identifier: GPL-2.0
"""Counts instructions, in a guest whose clock is made of them.

QEMU's -icount lets the time of a guest go by with what its one processor
executes: a nanosecond, and a tick of the time stamp counter, is an instruction.
So a figure is the same on every machine and in every run, once the guest has
come to rest. In the seconds after boot it has not, and its kernel may still use
another clock: ready() waits for that, and checks that what is known in advance
is counted right.
"""
import ctypes
import time
from pathlib import Path

LIBRARY = Path(__file__).with_name("counted.so")
CLOCK_SOURCE = Path("/sys/devices/system/clocksource/clocksource0"
                    "/current_clocksource")
FINAL = "tsc"

# How long to wait, and how the wait goes on meanwhile, in seconds of the guest.
PATIENCE, PAUSE = 60, 0.2

# A turn of the loop is two instructions. A tick of the kernel is some 3,000 of
# the 4,000,000 in between; a guest that is busy with something else takes more.
TURNS = 1_000_000
AT_REST, IN_A_ROW = 1.01, 5

# CLOCK_MONOTONIC is the same counter, by a factor that the kernel has measured.
AGREES = 1e-3


class Library(ctypes.CDLL):
    """counted.so, whose functions say how many they have executed."""

    def __init__(self):
        super().__init__(str(LIBRARY), use_errno=True)
        self.loop.argtypes = [ctypes.c_uint64]
        for function in (self.loop, self.send_batch, self.pass_bytes):
            function.restype = ctypes.c_uint64


def ready():
    """The library, once clock and guest have come to rest; else TimeoutError
    or, in a guest whose clock goes by something else, RuntimeError."""
    library = Library()
    wait_for(lambda: CLOCK_SOURCE.read_text().strip() == FINAL,
             f"{CLOCK_SOURCE} does not become {FINAL}")
    wait_for(lambda: all(library.loop(TURNS) < 2 * TURNS * AT_REST
                         for _ in range(IN_A_ROW)),
             "the guest does not come to rest")
    check(library)
    return library


def wait_for(condition, otherwise):
    """Ask again until the condition holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{otherwise} in {PATIENCE} s")
        time.sleep(PAUSE)


def check(library):
    """Count what is known in advance."""
    # Each by itself: an interrupt in the shorter one would make the
    # difference smaller.
    counted = least(lambda: library.loop(3000)) - least(
        lambda: library.loop(1000))
    if counted != 4000:
        raise RuntimeError(
            f"4000 instructions were counted as {counted}: the clock of this "
            "guest is not one of instructions (it takes -icount shift=0)")
    by_clock = (least(lambda: clocked(library, TURNS))
                - least(lambda: clocked(library, TURNS // 2)))
    if abs(by_clock / TURNS - 1) > AGREES:
        raise RuntimeError(f"{TURNS} instructions took {by_clock} ns by "
                           "CLOCK_MONOTONIC")


def clocked(library, turns):
    """The nanoseconds that the loop takes by the kernel's clock."""
    begin = time.monotonic_ns()
    library.loop(turns)
    return time.monotonic_ns() - begin


def least(measure, rounds=15):
    """The least of some measurements: what interrupts disturb is more."""
    return min(measure() for _ in range(rounds))
