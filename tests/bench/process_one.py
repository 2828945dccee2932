# SPDX-License-Identifier: GPL-2.0
"""For programs that are process 1 of user-mode Linux.

Its files are the host's, to be read only. What is printed is the host's to
read: lines of JSON, of which the last one says that all was done.
"""
import contextlib
import ctypes
import json
import os
import stat
import statistics
import subprocess
import time
from pathlib import Path

COUNTED = Path("/proc/net/nsmux")
RB_POWER_OFF = 0x4321fedc
CONSOLE = os.makedev(5, 1)


def run(main, arguments):
    """Prepare what a program wants to have, run it, and power off."""
    prepare()
    try:
        main(arguments)
    except Exception as error:  # whatever it is: process 1 must not end
        print(f"{type(error).__name__}: {error}", flush=True)
    finally:
        os.sync()
        ctypes.CDLL(None).reboot(RB_POWER_OFF)


def prepare():
    """File systems, a console to write to, and loopback."""
    for kind, place in (("proc", "/proc"), ("sysfs", "/sys"),
                        ("tmpfs", "/tmp"), ("tmpfs", "/run")):
        subprocess.run(["mount", "-t", kind, kind, place], check=True)
    os.mknod("/tmp/console", stat.S_IFCHR | 0o600, CONSOLE)
    console = os.open("/tmp/console", os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(console, descriptor)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def tell(line):
    """A line for the host."""
    print(json.dumps(line), flush=True)


@contextlib.contextmanager
def module(path):
    """The module is loaded."""
    subprocess.run(["insmod", path], check=True)
    try:
        yield
    finally:
        subprocess.run(["rmmod", path.stem], check=True)


def received():
    """What nsmux has counted in this namespace: protocol -> packets received.
    """
    lines = COUNTED.read_text(encoding="ascii").splitlines()
    head = next(number for number, line in enumerate(lines)
                if line.startswith("receive ") and " packets " in line)
    rows = [line.split() for line in lines[head + 1:head + 5]]
    return {name: int(packets) for name, packets, *_ in rows}


def ticks_in_a_nanosecond(counter):
    """How far the time stamp counter goes on."""
    found = []
    for _ in range(5):
        begin, counted = time.monotonic_ns(), counter()
        time.sleep(0.1)
        counted = counter() - counted
        found.append(counted / (time.monotonic_ns() - begin))
    return statistics.median(found)
