#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Echo replies and errors of ICMP, which the kernel sends by sockets that it
keeps for them in each namespace."""

import socket

from lib import packet, program, snmp
from lib.observed import FAMILY_VARIANTS, observed_tun
from lib.resolution import Resolution
from lib.topology import FAR, NEAR, veth_pair
from net.lib.py import cmd, ksft_eq, ksft_variants

COUNT = 3
PORT, PEER_PORT = 54, 40000
NAMES = {socket.AF_INET: ("Icmp.OutEchoReps", "Icmp.OutDestUnreachs",
                          "Icmp.OutParmProbs"),
         socket.AF_INET6: ("Icmp6.OutEchoReplies", "Icmp6.OutDestUnreachs",
                           "Icmp6.OutParmProblems")}


@ksft_variants(FAMILY_VARIANTS)
def test_reply(family):
    """A request each, and a reply each."""
    with veth_pair("observe") as (near, far):
        watched = [Resolution(namespace) for namespace in (near, far)]
        before = snmp.read(far)
        with near.enter():
            cmd(f"ping -c {COUNT} -i 0.05 -W 20 {FAR[family]}")
        changed = snmp.changes(before, snmp.read(far))
        ksft_eq(changed[NAMES[family][0]], COUNT)
        for resolution in watched:
            resolution.check(receive={"by-device": COUNT},
                             transmit={"by-socket": COUNT})


@ksft_variants(FAMILY_VARIANTS)
def test_reply_to_oneself(family):
    """Over loopback as well."""
    with veth_pair("observe") as (near, _):
        watched = Resolution(near)
        with near.enter():
            cmd(f"ping -c {COUNT} -i 0.05 -W 20 {NEAR[family]}")
        watched.check(receive={"by-device": 2 * COUNT},
                      transmit={"by-socket": 2 * COUNT})


@ksft_variants(FAMILY_VARIANTS)
def test_port_unreachable(family):
    """The error about a datagram that nobody waits for."""
    with observed_tun() as observed:
        watched = Resolution(observed.namespace)
        before = snmp.read(observed.namespace)
        observed.namespace.sysctl("net/ipv4/icmp_ratelimit", 0)
        observed.namespace.sysctl("net/ipv6/icmp/ratelimit", 0)
        for _ in range(COUNT):
            observed.tun.send(packet.udp(FAR[family], PEER_PORT,
                                         NEAR[family], PORT))
        watched.check(receive={"by-device": COUNT},
                      transmit={"by-socket": COUNT})
        changed = snmp.changes(before, snmp.read(observed.namespace))
        ksft_eq(changed[NAMES[family][1]], COUNT)


@ksft_variants(FAMILY_VARIANTS)
def test_unknown_protocol(family):
    """The error about a protocol that the host does not speak."""
    with observed_tun() as observed:
        watched = Resolution(observed.namespace)
        observed.tun.send(packet.ip(FAR[family], NEAR[family], 253, b"?"))
        watched.check(receive={"by-device": 1}, transmit={"by-socket": 1})


if __name__ == "__main__":
    program.run(globals())
