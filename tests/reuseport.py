#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Groups of sockets that share an address and port (SO_REUSEPORT).

Which member gets a packet depends on the packet, and maybe on a program;
nsmux runs neither and calls the answer ambiguous.
"""

import contextlib
import socket

from lib import packet, program
from lib.delivery import check_delivery, receivers
from lib.identity import socket_cookie
from lib.observed import (FAMILY_VARIANTS, check_account, check_lookup,
                          observed_tun)
from lib.reuseport_group import group
from lib.tcp_peer import TcpPeer
from lib.topology import FAR, NEAR
from net.lib.py import ksft_eq, ksft_in, ksft_is, ksft_variants

PORT, PEER_PORT, OTHER_PORT = 53, 40000, 40001


@ksft_variants(FAMILY_VARIANTS)
def test_udp(family):
    """A datagram for one of the group: which one is not guessed."""
    with observed_tun() as observed, \
            group(observed.namespace, family, socket.SOCK_DGRAM,
                  PORT) as members:
        cookies = [socket_cookie(member) for member in members]
        for port in range(PEER_PORT, PEER_PORT + 8):
            observed.tun.send(packet.udp(FAR[family], port, NEAR[family],
                                         PORT))
            ksft_eq(len(receivers(members, b"?")), 1)
            lookup = observed.trace.lookups()[-1]
            ksft_eq((lookup.direction, lookup.outcome, lookup.sport),
                    ("receive", "ambiguous", port))
            ksft_in(lookup.socket, cookies)
        check_account(observed)


@ksft_variants(FAMILY_VARIANTS)
def test_udp_transmit(family):
    """The member that sends is known, where a lookup could name any."""
    with observed_tun() as observed, \
            group(observed.namespace, family, socket.SOCK_DGRAM,
                  PORT) as members:
        for member in members:
            member.sendto(b"!", (FAR[family], PEER_PORT))
        ksft_eq([(lookup.outcome, lookup.socket)
                 for lookup in observed.trace.lookups()],
                [("unconnected", socket_cookie(member))
                 for member in members])


@ksft_variants(FAMILY_VARIANTS)
def test_udp_connected_member(family):
    """A member with a peer gets what that peer sends, and it alone."""
    protocol = {socket.AF_INET: "udp", socket.AF_INET6: "udp6"}[family]
    with observed_tun() as observed, \
            group(observed.namespace, family, socket.SOCK_DGRAM,
                  PORT) as members:
        members[1].connect((FAR[family], PEER_PORT))
        data = packet.udp(FAR[family], PEER_PORT, NEAR[family], PORT)
        got = check_delivery(observed, lambda: observed.tun.send(data),
                             members, b"?", protocol, "connected")
        ksft_is(got, members[1])
        observed.tun.send(packet.udp(FAR[family], OTHER_PORT, NEAR[family],
                                     PORT))
        ksft_eq(observed.trace.lookups()[-1].outcome, "ambiguous")


@ksft_variants(FAMILY_VARIANTS)
def test_tcp(family):
    """Among listeners it is ambiguous, and as long as no program has a say the
    one that is told gets the connection; that itself is not ambiguous."""
    with observed_tun() as observed, \
            group(observed.namespace, family, socket.SOCK_STREAM,
                  PORT) as members:
        for member in members:
            member.setblocking(False)
        for port in range(PEER_PORT, PEER_PORT + 8):
            peer = TcpPeer(observed.tun, FAR[family], port, NEAR[family], PORT)
            peer.connect()
            peer.send_data(b"?")
            (member, child), = accepted(members)
            with child:
                first, *others = observed.trace.lookups(
                    direction="receive")[-3:]
                ksft_eq((first.outcome, first.socket, first.sport),
                        ("ambiguous", socket_cookie(member), port))
                for lookup, outcome in zip(others, ("request", "established")):
                    check_lookup(lookup, "receive", outcome,
                                 socket_cookie(child))
        ksft_eq(len(observed.trace.lookups(direction="receive")), 3 * 8)
        check_account(observed)


def accepted(members):
    """Each member with a connection, and the connection."""
    for member in members:
        with contextlib.suppress(BlockingIOError):
            yield member, member.accept()[0]


if __name__ == "__main__":
    program.run(globals())
