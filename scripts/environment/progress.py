# SPDX-License-Identifier: GPL-2.0
"""Tells what takes long, and for how long it has taken so far."""

import sys
import threading
import time
from contextlib import contextmanager

# A step that takes longer says so again after every so many seconds.
REMINDER = 30

_start = time.monotonic()
_turn = threading.Lock()


def say(text):
    """Prints one line with the time since the program started."""
    with _turn:
        print(f"nsmux: [{time.monotonic() - _start:4.0f} s] {text}", file=sys.stderr, flush=True)


@contextmanager
def step(what):
    """Reports the begin and end of `what`, and that it is still going on in between."""
    begin = time.monotonic()
    done = threading.Event()

    def remind():
        while not done.wait(REMINDER):
            say(f"  still: {what} ({time.monotonic() - begin:.0f} s)")

    say(what)
    reminder = threading.Thread(target=remind, daemon=True)
    reminder.start()
    try:
        yield
    finally:
        done.set()
        reminder.join()
    say(f"  done: {what} ({time.monotonic() - begin:.0f} s)")
