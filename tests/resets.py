#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Resets that a connection sends at its end: they are its own.

When it sends the reset it has left the table already, where a lookup would
find the listener of the same port.
"""

import contextlib
import socket
import struct

from lib import program, status
from lib.identity import socket_cookie
from lib.observed import FAMILY_VARIANTS, observed_tun
from lib.packet import RST
from lib.tcp_peer import TcpPeer
from lib.topology import FAR, NEAR
from net.lib.py import KsftNamedVariant, cmd, ksft_eq, ksft_ne, ksft_variants

PORT, PEER_PORT = 80, 40000


def close_with_unread_data(_, child):
    """What was received is thrown away: the peer has to know."""
    child.close()


def close_without_lingering(_, child):
    """SO_LINGER with a time of 0."""
    child.recv(10)
    child.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                     struct.pack("=ii", 1, 0))
    child.close()


def destroy(observed, _):
    """By an administrator."""
    with observed.namespace.enter():
        cmd(f"ss --kill state established sport = :{PORT}")


WAYS = {"unread": close_with_unread_data, "linger": close_without_lingering,
        "destroyed": destroy}
VARIANTS = [KsftNamedVariant(f"{name}_{family.name}_{mode}", way,
                             *family.params, mode)
            for name, way in WAYS.items() for family in FAMILY_VARIANTS
            for mode in ("observe", "verify", "steer")]


@contextlib.contextmanager
def half_read(family, mode):
    """A listener, and a peer with data that is not read yet."""
    with observed_tun() as observed, observed.namespace.listener(
            NEAR[family], PORT, family) as listener:
        observed.namespace.set_mode(mode)
        peer = TcpPeer(observed.tun, FAR[family], PEER_PORT, NEAR[family],
                       PORT)
        peer.connect()
        peer.send_data(b"data")
        yield observed, listener, peer


def sent(observed):
    """Who has sent what was sent since the trace was cleared."""
    return [(lookup.outcome, lookup.socket) for lookup
            in observed.trace.lookups(direction="transmit")]


@ksft_variants(VARIANTS)
def test_connection(way, family, mode):
    """The connection is the sender, in whatever way it ends."""
    with half_read(family, mode) as (observed, listener, peer):
        with listener.accept()[0] as child:
            cookie = socket_cookie(child)
            observed.trace.clear()
            way(observed, child)
            peer.receive(RST)
        ksft_eq(sent(observed), [("established", cookie)])
        counts = status.read(observed.namespace).counts
        ksft_eq(counts["transmit", "sender-other"], 0)


@ksft_variants(FAMILY_VARIANTS)
def test_never_accepted(family):
    """A listener goes, and with it the connection that nobody took."""
    with half_read(family, "observe") as (observed, listener, peer):
        cookie = socket_cookie(listener)
        observed.trace.clear()
        listener.close()
        peer.receive(RST)
        (outcome, sender), = sent(observed)
        ksft_eq(outcome, "established")
        ksft_ne(sender, cookie)


if __name__ == "__main__":
    program.run(globals())
