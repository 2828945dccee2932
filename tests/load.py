#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Loading and unloading the module, with parameters good and bad."""

import os
import tempfile
from pathlib import Path

from lib import kernel_module, program, status
from lib.lookup_trace import EVENT, TRACEFS
from lib.topology import Namespace
from net.lib.py import (KsftNamedVariant, KsftSkipEx, cmd, ksft_eq, ksft_in,
                        ksft_not_in, ksft_true, ksft_variants)

GOOD = [("off", "off"), ("observe", "observe"), ("verify", "verify"),
        ("steer", "steer"), ("0", "off"), ("1", "observe"), ("3", "steer")]
BAD = ["", "4", "-1", "99999999999999999999", "Observe", "OFF", "observer",
       "of", "off,observe", "1.0", "0x", "none", "observe" * 100]
VARIANTS = [KsftNamedVariant(None, *values) for values in GOOD]
INTERFACES = [Path("/proc/thread-self/net/nsmux"), Path("/proc/sys/net/nsmux"),
              kernel_module.MODULE, TRACEFS / EVENT]


def unload_first():
    """These tests begin without the module."""
    if kernel_module.loaded():
        kernel_module.rmmod()


def present():
    """Which of the module's interfaces there are."""
    return [path for path in INTERFACES if path.exists()]


@ksft_variants(VARIANTS)
def test_parameter(value, mode):
    """The mode goes to namespaces there were, and to those made later."""
    unload_first()
    with Namespace() as before:
        kernel_module.insmod(f"mode={value}")
        with Namespace() as after:
            for namespace in (before, after):
                ksft_eq(status.read(namespace).mode, mode, namespace.name)
        ksft_eq(status.read().mode, mode, "the initial namespace")
        ksft_eq(kernel_module.PARAMETER.read_text(encoding="ascii"),
                f"{mode}\n")
        kernel_module.rmmod()


def test_no_parameter():
    """Nothing is observed unless somebody asks for it."""
    unload_first()
    kernel_module.insmod()
    ksft_eq(status.read().mode, "off")
    kernel_module.rmmod()


def test_bad_parameters():
    """Rubbish is refused, and leaves nothing behind."""
    unload_first()
    for value in BAD:
        result = kernel_module.insmod(f"mode={value}", fail=False)
        ksft_true(result.ret, f"mode={value[:30]} is refused")
        ksft_in("Invalid parameters", result.stderr, f"mode={value[:30]}")
        ksft_eq(present(), [], f"after mode={value[:30]}")
    result = kernel_module.insmod("mode", fail=False)
    ksft_true(result.ret, "mode without a value is refused")
    ksft_eq(present(), [])


def test_other_release():
    """A kernel that the module was not built for is refused, also by a module
    that is loaded by force."""
    if Path("/proc/lockdep").exists():
        raise KsftSkipEx("a module that is loaded by force turns lockdep off")
    unload_first()
    release = os.uname().release
    other = release[:-1] + "X"
    data = Path(kernel_module.path()).read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "nsmux.ko"
        file.write_bytes(data.replace(release.encode(), other.encode()))
        result = cmd(["insmod", "--force", str(file)], fail=False)
    log = cmd("dmesg").stdout
    ksft_true(result.ret, "it is refused")
    ksft_in(f"nsmux: built for Linux {other}, and this is another one", log)
    ksft_eq(present(), [])


def test_reload():
    """Again and again, with everything there and gone each time."""
    unload_first()
    for _ in range(5):
        kernel_module.insmod("mode=observe")
        ksft_eq(present(), INTERFACES)
        kernel_module.rmmod()
        ksft_eq(present(), [])


def test_counts_start_at_zero():
    """A module loaded again knows nothing of the time before."""
    unload_first()
    with Namespace() as namespace:
        namespace.ip("link set lo up")
        for _ in range(2):
            kernel_module.insmod("mode=observe")
            ksft_eq(set(status.read(namespace).counts.values()), {0})
            with namespace.udp() as sock:
                sock.sendto(b"?", ("127.0.0.1", 9))
            ksft_eq(status.read(namespace).counts["receive", "udp", "none"], 1)
            kernel_module.rmmod()


def test_loaded_twice():
    """The second one is refused and the first one stays."""
    unload_first()
    kernel_module.insmod()
    result = kernel_module.insmod(fail=False)
    ksft_in("File exists", result.stderr)
    ksft_eq(present(), INTERFACES)
    kernel_module.rmmod()


def test_kernel_log_is_clean():
    """None of it made the kernel complain.

    A module that taints for being out of tree or unsigned is expected.
    """
    with open("/proc/sys/kernel/tainted", encoding="ascii") as file:
        tainted = int(file.read())
    taint_warn, taint_die = 1 << 9, 1 << 7
    ksft_eq(tainted & (taint_warn | taint_die), 0, "a warning or an oops")


def test_version():
    """The version is the same wherever it is told."""
    unload_first()
    kernel_module.insmod()
    version = (kernel_module.MODULE / "version").read_text(encoding="ascii")
    ksft_eq(Path("/proc/sys/net/nsmux/version").read_text(encoding="ascii"),
            version)
    ksft_not_in(version.strip(), ("", "0"))
    kernel_module.rmmod()


if __name__ == "__main__":
    program.run_alone(globals())
