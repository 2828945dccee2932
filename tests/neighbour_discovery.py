#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Neighbour discovery: the kernel's own socket for it sends all of it."""

import socket

from lib import program, snmp
from lib.resolution import Resolution
from lib.topology import FAR, NEAR, Namespace, address_lines
from net.lib.py import ksft_eq, ksft_ge

SIX = socket.AF_INET6
PORT = 53
# Of linux/in6.h; Python has no name for it.
IPV6_RECVERR = 25


def strangers(near, far):
    """Join them so that each has to look for the other."""
    near.ip(f"link add veth0 type veth peer name veth0 netns {far.name}",
            "link set lo up",
            *address_lines("veth0", {SIX: NEAR[SIX]}))
    far.ip(*address_lines("veth0", {SIX: FAR[SIX]}))
    for namespace in (near, far):
        namespace.set_mode("observe")


def test_solicitation_and_advertisement():
    """Received by the device, transmitted by the kernel's socket."""
    with Namespace() as near, Namespace() as far:
        strangers(near, far)
        watched = [Resolution(namespace) for namespace in (near, far)]
        before = [snmp.read(namespace) for namespace in (near, far)]
        with near.udp("", 0, SIX) as client, far.udp("", PORT, SIX) as server:
            client.sendto(b"?", (FAR[SIX], PORT))
            ksft_eq(server.recv(10), b"?")
        asked, answered = (snmp.changes(earlier, snmp.read(namespace))
                           for earlier, namespace in zip(before, (near, far)))
        ksft_ge(asked["Icmp6.OutNeighborSolicits"], 1)
        ksft_ge(answered["Icmp6.OutNeighborAdvertisements"], 1)
        # And the datagram that waited for it.
        watched[0].check(receive={"by-device": 1}, transmit={"by-socket": 2})
        watched[1].check(receive={"by-device": 2}, transmit={"by-socket": 1})


def test_unreachable():
    """Nobody answers: the solicitations, and the error to oneself."""
    with Namespace() as near, Namespace() as far:
        strangers(near, far)
        near.sysctl("net/ipv6/neigh/veth0/retrans_time_ms", 10)
        watched = Resolution(near)
        before = snmp.read(near)
        with near.udp("", 0, SIX) as client:
            client.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
            client.sendto(b"?", ("2001:db8::3", PORT))
            try:
                client.recv(10)
            except OSError:
                pass
        changed = snmp.changes(before, snmp.read(near))
        ksft_ge(changed["Icmp6.OutNeighborSolicits"], 3)
        # The datagram that waited, and the error to oneself about it.
        watched.check(transmit={
            "by-socket": changed["Icmp6.OutNeighborSolicits"] + 1},
            receive={"by-device": 1})


if __name__ == "__main__":
    program.run(globals())
