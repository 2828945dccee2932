#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""In mode steer the stack looks nothing up: nsmux's answer is the lookup.

The function tracer tells who calls the kernel's lookup functions. That it
sees the stack's own calls is shown with the other modes.
"""

import contextlib
import re
import socket

from lib import packet, program
from lib.lookup_calls import lookup_calls
from lib.observed import FAMILY_VARIANTS, observed_tun
from lib.packet import ACK, PSH, RST, SYN
from lib.tcp_peer import TcpPeer
from lib.topology import FAR, NEAR
from net.lib.py import KsftNamedVariant, ksft_eq, ksft_ge, ksft_variants

PORT, PEER_PORT = 80, 40000
PACKETS = 20
# The function itself, or what it was compiled into, which is before routing.
EARLY_DEMUX = re.compile(r"early_demux|^ip6?_rcv_finish_core")


def unconnected(observed, family, stack):
    """Datagrams for a socket without a peer."""
    sock = stack.enter_context(
        observed.namespace.udp(NEAR[family], PORT, family))
    return send_datagrams(observed, family, sock)


def connected(observed, family, stack):
    """Datagrams for a socket with a peer."""
    sock = stack.enter_context(
        observed.namespace.udp(NEAR[family], PORT, family))
    sock.connect((FAR[family], PEER_PORT))
    return send_datagrams(observed, family, sock)


def send_datagrams(observed, family, sock):
    """Gives a function that sends them, and sees that they arrive."""
    data = packet.udp(FAR[family], PEER_PORT, NEAR[family], PORT)

    def send():
        for _ in range(PACKETS):
            observed.tun.send(data)
            ksft_eq(sock.recv(10), b"?")

    return send


def established(observed, family, stack):
    """Data of a connection."""
    listener = stack.enter_context(
        observed.namespace.listener(NEAR[family], PORT, family))
    peer = TcpPeer(observed.tun, FAR[family], PEER_PORT, NEAR[family], PORT)
    peer.connect()
    child = stack.enter_context(listener.accept()[0])

    def send():
        for _ in range(PACKETS):
            peer.send(PSH | ACK, b"?")
            ksft_eq(child.recv(10), b"?")

    return send


def listener(observed, family, stack):
    """Segments for a listener that ask for nothing."""
    sock = stack.enter_context(
        observed.namespace.listener(NEAR[family], PORT, family))
    data = packet.tcp(FAR[family], PEER_PORT, NEAR[family], PORT, ACK)

    def send():
        for _ in range(PACKETS):
            observed.tun.send(data)
            peer.receive(RST)

    peer = TcpPeer(observed.tun, FAR[family], PEER_PORT, NEAR[family], PORT)
    ksft_eq(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN), 1)
    return send


KINDS = (unconnected, connected, established, listener)
VARIANTS = [KsftNamedVariant(f"{family.name}_{kind.__name__}",
                             family.params[0], kind)
            for family in FAMILY_VARIANTS for kind in KINDS]


@contextlib.contextmanager
def traced(family, kind, early_demux):
    """A namespace with packets to send, and the calls."""
    with observed_tun() as observed, contextlib.ExitStack() as stack:
        for name in ("ip_early_demux", "tcp_early_demux", "udp_early_demux"):
            observed.namespace.sysctl(f"net/ipv4/{name}", int(early_demux))
        send = kind(observed, family, stack)
        with lookup_calls() as calls:
            yield observed, send, calls


@ksft_variants(VARIANTS)
def test_no_lookup(family, kind):
    """Each packet arrives without a lookup of the stack's."""
    with traced(family, kind, early_demux=False) as (observed, send, calls):
        for mode in ("off", "observe", "verify", "steer", "off"):
            observed.namespace.set_mode(mode)
            calls.clear()
            send()
            others = calls.by_others()
            if mode == "steer":
                ksft_eq(dict(others), {}, "calls by the stack in mode steer")
            else:
                ksft_ge(others.total(), PACKETS, f"in mode {mode}")
            if mode == "off":
                ksft_eq(dict(calls.by_nsmux()), {}, "calls by nsmux, off")
            else:
                ksft_ge(calls.by_nsmux().total(), PACKETS, f"nsmux, {mode}")


@ksft_variants(FAMILY_VARIANTS)
def test_early_demux(family):
    """What the kernel has found early is looked up by nobody again."""
    with traced(family, established, early_demux=True) as (
            observed, send, calls):
        for mode in ("observe", "steer"):
            observed.namespace.set_mode(mode)
            calls.clear()
            send()
            others = calls.by_others()
            ksft_eq({caller for _, caller in others
                     if not EARLY_DEMUX.search(caller)},
                    set(), "callers other than early demultiplexing")
            ksft_eq(others.total(), PACKETS)
            ksft_eq(dict(calls.by_nsmux()), {}, f"calls by nsmux, {mode}")


@ksft_variants(FAMILY_VARIANTS)
def test_left(family):
    """What is left to the stack is looked up by it: a connection's last
    segment of the handshake, for a request."""
    with traced(family, listener, early_demux=False) as (observed, _, calls):
        observed.namespace.set_mode("steer")
        peer = TcpPeer(observed.tun, FAR[family], PEER_PORT, NEAR[family],
                       PORT)
        calls.clear()
        peer.send(SYN)
        peer.receive(SYN | ACK)
        ksft_eq(dict(calls.by_others()), {}, "SYN, for the listener")
        peer.send(ACK)
        ksft_ge(calls.by_others().total(), 1, "ACK, for the request")


if __name__ == "__main__":
    program.run(globals())
