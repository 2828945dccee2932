#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Allocations and registrations that fail, at any point.

Every function of the kernel that nsmux calls and that can fail is made to
fail, each call of it in turn. Loading then fails as a whole; a namespace is
made all the same, at worst without what could not be had; a mode that cannot
be set stays what it was. Afterwards all works again.
"""

import errno

from lib import hook_list, kernel_module, program, status
from lib.device_counters import sysfs, with_group
from lib.fault import FAILS_WITH, each_failing, failing
from lib.topology import Namespace, read_sysctl
from net.lib.py import (KsftNamedVariant, ksft_eq, ksft_in, ksft_pr,
                        ksft_true, ksft_variants)

REGISTERED_ONCE = ("genl_register_family", "register_pernet_subsys")
MADE_WITH_NAMESPACE = ("proc_create_single_data", "register_net_sysctl_sz")
# Its index has the same place in the table of devices as that of loopback.
SECOND_DEVICE = "link add dummy9 index 65 type dummy"
MADE_FOR_IT = "xa_store"
MADE_WITH_MODE = ("nf_register_net_hooks", "register_netdevice_notifier_net")
HOOKS = {"off": 0, "observe": 6, None: 0}


def variants(*without):
    """A variant for each function but those that an action does not call."""
    return ksft_variants([
        KsftNamedVariant(function.removesuffix("_noprof"), function)
        for function in FAILS_WITH if function not in without])


def unload_first():
    """These tests begin without the module."""
    if kernel_module.loaded():
        kernel_module.rmmod()


def check_all_works():
    """A namespace can be made, observed, and deleted."""
    with Namespace() as namespace:
        namespace.ip("link set lo up", SECOND_DEVICE)
        namespace.set_mode("observe")
        with namespace.udp() as sock:
            sock.sendto(b"?", ("127.0.0.1", 9))
        ksft_eq(status.read(namespace).counts["receive", "udp", "none"], 1)


def mode_if_any(namespace):
    """The namespace's mode; None if it has no such variable."""
    try:
        with namespace.enter():
            return read_sysctl("net/nsmux/mode")
    except FileNotFoundError:
        return None


def observe(namespace):
    """Set the mode; the namespace, and the error's number if there is one."""
    try:
        namespace.set_mode("observe")
    except OSError as error:
        return namespace, error.errno
    return namespace, None


@variants(MADE_FOR_IT)
def test_load(function):
    """Loading fails as a whole, or goes on without what it can do without."""
    unload_first()
    for nth, result in each_failing(
            function,
            lambda: kernel_module.insmod("mode=observe", fail=False)):
        ksft_pr(f"call {nth}: {result.stderr.strip() or 'loaded'}")
        ksft_eq(kernel_module.loaded(), not result.ret, f"call {nth}")
        if result.ret:
            ksft_in("Cannot allocate memory", result.stderr, f"call {nth}")
            ksft_true(nth, "there was a reason to fail")
        else:
            if nth is None:
                check_all_works()
            kernel_module.rmmod()


@variants(*REGISTERED_ONCE, MADE_FOR_IT)
def test_new_namespace(function):
    """`ip netns add` works whatever nsmux could not have."""
    unload_first()
    kernel_module.insmod("mode=observe")
    for nth, namespace in each_failing(function, Namespace):
        with namespace:
            mode = mode_if_any(namespace)
            ksft_pr(f"call {nth}: mode {mode}")
            if nth is None:
                ksft_eq(mode, "observe")
            if mode:
                ksft_eq(len(hook_list.hooks(namespace)), HOOKS[mode])
    check_all_works()
    kernel_module.rmmod()


@variants(*REGISTERED_ONCE, *MADE_WITH_NAMESPACE, MADE_FOR_IT)
def test_mode(function):
    """Observing cannot begin: the mode stays off, and can be set later."""
    unload_first()
    kernel_module.insmod()
    for nth, (namespace, error) in each_failing(
            function, lambda: observe(Namespace())):
        with namespace:
            ksft_pr(f"call {nth}: error {error}")
            ksft_in(error, (None, errno.ENOMEM, errno.ENOENT), f"call {nth}")
            mode = mode_if_any(namespace)
            if mode:
                ksft_eq(mode, "off" if error else "observe", f"call {nth}")
                ksft_eq(len(hook_list.hooks(namespace)), HOOKS[mode],
                        f"call {nth}")
                namespace.set_mode("observe")
    check_all_works()
    kernel_module.rmmod()


@variants(*REGISTERED_ONCE, *MADE_WITH_NAMESPACE, *MADE_WITH_MODE)
def test_new_device(function):
    """A device comes into an observed namespace, at worst without counters."""
    unload_first()
    kernel_module.insmod("mode=observe")
    with Namespace() as namespace, sysfs(namespace) as devices:
        for nth, _ in each_failing(
                function, lambda: namespace.ip(SECOND_DEVICE)):
            ksft_pr(f"call {nth}: {with_group(devices)}")
            if nth is None:
                ksft_eq(with_group(devices),
                        sorted([*namespace.devices, "dummy9"]))
            namespace.ip("link delete dummy9")
    check_all_works()
    kernel_module.rmmod()


def test_each_is_called():
    """No function is in the list that nsmux does not call."""
    unload_first()
    for function in FAILS_WITH:
        with failing(function, 0) as calls:
            kernel_module.insmod("mode=observe")
            check_all_works()
            kernel_module.rmmod()
            ksft_true(calls(), function)


if __name__ == "__main__":
    program.run_alone(globals())
