# SPDX-License-Identifier: GPL-2.0
"""Loading and unloading nsmux.ko.

The module is one for the whole machine, so tests that need it loaded and
tests that take it away exclude each other with a lock; that is what makes
it safe to run them in parallel.
"""

import contextlib
import fcntl
import os
from pathlib import Path

from net.lib.py import cmd
from . import KSFT_DIR

MODULE = Path("/sys/module/nsmux")
PARAMETER = MODULE / "parameters/mode"
LOCK = "/run/nsmux-selftest.lock"


def path():
    """The file to load: NSMUX_KO, or nsmux.ko beside the tests.

    That is beside the installed tree, or in the checkout.
    """
    if "NSMUX_KO" in os.environ:
        return os.environ["NSMUX_KO"]
    places = [KSFT_DIR.parent / "nsmux.ko",
              Path(__file__).parents[2] / "nsmux.ko"]
    for place in places:
        if place.exists():
            return str(place)
    raise FileNotFoundError(f"nsmux.ko is neither {places[0]} nor {places[1]}"
                            ": build it there, or set NSMUX_KO to where it is")


def loaded():
    """Whether the module is there and has finished its initialisation."""
    state = MODULE / "initstate"
    return state.exists() and state.read_text().strip() == "live"


def insmod(*parameters, **options):
    """Load the module; keeps the result of the command for its message."""
    return cmd(["insmod", path(), *parameters], **options)


def rmmod(**options):
    """Unload the module."""
    return cmd(["rmmod", "nsmux"], **options)


@contextlib.contextmanager
def _locked(operation):
    with open(LOCK, "w", encoding="ascii") as lock:
        fcntl.flock(lock, operation)
        yield lock


def _parameter():
    """The mode of new namespaces, if the module is loaded."""
    return PARAMETER.read_text().strip() if loaded() else None


@contextlib.contextmanager
def exclusive():
    """Have the module to oneself, and leave it as it was found."""
    with _locked(fcntl.LOCK_EX):
        before = _parameter()
        try:
            yield
        finally:
            if _parameter() != before:
                if loaded():
                    rmmod()
                if before:
                    insmod(f"mode={before}")


@contextlib.contextmanager
def required():
    """Have the module loaded, loading it if nobody did."""
    with _locked(fcntl.LOCK_EX) as lock:
        if not loaded():
            insmod()
        # Going from exclusive to shared is not one step: a test that was
        # waiting for the lock may unload the module in between.
        fcntl.flock(lock, fcntl.LOCK_SH)
        while not loaded():
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not loaded():
                insmod()
            fcntl.flock(lock, fcntl.LOCK_SH)
        yield
