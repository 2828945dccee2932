#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""TPROXY: a packet for another host is given to a socket of this one.

The rule says which socket, and no table has it under the packet's own
address. The packet bears it: it is the answer, in every mode. The namespace is
that of the device all the same.
"""

import contextlib
import socket
import struct

from lib import packet, program, status
from lib.identity import socket_cookie
from lib.observed import check_lookup, observed_tun
from lib.packet import ACK
from lib.resolution import Resolution
from lib.tcp_peer import TcpPeer
from lib.topology import FAMILIES, FAR
from net.lib.py import KsftNamedVariant, cmd, ksft_eq, ksft_variants

PORT, PEER_PORT, PROXY = 53, 40000, 9999
# Hosts that are not here.
BEYOND = {socket.AF_INET: "203.0.113.9", socket.AF_INET6: "2001:db8:9::9"}
SOL_IP, IP_TRANSPARENT, SOL_IPV6, IPV6_TRANSPARENT = 0, 19, 41, 75
VARIANTS = [KsftNamedVariant(f"{version}_{mode}", family, mode)
            for version, family in zip(("ipv4", "ipv6"), FAMILIES)
            for mode in ("observe", "verify", "steer")]
RULESET = """
table inet proxy {
    chain prerouting {
        type filter hook prerouting priority mangle;
        meta nfproto ipv4 meta l4proto { tcp, udp } tproxy ip to :9999 meta mark set 1 accept
        meta nfproto ipv6 meta l4proto { tcp, udp } tproxy ip6 to :9999 meta mark set 1 accept
    }
}
"""


def transparent(sock, family):
    """A socket that may have any address."""
    option = {socket.AF_INET: (SOL_IP, IP_TRANSPARENT),
              socket.AF_INET6: (SOL_IPV6, IPV6_TRANSPARENT)}[family]
    sock.setsockopt(*option, struct.pack("=i", 1))
    sock.bind(("", PROXY))
    return sock


@contextlib.contextmanager
def proxied(mode, made=observed_tun):
    """A namespace in that mode, which takes what it is sent for everybody."""
    with made() as observed:
        namespace = observed.namespace
        with namespace.enter():
            cmd(["nft", RULESET])
            for version in ("-4", "-6"):
                cmd(f"ip {version} rule add fwmark 1 lookup 100")
                cmd(f"ip {version} route add local default dev lo table 100")
        namespace.set_mode(mode)
        yield observed


def check_borne(observed, count):
    """So many packets bore their socket; nobody missed one."""
    now = status.read(observed.namespace)
    ksft_eq(sum(now.counts["receive", by] for by in status.BORNE), count)
    for key in ("steered", "demux-other", "left-kind"):
        ksft_eq(now.counts["receive", key], 0, key)
    for row in ("tcp", "tcp6", "udp", "udp6"):
        ksft_eq(now.counts["receive", row, "none"], 0, row)
    status.check_sums(now)


@ksft_variants(VARIANTS)
def test_udp(family, mode):
    """The proxy gets the datagram; nobody has its address."""
    with proxied(mode) as observed, transparent(
            observed.namespace.open_socket(family), family) as proxy:
        watched = Resolution(observed.namespace)
        observed.tun.send(packet.udp(FAR[family], PEER_PORT, BEYOND[family],
                                     PORT, b"!"))
        ksft_eq(proxy.recv(10), b"!")
        watched.check(receive={"by-device": 1})
        lookup, = observed.trace.lookups(direction="receive")
        check_lookup(lookup, "receive", "unconnected", socket_cookie(proxy))
        counts = status.read(observed.namespace).counts
        ksft_eq(counts["receive", "chosen"], 1)
        check_borne(observed, 1)


@ksft_variants(VARIANTS)
def test_tcp(family, mode):
    """The listener is chosen for the first segment; then there is a connection
    under the address of the other host, which is."""
    with proxied(mode) as observed, transparent(
            observed.namespace.open_socket(family, socket.SOCK_STREAM),
            family) as proxy:
        proxy.listen()
        watched = Resolution(observed.namespace)
        peer = TcpPeer(observed.tun, FAR[family], PEER_PORT, BEYOND[family],
                       PORT)
        peer.half_open()
        peer.send(ACK)
        with proxy.accept()[0] as child:
            ksft_eq(child.getsockname()[:2], (BEYOND[family], PORT))
            peer.send_data(b"?")
            ksft_eq(child.recv(10), b"?")
            watched.check(receive={"by-device": 3}, transmit={"by-socket": 2})
            first, second, third = observed.trace.lookups(direction="receive")
            check_lookup(first, "receive", "listener", socket_cookie(proxy))
            ksft_eq(second.outcome, "request")
            check_lookup(third, "receive", "established",
                         socket_cookie(child))
        check_borne(observed, 3)


if __name__ == "__main__":
    program.run(globals())
