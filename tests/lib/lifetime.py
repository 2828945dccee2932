# SPDX-License-Identifier: GPL-2.0
"""Whether what is over is really gone, by signs that nsmux has no part in.

A socket of which somebody keeps a reference still counts as used in its
namespace, and keeps that namespace alive; what is left of a connection in
TIME_WAIT does neither, but its memory stays in its slab cache.
"""

import socket
import time
from pathlib import Path

from net.lib.py import KsftSkipEx, ksft_eq
from .patience import end_after

SLAB = Path("/sys/kernel/slab")


def wait_until(condition, what, deadline=20):
    """Wait until the condition holds, which is a check of the test."""
    end = end_after(deadline)
    while not (holds := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    ksft_eq(bool(holds), True, what)


def sockets_used(namespace):
    """How many sockets of the namespace exist, in any state."""
    with namespace.enter():
        with open("/proc/thread-self/net/sockstat", encoding="ascii") as file:
            return int(file.readline().split()[2])


def has_device(namespace, name):
    """Whether the namespace has a device of that name."""
    with namespace.enter():
        return name in (device for _, device in socket.if_nameindex())


def check_death(namespace, witness, device):
    """Delete the namespace and see it die.

    A veth pair goes when either end's namespace is taken apart, which is
    when nothing refers to it any more.
    """
    ksft_eq(has_device(witness, device), True, f"{device} is there")
    namespace.delete()
    wait_until(lambda: not has_device(witness, device),
               f"the namespace with {device} dies when it is deleted")


def slab_objects(cache):
    """How many objects of a slab cache are in use.

    Free ones that processors keep for themselves are given back first.
    """
    if not (SLAB / cache / "objects").exists():
        raise KsftSkipEx(f"{SLAB}/{cache} is not there: CONFIG_SLUB_DEBUG")
    (SLAB / cache / "shrink").write_text("1", encoding="ascii")
    text = (SLAB / cache / "objects").read_text(encoding="ascii")
    return int(text.split()[0])
