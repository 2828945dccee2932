#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Packets that only pass, through a router or a bridge, and what the router
says of those that do not.

    near: veth0 ---- veth0: router: veth1 ---- veth0: beyond
"""

import contextlib
import socket

from lib import lookup_trace, program, snmp
from lib.exchange import PACKETS, PORT, exchange
from lib.identity import socket_cookie
from lib.observed import FAMILY_VARIANTS, check_lookup
from lib.resolution import Resolution, check_all
from lib.topology import FAR, NEAR, Namespace, connect, veth_pair
from net.lib.py import ksft_eq, ksft_variants

FOUR, SIX = socket.AF_INET, socket.AF_INET6
GATEWAY = {FOUR: "198.51.100.1", SIX: "2001:db8:1::1"}
BEYOND = {FOUR: "198.51.100.2", SIX: "2001:db8:1::2"}
ROWS = ("tcp", "udp", "tcp6", "udp6")
ERROR = {FOUR: "error", SIX: "error6"}
EXCEEDED = {FOUR: "Icmp.OutTimeExcds", SIX: "Icmp6.OutTimeExcds"}


@contextlib.contextmanager
def routed():
    """The three namespaces."""
    with veth_pair("observe") as (near, router), Namespace() as beyond:
        connect(router, beyond, "veth1", GATEWAY, BEYOND)
        for version in ("ipv4", "ipv6"):
            router.sysctl(f"net/{version}/conf/all/forwarding", 1)
        for namespace, gateways in ((near, FAR), (beyond, GATEWAY)):
            namespace.ip(*(f"route add default via {address}"
                           for address in gateways.values()))
        beyond.set_mode("observe")
        yield near, router, beyond


@ksft_variants(FAMILY_VARIANTS)
def test_through_a_router(family):
    """The router looks up nothing; the ends do as if it were not there."""
    with routed() as (near, router, beyond):
        watched = [Resolution(namespace) for namespace in (near, beyond)]
        between = Resolution(router)
        exchange(near, beyond, BEYOND[family], family)
        check_all(watched, PACKETS)
        between.check()
        ksft_eq(between.rows(*ROWS), {})


@ksft_variants(FAMILY_VARIANTS)
def test_no_further(family):
    """A packet that may go no further: the router's error has its socket,
    and tells the sender's."""
    with routed() as (near, router, _), near.udp("", 0, family) as client, \
            lookup_trace.capture(near) as trace:
        level, option = {FOUR: (socket.IPPROTO_IP, socket.IP_TTL),
                         SIX: (socket.IPPROTO_IPV6,
                               socket.IPV6_UNICAST_HOPS)}[family]
        client.setsockopt(level, option, 1)
        watched, between = Resolution(near), Resolution(router)
        before = snmp.read(router)
        client.sendto(b"?", (BEYOND[family], PORT))
        lookup, = trace.wait(direction="receive", protocol=ERROR[family])
        check_lookup(lookup, "receive", "unconnected", socket_cookie(client))
        ksft_eq(snmp.changes(before, snmp.read(router))[EXCEEDED[family]], 1)
        between.check(transmit={"by-socket": 1})
        ksft_eq(between.rows(*ROWS), {})
        watched.check(receive={"by-device": 1}, transmit={"by-socket": 1})


@ksft_variants(FAMILY_VARIANTS)
def test_through_a_bridge(family):
    """A bridge has nothing to look up either."""
    with Namespace() as near, Namespace() as bridge, Namespace() as far:
        bridge.ip("link add br0 type bridge mcast_snooping 0",
                  "link set br0 up")
        for end, port, addresses in ((near, "port1", NEAR),
                                     (far, "port2", FAR)):
            end.ip(f"link add veth0 type veth peer name {port} netns "
                   f"{bridge.name}", "link set lo up", "link set veth0 up",
                   f"addr add {addresses[FOUR]}/24 dev veth0",
                   f"addr add {addresses[SIX]}/64 dev veth0 nodad")
            bridge.ip(f"link set {port} master br0", f"link set {port} up")
        for namespace in (near, bridge, far):
            namespace.set_mode("observe")
        watched = [Resolution(namespace) for namespace in (near, far)]
        between = Resolution(bridge)
        exchange(near, far, FAR[family], family)
        check_all(watched, PACKETS)
        between.check()
        ksft_eq(between.rows(*ROWS), {})


if __name__ == "__main__":
    program.run(globals())
