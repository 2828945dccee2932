#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""mode-set: what sysctl does, for any namespace and without entering it."""

import errno
import subprocess

from lib import hook_list, program, status
from lib.device_counters import sysfs, with_group
from lib.lifetime import wait_until
from lib.lookup_calls import lookup_calls
from lib.netlink_family import MISSING, Nsmux, check_refused, named, opened_in
from lib.topology import Namespace, ip_batch, read_sysctl
from net.lib.py import (KsftNamedVariant, cmd, ksft_eq, ksft_variants)

MODE = "net/nsmux/mode"
# MAX_HOOK_COUNT of net/netfilter/core.c.
MAX_HOOKS = 1024
# What calls nsmux for each device that there is, with RTNL held.
WATCH = "register_netdevice_notifier_net"
# Input and output of IPv4, IPv6 and ARP.
HOOKS = 6


def check_mode(namespace, mode):
    """What sysctl and procfs say, and whether there are hooks."""
    with namespace.enter():
        ksft_eq(read_sysctl(MODE), mode)
    ksft_eq(status.read(namespace).mode, mode)
    ksft_eq(len(hook_list.hooks(namespace)), 0 if mode == "off" else HOOKS)


def test_by_cookie():
    """Each mode, from each mode, for the namespace that is named alone."""
    with Namespace() as namespace, Namespace() as other, Nsmux() as nsmux:
        for mode in ("observe", "off", "off", "verify", "steer", "steer",
                     "observe", "off", "steer", "off"):
            ksft_eq(nsmux.do("mode-set", named(namespace) | {"mode": mode}),
                    None)
            check_mode(namespace, mode)
            check_mode(other, "off")


def test_own():
    """Without a selector it is the namespace of the netlink socket."""
    with Namespace() as namespace, opened_in(namespace) as nsmux:
        before = status.read().mode
        nsmux.do("mode-set", {"mode": "observe"})
        check_mode(namespace, "observe")
        ksft_eq(status.read().mode, before)


def test_by_descriptor_process_and_number():
    """The other ways to name a namespace."""
    with Namespace() as namespace, Namespace() as caller, \
            opened_in(caller) as nsmux:
        with caller.enter():
            ip_batch(f"netns set {namespace.name} 77")
        with namespace.enter():
            process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
        with process, open(f"/run/netns/{namespace.name}", "rb") as file:
            for way in ({"fd": file.fileno()}, {"pid": process.pid},
                        {"nsid": 77}):
                for mode in ("observe", "off"):
                    nsmux.do("mode-set", {"netns": way, "mode": mode})
                    check_mode(namespace, mode)
            process.stdin.close()


def test_counters_are_kept():
    """Off and on again goes on counting, as it does by sysctl."""
    with Namespace() as namespace, Nsmux() as nsmux:
        namespace.ip("link set lo up")
        for number in (1, 2):
            nsmux.do("mode-set", named(namespace) | {"mode": "observe"})
            with namespace.udp("127.0.0.1") as sock:
                sock.sendto(b"?", ("127.0.0.1", 9))
            nsmux.do("mode-set", named(namespace) | {"mode": "off"})
            ksft_eq(status.read(namespace).counts["receive", "udp", "none"],
                    number)


def test_devices_come_later():
    """A request does not wait until every device counts, with a lock held that
    others wait for; who writes the variable does."""
    with lookup_calls([WATCH]) as calls, Nsmux() as nsmux:
        def by_this_process():
            return sum(calls.by_nsmux().values())

        for set_mode, waits in (
                (lambda namespace: nsmux.do("mode-set", named(namespace)
                                            | {"mode": "observe"}), 0),
                (lambda namespace: namespace.set_mode("observe"), 1)):
            with Namespace() as namespace, sysfs(namespace) as devices:
                namespace.ip("link add dummy0 type dummy")
                calls.clear()
                set_mode(namespace)
                ksft_eq(by_this_process(), waits)
                expected = sorted([*namespace.devices, "dummy0"])
                if waits:
                    ksft_eq(with_group(devices), expected)
                else:
                    wait_until(lambda devices=devices, expected=expected:
                               with_group(devices) == expected,
                               "each device counts")


def test_no_room_for_hooks():
    """The kernel's own refusal is passed on, and the mode stays."""
    with Namespace() as namespace, Nsmux() as nsmux:
        rules = ["add table ip6 full"] + [
            f"add chain ip6 full c{number} "
            "{ type filter hook output priority 0; }"
            for number in range(MAX_HOOKS)]
        with namespace.enter():
            subprocess.run(["nft", "-f", "-"], input="\n".join(rules),
                           text=True, check=True)
        check_refused(lambda: nsmux.do("mode-set", named(namespace)
                                       | {"mode": "observe"}), errno.E2BIG)
        check_mode(namespace, "off")
        with namespace.enter():
            cmd("nft delete table ip6 full")
        nsmux.do("mode-set", named(namespace) | {"mode": "observe"})
        check_mode(namespace, "observe")


WAY = "a namespace is named by exactly one of fd, pid, nsid and cookie"
REFUSED = {
    "no_mode": ({}, "EINVAL", MISSING, None, "mode"),
    "unknown_mode": ({"mode": 4}, "ERANGE", "integer out of range", ".mode",
                     None),
    "large_mode": ({"mode": 0xffffffff}, "ERANGE", "integer out of range",
                   ".mode", None),
    "no_way": ({"mode": "off", "netns": {}}, "EINVAL", WAY, ".netns", None),
    "no_process": ({"mode": "off", "netns": {"pid": 0x7fffffff}}, "ESRCH",
                   "there is no such process", ".netns.pid", None),
    "no_cookie": ({"mode": "off", "netns": {"cookie": 1 << 60}}, "ENOENT",
                  "there is no namespace with this cookie", ".netns.cookie",
                  None),
    "counters": ({"mode": "off", "devices": 1}, "EINVAL",
                 "Unknown attribute type", ".devices", None),
}


@ksft_variants([KsftNamedVariant(name, *case)
                for name, case in REFUSED.items()])
def test_refused(asked, error, *told):
    """Each with its error and what is to blame; the mode stays."""
    with Namespace() as namespace, opened_in(namespace) as nsmux:
        nsmux.do("mode-set", {"mode": "observe"})
        check_refused(lambda: nsmux.do("mode-set", asked),
                      getattr(errno, error), *told)
        check_mode(namespace, "observe")


if __name__ == "__main__":
    program.run(globals())
