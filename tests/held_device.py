#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Devices that somebody still holds when they are deleted.

    near: held0 ---- held0: far, held;  far: veth0 ---- veth0: witness

The kernel tells of the end of such a device every second, until it is let go.
By then its namespace may have ended, and the module have gone. A debug kernel
sees who looks for something in them all the same.
"""

import contextlib
import subprocess
from pathlib import Path

from lib import kernel_module, program
from lib.device_counters import read, sysfs, with_group
from lib.lifetime import check_death, wait_until
from lib.topology import Namespace, write_sysctl
from net.lib.py import KsftSkipEx, cmd, ksft_eq

MODULE = Path(__file__).parent / "fault/nsmux_hold.ko"
PARAMETERS = Path("/sys/module/nsmux_hold/parameters")
PATIENCE = "net/core/netdev_unregister_timeout_secs"


def count(name):
    """What the module that holds has counted."""
    return int((PARAMETERS / name).read_text(encoding="ascii"))


def hold(name):
    """Hold a device of the current namespace, or with "" none."""
    (PARAMETERS / "hold").write_text(name + "\n", encoding="ascii")


@contextlib.contextmanager
def holder():
    """The module that holds, loaded before nsmux.

    So nsmux leaves a namespace before the module that counts its end.
    """
    if not MODULE.exists():
        raise KsftSkipEx(f"{MODULE.name} is not there: the tests were "
                         "installed without KDIR")
    if kernel_module.loaded():
        kernel_module.rmmod()
    cmd(["insmod", str(MODULE)])
    try:
        kernel_module.insmod("mode=observe")
        yield
    finally:
        if kernel_module.loaded():
            kernel_module.rmmod()
        cmd(["rmmod", "nsmux_hold"])


def wait_told(more):
    """Wait until the end of the device was told so many times more."""
    goal = count("told") + more
    wait_until(lambda: count("told") >= goal, f"its end is told {more} times")


@contextlib.contextmanager
def deletion(near, far):
    """Delete a pair whose end in `far` is held: it takes until it is not."""
    near.ip(f"link add held0 type veth peer name held0 netns {far.name}")
    # Lest the kernel complains that it takes long.
    write_sysctl(PATIENCE, 1000)
    with far.enter():
        hold("held0")
    with subprocess.Popen(["ip", "-n", near.name, "link", "delete",
                           "held0"]) as process:
        try:
            wait_told(1)
            yield process
        finally:
            hold("")
            ksft_eq(process.wait(), 0, "the pair is deleted in the end")
            write_sysctl(PATIENCE, 10)


def test_namespace_lives():
    """It has left once, and nothing of it comes back."""
    with holder(), Namespace() as near, Namespace() as far, \
            sysfs(far) as devices:
        with deletion(near, far):
            wait_told(2)
            ksft_eq(with_group(devices), sorted(far.devices))
            near.ip("link add held0 type veth peer name held0 "
                    f"netns {far.name}")
            wait_told(2)
            ksft_eq(with_group(devices), sorted([*far.devices, "held0"]),
                    "another device of that name")
        ksft_eq(read(devices, "held0"), {})


def test_namespace_ends():
    """Its namespace ends before it does."""
    with holder(), Namespace() as near, Namespace() as witness:
        far = Namespace()
        witness.ip("link add veth0 type veth peer name veth0 "
                   f"netns {far.name}")
        with deletion(near, far):
            before = count("ended")
            check_death(far, witness, "veth0")
            wait_until(lambda: count("ended") > before, "all have left it")
            wait_told(2)


def test_module_goes():
    """The module goes before the device does."""
    with holder(), Namespace() as near, Namespace() as far:
        with deletion(near, far):
            kernel_module.rmmod()
            wait_told(2)
            kernel_module.insmod("mode=observe")
            wait_told(2)


if __name__ == "__main__":
    program.run_alone(globals())
