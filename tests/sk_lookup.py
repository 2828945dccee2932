#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""BPF programs that have a say in the kernel's lookups (BPF_SK_LOOKUP).

They run in nsmux's lookups as they run in the kernel's own, so both find the
same socket; and they may choose one of another namespace, which the kernel
delivers to and which nsmux calls foreign.
"""

import contextlib
import os
import socket

from lib import packet, program
from lib.bpf_program import SK_LOOKUP, attached, choose_from_map, socket_map
from lib.delivery import check_delivery, receivers
from lib.identity import socket_cookie
from lib.observed import (FAMILY_VARIANTS, check_account, check_lookup,
                          observed_tun)
from lib.packet import SYN
from lib.tcp_peer import TcpPeer
from lib.topology import FAR, NEAR, Namespace
from net.lib.py import ksft_eq, ksft_variants

# No socket is bound to the port that packets go to.
PORT, BOUND, PEER_PORT = 53, 5353, 40000


@contextlib.contextmanager
def choosing(namespace, sock):
    """Every lookup in the namespace finds the socket."""
    file = os.open(f"/run/netns/{namespace.name}", os.O_RDONLY)
    try:
        with socket_map(sock) as index, attached(
                namespace, SK_LOOKUP, choose_from_map(index), file):
            yield
    finally:
        os.close(file)


@ksft_variants(FAMILY_VARIANTS)
def test_udp(family):
    """A socket of this namespace, on another port."""
    protocol = {socket.AF_INET: "udp", socket.AF_INET6: "udp6"}[family]
    datagram = packet.udp(FAR[family], PEER_PORT, NEAR[family], PORT)
    with observed_tun() as observed, observed.namespace.udp(
            NEAR[family], BOUND, family) as sock, \
            choosing(observed.namespace, sock):
        check_delivery(observed, lambda: observed.tun.send(datagram), [sock],
                       b"?", protocol, "unconnected")


@ksft_variants(FAMILY_VARIANTS)
def test_tcp(family):
    """A listener of this namespace, on another port."""
    with observed_tun() as observed, observed.namespace.listener(
            NEAR[family], BOUND, family) as sock, \
            choosing(observed.namespace, sock):
        TcpPeer(observed.tun, FAR[family], PEER_PORT, NEAR[family],
                PORT).connect()
        with sock.accept()[0] as child:
            ksft_eq([(lookup.outcome, lookup.socket) for lookup in
                     observed.trace.lookups(direction="receive")],
                    [("listener", socket_cookie(sock)),
                     ("request", socket_cookie(child))])
        check_account(observed)


@ksft_variants(FAMILY_VARIANTS)
def test_udp_of_another_namespace(family):
    """The kernel delivers to it; here it is foreign, and not told."""
    datagram = packet.udp(FAR[family], PEER_PORT, NEAR[family], PORT)
    with observed_tun() as observed, Namespace() as other, \
            other.udp("", BOUND, family) as sock, \
            choosing(observed.namespace, sock):
        observed.tun.send(datagram)
        ksft_eq(receivers([sock], b"?"), [sock])
        lookup, = observed.trace.lookups(direction="receive")
        ksft_eq(lookup.namespace, observed.namespace.cookie)
        check_lookup(lookup, "receive", "foreign", 0)
        check_account(observed)


@ksft_variants(FAMILY_VARIANTS)
def test_listener_of_another_namespace(family):
    """The same for the first segment of a connection."""
    with observed_tun() as observed, Namespace() as other, \
            other.listener("", BOUND, family) as sock, \
            choosing(observed.namespace, sock):
        TcpPeer(observed.tun, FAR[family], PEER_PORT, NEAR[family],
                PORT).send(SYN)
        lookup = observed.trace.lookups(direction="receive")[0]
        check_lookup(lookup, "receive", "foreign", 0)
        check_account(observed)


if __name__ == "__main__":
    program.run(globals())
