#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The mode of a namespace: values good and bad, and what each mode does."""

import errno
import os

from lib import hook_list, kernel_module, lookup_trace, program, status
from lib.topology import Namespace, read_sysctl, write_sysctl
from net.lib.py import (KsftNamedVariant, defer, ksft_eq, ksft_in, ksft_lt,
                        ksft_raises, ksft_variants)

MODE = "net/nsmux/mode"
GOOD = [("off", "off"), ("observe", "observe"), ("0", "off"),
        ("1", "observe"), ("observe\n", "observe"), ("off\n", "off"),
        ("verify", "verify"), ("2", "verify"), ("steer", "steer"),
        ("3", "steer")]
BAD = ["\n", "4", "-1", "01", "1 ", " observe", "observe off", "Observe",
       "OFF", "observer", "o", "of", "verif", "steered", "99999999999999",
       "observe" + "x" * 100, "off" + " " * 100]


def refused(write, value):
    """The value is refused with EINVAL."""
    with ksft_raises(OSError) as error:
        write(value)
    ksft_eq(error.exception and error.exception.errno, errno.EINVAL,
            repr(value[:30]))


@ksft_variants([KsftNamedVariant(repr(value)[1:-1], value, mode)
                for value, mode in GOOD])
def test_good_value(value, mode):
    """Names and numbers are taken; the name is what is read."""
    other = "observe" if mode == "off" else "off"
    with Namespace() as namespace:
        namespace.set_mode(other)
        namespace.sysctl(MODE, value)
        with namespace.enter():
            ksft_eq(read_sysctl(MODE), mode)
        ksft_eq(status.read(namespace).mode, mode)


def test_bad_values():
    """Anything else is EINVAL, and the mode stays what it was."""
    with Namespace() as namespace, namespace.enter():
        for mode in ("off", "observe"):
            write_sysctl(MODE, mode)
            for value in BAD:
                refused(lambda value: write_sysctl(MODE, value), value)
                ksft_eq(read_sysctl(MODE), mode, repr(value[:30]))


def test_same_value_again():
    """Writing the mode that is set changes nothing, counts included."""
    with Namespace() as namespace:
        namespace.ip("link set lo up")
        namespace.set_mode("observe")
        for number in range(1, 4):
            send_to_itself(namespace)
            namespace.set_mode("observe")
            ksft_eq(status.read(namespace).counts["receive", "udp", "none"],
                    number)


def test_version_is_read_only():
    """Root cannot write it either."""
    with Namespace() as namespace, namespace.enter():
        with ksft_raises(PermissionError):
            os.close(os.open("/proc/sys/net/nsmux/version", os.O_WRONLY))


def send_to_itself(namespace):
    """One datagram through loopback that nobody waits for."""
    with namespace.udp() as sock:
        sock.sendto(b"?", ("127.0.0.1", 9))


# What packets of a protocol can come to: received ones may be anybody's, and
# of one that is transmitted the sender is known.
TCP = {"established", "time-wait", "request", "listener", "none"}
UDP = {"connected", "unconnected", "none"}
RAW = {"connected", "unconnected"}
TO_ANYONE = {"ambiguous", "foreign"}
CAN_BE = {
    "receive": {"tcp": TCP | TO_ANYONE, "udp": UDP | TO_ANYONE | {"multiple"},
                "raw": RAW | {"multiple"},
                "error": (TCP | UDP | TO_ANYONE | {"multiple"})
                - {"listener"}},
    "transmit": {"tcp": TCP, "udp": UDP, "raw": RAW, "error": set()},
}


def absent(direction, protocol):
    """The outcomes that a protocol cannot have in a direction."""
    can_be = CAN_BE[direction][protocol.rstrip("6")]
    return set(status.OUTCOMES) - can_be


def test_hooks_are_there_only_while_observing():
    """In mode off nothing of nsmux is on the packets' path."""
    with Namespace() as namespace:
        namespace.ip("link set lo up")
        ksft_eq(hook_list.hooks(namespace), [], "new")
        namespace.set_mode("observe")
        set_hooks = hook_list.hooks(namespace)
        ksft_eq(sorted(hook[:2] for hook in set_hooks),
                [(family, place) for family in ("arp", "ip", "ip6")
                 for place in ("input", "output")])
        for family, place, priority in set_hooks:
            if family == "arp" or place == "input":
                ksft_eq(priority, 200, f"{family} after the filter and NAT")
            else:
                ksft_lt(priority, -200, f"{family} before tracking and NAT")
        namespace.set_mode("off")
        ksft_eq(hook_list.hooks(namespace), [], "off again")


def test_off_counts_nothing():
    """Counters stand still in mode off, and are kept."""
    with Namespace() as namespace, lookup_trace.capture(namespace) as trace:
        namespace.ip("link set lo up")
        send_to_itself(namespace)
        ksft_eq(set(status.read(namespace).counts.values()), {0})
        namespace.set_mode("observe")
        send_to_itself(namespace)
        namespace.set_mode("off")
        observed = status.read(namespace)
        lookups = trace.lookups()
        ksft_eq([lookup.protocol for lookup in lookups],
                ["udp", "udp", "error"],
                "one transmitted, one received, one told of")
        send_to_itself(namespace)
        ksft_eq(status.read(namespace).counts, observed.counts)
        ksft_eq(trace.lookups(), lookups)


def test_mode_is_of_one_namespace():
    """Setting it in one does not touch the others."""
    with Namespace() as one, Namespace() as other:
        before = status.read().mode
        one.set_mode("observe")
        ksft_eq(status.read(other).mode, "off")
        ksft_eq(status.read().mode, before)


def test_parameter_of_a_loaded_module():
    """It is for namespaces made from then on, and takes what sysctl takes."""
    write = kernel_module.PARAMETER.write_text
    with Namespace() as older:
        defer(write, kernel_module.PARAMETER.read_text())
        for value, mode in GOOD:
            write(value)
            ksft_eq(kernel_module.PARAMETER.read_text(), f"{mode}\n")
            with Namespace() as younger:
                ksft_eq(status.read(younger).mode, mode, repr(value))
        ksft_eq(status.read(older).mode, "off")
        for value in BAD:
            refused(write, value)


def test_format():
    """What people read: names, cells that cannot be, aligned columns."""
    with Namespace() as namespace:
        now = status.read(namespace)
    ksft_eq(now.head, {"mode": "off", "namespace": str(namespace.cookie)})
    ksft_eq(set(now.counts) & now.absent, set())
    ksft_eq(now.absent, {
        (direction, protocol, outcome) for direction in status.DIRECTIONS
        for protocol in status.PROTOCOLS
        for outcome in absent(direction, protocol)})
    cells = {(direction, column)
             for direction in status.DIRECTIONS + status.ARP_DIRECTIONS
             for column in status.RESOLVED} | {
        (direction, column) for direction in status.DIRECTIONS
        for column in status.MODES} | {
        (direction, protocol, column) for direction in status.DIRECTIONS
        for protocol in status.PROTOCOLS
        for column in ("packets",) + status.OUTCOMES}
    ksft_eq(set(now.counts) | now.absent, cells)
    for block in now.text.rstrip("\n").split("\n\n")[1:]:
        ksft_eq(len({len(line) for line in block.splitlines()}), 1,
                "lines of the same length")
        ksft_in(block.split()[0], ("resolved", "modes") + status.DIRECTIONS)


if __name__ == "__main__":
    program.run(globals())
