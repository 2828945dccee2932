#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What TCP says by itself: resets, SYN-ACKs, SYN cookies, and the answers of
connections in TIME_WAIT.

The kernel sends them by the listener or by sockets that it keeps for them.
The far end is played by the test, one segment at a time.
"""

import contextlib
import socket

from lib import program, snmp
from lib.identity import socket_cookie
from lib.observed import FAMILY_VARIANTS, observed_tun
from lib.packet import ACK, FIN, RST, SYN
from lib.resolution import Resolution
from lib.tcp_peer import TcpPeer
from lib.topology import FAR, NEAR
from net.lib.py import cmd, ksft_eq, ksft_ne, ksft_variants

PORT, PEER_PORT = 80, 40000
ROW = {socket.AF_INET: "tcp", socket.AF_INET6: "tcp6"}


def peer_of(observed, family):
    """The far end of a connection to our server's port."""
    return TcpPeer(observed.tun, FAR[family], PEER_PORT, NEAR[family], PORT)


def check(watched, family, *lookups, transmitted="by-socket"):
    """As many packets as lookups, received ones resolved by the device."""
    row = ROW[family]
    counts = {}
    for direction, outcome in lookups:
        key = (direction, row, outcome)
        counts[key] = counts.get(key, 0) + 1
    sides = [direction for direction, _ in lookups]
    watched.check(receive={"by-device": sides.count("receive")},
                  transmit={transmitted: sides.count("transmit")})
    ksft_eq(watched.rows(row), counts)


@ksft_variants(FAMILY_VARIANTS)
def test_reset(family):
    """For a port on which nobody listens, the sender has no entry."""
    with observed_tun() as observed:
        watched = Resolution(observed.namespace)
        peer = peer_of(observed, family)
        peer.send(SYN)
        peer.receive(RST)
        check(watched, family, ("receive", "none"), ("transmit", "none"))


@ksft_variants(FAMILY_VARIANTS)
def test_reset_for_a_connection_of_old(family):
    """An acknowledgement out of nowhere finds the listener, and the reset is
    about that one."""
    with observed_tun() as observed, observed.namespace.listener(
            NEAR[family], PORT, family):
        watched = Resolution(observed.namespace)
        peer = peer_of(observed, family)
        peer.send(ACK)
        peer.receive(RST)
        check(watched, family, ("receive", "listener"),
              ("transmit", "listener"))


@ksft_variants(FAMILY_VARIANTS)
def test_syn_ack(family):
    """Sent for the request, which the packet bears where the listener is
    said to send it (IPv6)."""
    with observed_tun() as observed, observed.namespace.listener(
            NEAR[family], PORT, family) as listener:
        # It is not to be sent again.
        observed.namespace.sysctl("net/ipv4/tcp_synack_retries", 0)
        watched = Resolution(observed.namespace)
        peer_of(observed, family).half_open()
        check(watched, family, ("receive", "listener"),
              ("transmit", "request"))
        received, = observed.trace.lookups(direction="receive")
        ksft_eq(received.socket, socket_cookie(listener))
        answer, = observed.trace.lookups(direction="transmit")
        ksft_ne(answer.socket, socket_cookie(listener))


@ksft_variants(FAMILY_VARIANTS)
def test_syn_cookie(family):
    """There is no request: what comes back to the answer finds the listener,
    which then has a connection.

    Under a flood the kernel does not touch the listener for each answer: over
    IPv4 the packet has no socket, and is resolved by the device.
    """
    name = "TcpExt.SyncookiesRecv"
    how, sender = {socket.AF_INET: ("by-device", "none"),
                   socket.AF_INET6: ("by-socket", "listener")}[family]
    with observed_tun() as observed:
        observed.namespace.sysctl("net/ipv4/tcp_syncookies", 2)
        with observed.namespace.listener(NEAR[family], PORT,
                                         family) as listener:
            watched = Resolution(observed.namespace)
            before = snmp.read(observed.namespace)
            peer = peer_of(observed, family)
            peer.half_open()
            check(watched, family, ("receive", "listener"),
                  ("transmit", sender), transmitted=how)
            peer.send(ACK)
            with listener.accept()[0]:
                check(watched, family, ("receive", "listener"),
                      ("transmit", sender), ("receive", "listener"),
                      transmitted=how)
            changed = snmp.changes(before, snmp.read(observed.namespace))
            ksft_eq(changed.get(name), 1, "by its cookie")


@ksft_variants(FAMILY_VARIANTS)
def test_time_wait(family):
    """What comes late is acknowledged for a socket that is not one. IPv6 names
    a socket of the kernel, and the packet bears what it is about."""
    with observed_tun() as observed, observed.namespace.listener(
            NEAR[family], PORT, family) as listener:
        peer = peer_of(observed, family)
        peer.connect()
        listener.accept()[0].close()
        peer.close_after_near_end()
        watched = Resolution(observed.namespace)
        peer.sequence -= 1
        peer.send(FIN | ACK)
        peer.receive(ACK)
        check(watched, family, ("receive", "time-wait"),
              ("transmit", "time-wait"))


REJECT = """
table inet refusal {
    chain output {
        type filter hook output priority 0;
        tcp dport 40000 reject with tcp reset
    }
}
"""


@ksft_variants(FAMILY_VARIANTS)
def test_rejected(family):
    """A firewall rejects a SYN at output: over IPv6, the reset has the socket
    in the hook's state that it is for; over IPv4 it has none."""
    with observed_tun() as observed, observed.namespace.open_socket(
            family, socket.SOCK_STREAM) as client:
        with observed.namespace.enter():
            cmd(["nft", REJECT])
        observed.trace.clear()
        with contextlib.suppress(ConnectionRefusedError):
            client.connect((FAR[family], PEER_PORT))
        row = ROW[family]
        sent = [(lookup.sport, lookup.outcome, lookup.socket) for lookup in
                observed.trace.lookups(direction="transmit", protocol=row)]
        own = ("established", socket_cookie(client))
        reset = own if family == socket.AF_INET6 else ("none", 0)
        ksft_eq(sent[1], (PEER_PORT, *reset), str(sent))
        ksft_eq(sent[0][1:], own)


if __name__ == "__main__":
    program.run(globals())
