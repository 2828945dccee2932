# SPDX-License-Identifier: GPL-2.0
"""Calls that nsmux makes and that fail, one at a time (tests/fault/)."""

import contextlib
import errno
import itertools
from pathlib import Path

from net.lib.py import KsftSkipEx, cmd

FILE = Path(__file__).parents[1] / "fault/nsmux_fault.ko"
PARAMETERS = Path("/sys/module/nsmux_fault/parameters")

REALLOC = "rust_helper_krealloc_node_align"

# What returns a pointer returns none, what returns a number an error.
FAILS_WITH = {
    REALLOC: 0,
    "pcpu_alloc_noprof": 0,
    "proc_create_single_data": 0,
    "register_net_sysctl_sz": 0,
    "nf_register_net_hooks": -errno.ENOMEM,
    "genl_register_family": -errno.ENOMEM,
    "register_pernet_subsys": -errno.ENOMEM,
    "register_netdevice_notifier_net": -errno.ENOMEM,
    "kobject_add": -errno.ENOMEM,
    # As an entry of an XArray that is an error.
    "xa_store": (-errno.ENOMEM << 2) | 2,
}


@contextlib.contextmanager
def failing(function, nth):
    """nsmux's nth call of the function fails; with 0 they are counted only.

    Yields a function that tells how many calls there were, or by another name
    what else is known of them.
    """
    if not FILE.exists():
        raise KsftSkipEx(f"{FILE.name} is not there: the tests were installed "
                         "without KDIR")
    # To free is to reallocate to a size (argument 1) of 0, and cannot fail.
    argument = 1 if function == REALLOC else -1
    cmd(["insmod", str(FILE), f"symbol={function}", f"argument={argument}",
         f"result={FAILS_WITH[function] if nth else 0}", f"nth={nth}"])
    try:
        yield lambda name="calls": int(
            (PARAMETERS / name).read_text(encoding="ascii"))
    finally:
        cmd(["rmmod", "nsmux_fault"])


def each_failing(function, action):
    """Call the action again and again, each time with a later call failing.

    Yields, when nothing fails any more, the number of that call and what the
    action returned; None for the last time, when there was no call to fail.
    """
    for nth in itertools.count(1):
        with failing(function, nth) as calls:
            result = action()
            failed = calls() >= nth
        yield nth if failed else None, result
        if not failed:
            return
