#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Every state in which a TCP lookup can find a socket.

The far end is played by the test through a tun device, one segment at a
time, so that each state lasts for as long as it is looked at.
"""

import socket

from lib import program, tcp_table
from lib.identity import socket_cookie
from lib.observed import (FAMILY_VARIANTS, check_account, check_lookup,
                          observed_tun)
from lib.packet import ACK, FIN, RST, SYN
from lib.tcp_peer import TcpPeer
from lib.topology import FAR, NEAR
from net.lib.py import ksft_eq, ksft_variants

PORT, PEER_PORT = 80, 40000


def peer_of(observed, family):
    """The far end of a connection to our server's port."""
    return TcpPeer(observed.tun, FAR[family], PEER_PORT, NEAR[family], PORT)


def served(observed, family):
    """A listener, the far end, and the connection accepted from it."""
    listener = observed.namespace.listener(NEAR[family], PORT, family)
    peer = peer_of(observed, family)
    peer.connect()
    return listener, peer, listener.accept()[0]


def last(observed, direction):
    """The latest lookup on that side."""
    return observed.trace.lookups(direction=direction)[-1]


@ksft_variants(FAMILY_VARIANTS)
def test_listener(family):
    """The first segment of a connection finds the listener."""
    with observed_tun() as observed, \
            observed.namespace.listener(NEAR[family], PORT, family) as sock:
        peer_of(observed, family).half_open()
        check_lookup(observed.trace.lookups(direction="receive")[0],
                     "receive", "listener", socket_cookie(sock))
        check_account(observed)


@ksft_variants(FAMILY_VARIANTS)
def test_request(family):
    """The handshake's last segment finds the request, not the listener.

    The child inherits its request's cookie, so the accepted socket tells
    which request it was.
    """
    with observed_tun() as observed, \
            observed.namespace.listener(NEAR[family], PORT, family) as sock:
        peer = peer_of(observed, family)
        peer.half_open()
        ksft_eq(tcp_table.states(observed.namespace)[PORT, PEER_PORT],
                tcp_table.SYN_RECV)
        synack = last(observed, "transmit")
        peer.send(ACK)
        with sock.accept()[0] as child:
            request = socket_cookie(child)
        check_lookup(last(observed, "receive"), "receive", "request", request)
        check_lookup(synack, "transmit", "request", request)
        check_account(observed)


@ksft_variants(FAMILY_VARIANTS)
def test_established(family):
    """Data in both directions finds the connection's own socket."""
    with observed_tun() as observed:
        listener, peer, child = served(observed, family)
        with listener, child:
            observed.trace.clear()
            peer.send_data(b"question")
            ksft_eq(child.recv(100), b"question")
            child.send(b"answer")
            ksft_eq(peer.receive(ACK).payload, b"answer")
            for direction in ("receive", "transmit"):
                check_lookup(last(observed, direction), direction,
                             "established", socket_cookie(child))


@ksft_variants(FAMILY_VARIANTS)
def test_time_wait(family):
    """After the near end closed first, what is left of the socket is found.

    It keeps the cookie of the socket that was closed.
    """
    with observed_tun() as observed:
        listener, peer, child = served(observed, family)
        with listener:
            closed = socket_cookie(child)
            child.close()
            peer.close_after_near_end()
            ksft_eq(tcp_table.states(observed.namespace)[PORT, PEER_PORT],
                    tcp_table.TIME_WAIT)
            before = len(observed.trace.lookups(direction="receive"))
            # Outside of the window: TIME_WAIT answers with where it stands.
            peer.sequence -= 1
            peer.send(FIN | ACK)
            peer.receive(ACK)
            found = observed.trace.lookups(direction="receive")
            ksft_eq(len(found), before + 1)
            check_lookup(found[-1], "receive", "time-wait", closed)
            check_lookup(last(observed, "transmit"), "transmit", "time-wait",
                         closed)
        check_account(observed)


@ksft_variants(FAMILY_VARIANTS)
def test_client(family):
    """A client's socket is found from its first segment on."""
    with observed_tun() as observed, observed.namespace.open_socket(
            family, socket.SOCK_STREAM) as sock:
        sock.bind((NEAR[family], PORT))
        sock.setblocking(False)
        ksft_eq(sock.connect_ex((FAR[family], PEER_PORT)) in (0, 115), True)
        peer_of(observed, family).accept()
        for lookup in observed.trace.lookups():
            check_lookup(lookup, lookup.direction, "established",
                         socket_cookie(sock))
        ksft_eq([lookup.direction for lookup in observed.trace.lookups()],
                ["transmit", "receive", "transmit"])
        check_account(observed)


@ksft_variants(FAMILY_VARIANTS)
def test_none(family):
    """A port on which nobody listens: none, and the reset is sent."""
    with observed_tun() as observed, observed.namespace.listener(
            NEAR[family], PORT + 1, family):
        peer = peer_of(observed, family)
        peer.send(SYN)
        peer.receive(RST)
        check_lookup(last(observed, "receive"), "receive", "none", 0)
        check_lookup(last(observed, "transmit"), "transmit", "none", 0)
        check_account(observed)


if __name__ == "__main__":
    program.run(globals())
