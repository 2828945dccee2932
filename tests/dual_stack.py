#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""AF_INET6 sockets that speak IPv4, with IPv4-mapped addresses."""

import socket

from lib import packet, program
from lib.delivery import check_delivery
from lib.identity import socket_cookie
from lib.observed import check_account, check_lookup, observed_tun
from lib.packet import ACK
from lib.tcp_peer import TcpPeer
from lib.topology import FAR, NEAR
from net.lib.py import ksft_eq, ksft_is

PORT, PEER_PORT, OTHER_PORT = 53, 40000, 40001
NEAR4, FAR4 = NEAR[socket.AF_INET], FAR[socket.AF_INET]
NEAR6, FAR6 = NEAR[socket.AF_INET6], FAR[socket.AF_INET6]


def dual(namespace, address="::", only=0, kind=socket.SOCK_DGRAM):
    """An AF_INET6 socket; with only=1 it does not speak IPv4."""
    sock = namespace.open_socket(socket.AF_INET6, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
    sock.bind((address, PORT))
    return sock


def check_udp(observed, sockets, expected, source, destination, outcome,
              sport=PEER_PORT):
    """A datagram reaches the expected socket, and nsmux found it."""
    data = packet.udp(source, sport, destination, PORT, b"?")
    protocol = "udp6" if ":" in source else "udp"
    got = check_delivery(observed, lambda: observed.tun.send(data), sockets,
                         b"?", protocol, outcome)
    ksft_is(got, expected, "the test's own idea of the receiver")


def test_udp_wildcard():
    """One socket gets the datagrams of both families."""
    with observed_tun() as observed, dual(observed.namespace) as sock:
        check_udp(observed, [sock], sock, FAR4, NEAR4, "unconnected")
        check_udp(observed, [sock], sock, FAR6, NEAR6, "unconnected")


def test_udp_mapped_address():
    """Bound to a mapped address, and narrower than a wildcard."""
    with observed_tun() as observed, dual(observed.namespace) as wildcard, \
            dual(observed.namespace, f"::ffff:{NEAR4}") as mapped:
        both = [wildcard, mapped]
        check_udp(observed, both, mapped, FAR4, NEAR4, "unconnected")
        check_udp(observed, both, wildcard, FAR6, NEAR6, "unconnected")


def test_udp_connected_to_mapped_peer():
    """Connected to a mapped address: IPv4 in both directions."""
    with observed_tun() as observed, dual(observed.namespace) as wildcard, \
            dual(observed.namespace, f"::ffff:{NEAR4}") as mapped:
        mapped.connect((f"::ffff:{FAR4}", PEER_PORT))
        both = [wildcard, mapped]
        check_udp(observed, both, mapped, FAR4, NEAR4, "connected")
        check_udp(observed, both, wildcard, FAR4, NEAR4, "unconnected",
                  sport=OTHER_PORT)
        mapped.send(b"!")
        lookup = observed.trace.lookups(direction="transmit")[-1]
        check_lookup(lookup, "transmit", "connected", socket_cookie(mapped))
        ksft_eq(lookup.protocol, "udp")


def test_udp_v6only():
    """A socket that does not speak IPv4 is not found by IPv4."""
    with observed_tun() as observed, \
            dual(observed.namespace, only=1) as sock:
        check_udp(observed, [sock], sock, FAR6, NEAR6, "unconnected")
        observed.trace.clear()
        observed.tun.send(packet.udp(FAR4, PEER_PORT, NEAR4, PORT))
        lookup, = observed.trace.lookups(direction="receive")
        check_lookup(lookup, "receive", "none", 0)


def test_udp_beside_ipv4_socket():
    """With a socket of each family, each gets its own."""
    with observed_tun() as observed, \
            dual(observed.namespace, only=1) as six, \
            observed.namespace.udp("", PORT) as four:
        check_udp(observed, [four, six], four, FAR4, NEAR4, "unconnected")
        check_udp(observed, [four, six], six, FAR6, NEAR6, "unconnected")


def test_tcp():
    """An IPv4 connection to an AF_INET6 listener, from SYN to data."""
    with observed_tun() as observed, dual(
            observed.namespace, kind=socket.SOCK_STREAM) as listener:
        listener.listen()
        peer = TcpPeer(observed.tun, FAR4, PEER_PORT, NEAR4, PORT)
        peer.connect()
        child, _ = listener.accept()
        with child:
            ksft_eq(child.family, socket.AF_INET6)
            peer.send_data(b"?")
            child.send(b"!")
            peer.receive(ACK)
            expected = [("listener", socket_cookie(listener)),
                        ("request", socket_cookie(child)),
                        ("established", socket_cookie(child))]
            received = observed.trace.lookups(direction="receive",
                                              protocol="tcp")
            ksft_eq([(lookup.outcome, lookup.socket) for lookup in received],
                    expected)
            check_lookup(observed.trace.lookups(direction="transmit")[-1],
                         "transmit", "established", socket_cookie(child))
        check_account(observed)


if __name__ == "__main__":
    program.run(globals())
