#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""UDP sockets that share one port, from the widest to the narrowest.

The kernel gives a datagram to the socket that fits best. All sockets stay
open, so a lookup that ignores any part of the tuple finds a wrong one.
"""

import ctypes
import socket

from lib import packet, program
from lib.delivery import check_delivery
from lib.identity import socket_cookie
from lib.observed import (FAMILY_VARIANTS, check_account, check_lookup,
                          observed_tun)
from lib.topology import FAR, NEAR
from net.lib.py import ksft_eq, ksft_is, ksft_variants

PORT, PEER_PORT, OTHER_PORT = 53, 40000, 40001


def shared(namespace, family, address, *peer):
    """A socket on the port that all of them use."""
    sock = namespace.open_socket(family)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, PORT))
    if peer:
        sock.connect(peer)
    return sock


def disconnect(sock):
    """Python has no way to connect a socket to nobody: AF_UNSPEC does it."""
    nobody = (ctypes.c_char * 16)(*bytes(16))
    libc = ctypes.CDLL(None, use_errno=True)
    ksft_eq(libc.connect(sock.fileno(), nobody, len(nobody)), 0)


class Server:
    """A wildcard, a specific and a connected socket, and who gets what."""

    def __init__(self, observed, family):
        self.observed = observed
        self.family = family
        self.near, self.far = NEAR[family], FAR[family]
        self.protocol = ("udp" if family == socket.AF_INET else "udp6")
        self.wildcard = shared(observed.namespace, family, "")
        self.sockets = [self.wildcard]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sock in self.sockets:
            sock.close()

    def add(self, *peer):
        """Another socket, on the near address only."""
        sock = shared(self.observed.namespace, self.family, self.near, *peer)
        self.sockets.append(sock)
        return sock

    def check(self, expected, outcome, sport=PEER_PORT, destination=None):
        """A datagram from that port reaches the expected socket."""
        payload = f"from {sport}".encode()
        data = packet.udp(self.far, sport, destination or self.near, PORT,
                          payload)
        got = check_delivery(self.observed,
                             lambda: self.observed.tun.send(data),
                             self.sockets, payload, self.protocol, outcome)
        ksft_is(got, expected, "the test's own idea of the receiver")


@ksft_variants(FAMILY_VARIANTS)
def test_wildcard_and_specific(family):
    """An address of its own wins over the wildcard, for that address."""
    other = {socket.AF_INET: "192.0.2.3", socket.AF_INET6: "2001:db8::3"}
    with observed_tun() as observed, Server(observed, family) as server:
        server.check(server.wildcard, "unconnected")
        specific = server.add()
        server.check(specific, "unconnected")
        observed.namespace.ip(f"addr add {other[family]} dev tun0"
                              + " nodad" * (family == socket.AF_INET6))
        server.check(server.wildcard, "unconnected",
                     destination=other[family])


@ksft_variants(FAMILY_VARIANTS)
def test_connected(family):
    """A connected socket gets what its peer sends, and nothing else."""
    with observed_tun() as observed, Server(observed, family) as server:
        specific = server.add()
        connected = server.add(server.far, PEER_PORT)
        server.check(connected, "connected", sport=PEER_PORT)
        server.check(specific, "unconnected", sport=OTHER_PORT)


@ksft_variants(FAMILY_VARIANTS)
def test_reconnected(family):
    """A socket that changes its peer is found by the new one only."""
    with observed_tun() as observed, Server(observed, family) as server:
        specific = server.add()
        connected = server.add(server.far, PEER_PORT)
        connected.connect((server.far, OTHER_PORT))
        server.check(connected, "connected", sport=OTHER_PORT)
        server.check(specific, "unconnected", sport=PEER_PORT)
        specific.close()
        server.sockets.remove(specific)
        server.check(server.wildcard, "unconnected", sport=PEER_PORT)


@ksft_variants(FAMILY_VARIANTS)
def test_disconnected(family):
    """A socket that gave up its peer is an unconnected one again."""
    with observed_tun() as observed, Server(observed, family) as server:
        sock = server.add(server.far, PEER_PORT)
        disconnect(sock)
        server.check(sock, "unconnected", sport=PEER_PORT)
        server.check(sock, "unconnected", sport=OTHER_PORT)


@ksft_variants(FAMILY_VARIANTS)
def test_transmit(family):
    """A sender's own entry is found, connected or not."""
    with observed_tun() as observed, Server(observed, family) as server:
        server.wildcard.sendto(b"!", (server.far, OTHER_PORT))
        check_lookup(observed.trace.lookups()[-1], "transmit", "unconnected",
                     socket_cookie(server.wildcard))
        connected = server.add(server.far, PEER_PORT)
        connected.send(b"!")
        lookup = observed.trace.lookups()[-1]
        check_lookup(lookup, "transmit", "connected",
                     socket_cookie(connected))
        ksft_eq((lookup.sport, lookup.dport), (PORT, PEER_PORT))
        check_account(observed)


@ksft_variants(FAMILY_VARIANTS)
def test_none(family):
    """A datagram for a port without a socket is still answered by ICMP."""
    with observed_tun() as observed:
        observed.tun.send(packet.udp(FAR[family], PEER_PORT, NEAR[family],
                                     PORT))
        unreachable = {socket.AF_INET: (9, 20, 3),
                       socket.AF_INET6: (6, 40, 1)}[family]

        def is_unreachable(data):
            protocol_at, type_at, icmp_type = unreachable
            return data[protocol_at] in (1, 58) and data[type_at] == icmp_type

        observed.tun.receive(is_unreachable)
        lookup, = observed.trace.lookups()
        check_lookup(lookup, "receive", "none", 0)
        ksft_eq((lookup.sport, lookup.dport), (PEER_PORT, PORT))
        check_account(observed)


if __name__ == "__main__":
    program.run(globals())
