#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Every change of the mode while packets are on their way.

Questions and answers over TCP and UDP and transfers over TCP run all the
time, in both families; nothing may be lost, and no reference be kept.
"""

import collections
import contextlib
import itertools

from lib import kernel_module, program, snmp, status
from lib.lifetime import slab_objects, sockets_used, wait_until
from lib.topology import NEAR, Namespace, address_lines, veth_pair
from lib.traffic import Traffic
from net.lib.py import KsftNamedVariant, ksft_eq, ksft_gt, ksft_variants

# From each mode to each other one, once.
MODES = ("observe", "off", "verify", "off", "steer", "observe", "verify",
         "observe", "steer", "verify", "steer", "off")
SOCKET_CACHES = ("TCP", "TCPv6", "UDP", "UDPv6")
# What the kernel counts when it has no socket for a packet, or the wrong one.
TROUBLE = ("Udp.NoPorts", "Udp.InErrors", "Udp6.NoPorts", "Udp6.InErrors",
           "Tcp.OutRsts", "Tcp.EstabResets", "Tcp.AttemptFails",
           "Tcp.InErrs", "Icmp.OutDestUnreachs", "Icmp6.OutDestUnreachs")
# What the kernel counts before the hooks, and what behind them: a packet that is
# lost there is made up for by TCP, and not seen in the data.
BALANCES = (("Ip.InReceives", "Ip.InDelivers"),
            ("Ip6.InReceives", "Ip6.InDelivers"),
            ("Ip.OutRequests", "Ip.OutTransmits"),
            ("Ip6.OutRequests", "Ip6.OutTransmits"))


@contextlib.contextmanager
def over_veth():
    """Traffic between two namespaces."""
    with veth_pair() as pair, Traffic(*pair, with_transfers=True) as traffic:
        yield pair, traffic


@contextlib.contextmanager
def over_loopback():
    """Traffic inside one."""
    with Namespace() as namespace:
        namespace.ip(*address_lines("lo"))
        with Traffic(namespace, namespace, NEAR,
                     with_transfers=True) as traffic:
            yield (namespace,), traffic


TOPOLOGIES = {"veth": over_veth, "loopback": over_loopback}


def load_if_needed():
    """These tests begin with the module loaded."""
    if not kernel_module.loaded():
        kernel_module.insmod()


def set_early_demux(namespaces, value):
    """Whether the kernel finds sockets before nsmux sees the packet."""
    for namespace in namespaces:
        namespace.sysctl("net/ipv4/ip_early_demux", int(value))


def received(namespaces, name):
    """A counter of received packets, of all namespaces together."""
    return sum(status.read(namespace).counts["receive", name]
               for namespace in namespaces)


def lost(namespaces):
    """How many packets went into the hooks and have not come out."""
    counters = collections.Counter()
    for namespace in namespaces:
        counters.update(snmp.read(namespace))
    differences = {before: counters[before] - counters[behind]
                   for before, behind in BALANCES}
    # Reports of membership are for routers, and received by nobody here; one
    # that was sent before the other end was up has not even come.
    reports = counters["Icmp6.OutMLDv2Reports"]
    if 0 < differences["Ip6.InReceives"] <= reports:
        del differences["Ip6.InReceives"]
    return {name: count for name, count in differences.items() if count}


def check(namespaces):
    """Neither the kernel nor nsmux has anything to complain of."""
    # The last acknowledgements may still be on their way.
    wait_until(lambda: not lost(namespaces), "all packets have come out")
    ksft_eq(lost(namespaces), {}, "packets lost in the hooks")
    for namespace in namespaces:
        counters = snmp.read(namespace)
        ksft_eq({name: counters[name] for name in TROUBLE
                 if counters.get(name)}, {}, "packets in trouble")
        now = status.read(namespace)
        status.check_sums(now)
        for name in ("disagree", "demux-other", "sender-other", "unparsed"):
            for direction in status.DIRECTIONS:
                ksft_eq(now.counts.get((direction, name), 0), 0,
                        f"{direction} {name}")


@ksft_variants([KsftNamedVariant(f"{name}_{word}", topology, early)
                for (name, topology), (word, early) in itertools.product(
                    TOPOLOGIES.items(), (("early_demux", True),
                                         ("no_early_demux", False)))])
def test_switch(topology, early_demux):
    """From every mode to every other one."""
    load_if_needed()
    with topology() as (namespaces, traffic):
        set_early_demux(namespaces, early_demux)
        for mode in MODES:
            before = received(namespaces, "steered")
            for namespace in namespaces:
                namespace.set_mode(mode)
            traffic.wait_for_progress()
            if mode == "steer" and not early_demux:
                ksft_gt(received(namespaces, "steered"), before)
        traffic.check()
        check(namespaces)


@ksft_variants([KsftNamedVariant(*item) for item in TOPOLOGIES.items()])
def test_references(topology):
    """The module is unloaded while it steers: no socket is kept."""
    load_if_needed()
    before = {cache: slab_objects(cache) for cache in SOCKET_CACHES}
    with topology() as (namespaces, traffic):
        set_early_demux(namespaces, False)
        for _ in range(3):
            for namespace in namespaces:
                namespace.set_mode("steer")
            traffic.wait_for_progress()
            ksft_gt(received(namespaces, "steered"), 0)
            kernel_module.rmmod()
            traffic.wait_for_progress()
            kernel_module.insmod()
        traffic.check()
        check(namespaces)
        traffic.close()
        wait_until(lambda: not any(map(sockets_used, namespaces)),
                   "no socket of the namespaces is left")
    for cache, count in before.items():
        wait_until(lambda cache=cache, count=count:
                   slab_objects(cache) <= count,
                   f"{cache} has no more objects than before")


if __name__ == "__main__":
    program.run_alone(globals())
