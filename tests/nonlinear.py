#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Headers that are not in the linear part of the packet.

A tap device in NAPI frags mode makes one fragment of the packet of every
piece that is written to it. Only the Ethernet header is linear then; IP
pulls its own header on the way, and nobody pulls more before local input,
with early demultiplexing switched off.
"""

import contextlib
import socket

from lib import lookup_trace, packet, program
from lib.identity import socket_cookie
from lib.observed import FAMILY_VARIANTS, Observed, check_account, check_lookup
from lib.packet import ACK, DESTINATION, HOP_BY_HOP, extension
from lib.topology import FAR, NEAR, Namespace
from lib.tun_device import IFF_NAPI, IFF_NAPI_FRAGS, IFF_TAP, tun
from net.lib.py import ethtool, ksft_eq, ksft_variants

PORT, PEER_PORT = 53, 40000
MAC = "02:00:00:00:00:01"
ETHERTYPE = {socket.AF_INET: b"\x08\x00", socket.AF_INET6: b"\x86\xdd"}
IP_HEADER = {socket.AF_INET: 20, socket.AF_INET6: 40}


@contextlib.contextmanager
def tap():
    """An observed namespace with a tap device that takes pieces."""
    with Namespace() as namespace, \
            tun(namespace, "tap0",
                IFF_TAP | IFF_NAPI | IFF_NAPI_FRAGS) as device, \
            lookup_trace.capture(namespace) as trace:
        namespace.ip(f"link set tap0 address {MAC}")
        namespace.sysctl("net/ipv4/ip_early_demux", 0)
        # Receive offload would pull the headers.
        with namespace.enter():
            ethtool("-K tap0 gro off")
        namespace.set_mode("observe")
        yield Observed(namespace, device, trace)


def frame(family, data):
    """The packet behind an Ethernet header."""
    return (bytes.fromhex(MAC.replace(":", "")) + bytes.fromhex("020000000002")
            + ETHERTYPE[family] + data)


def cuts(family, headers):
    """Where to cut: in and around the headers behind that of IP."""
    start = 14 + IP_HEADER[family]
    return range(start - 4, start + headers + 1)


@ksft_variants(FAMILY_VARIANTS)
def test_udp(family):
    """A UDP header in two fragments, cut at every byte."""
    data = frame(family, packet.udp(FAR[family], PEER_PORT, NEAR[family],
                                    PORT, b"payload"))
    with tap() as observed, \
            observed.namespace.udp("", PORT, family) as sock:
        for number, cut in enumerate(cuts(family, 8), 1):
            observed.tun.send_pieces(data[:14], data[14:cut], data[cut:])
            ksft_eq(sock.recv(100), b"payload")
            lookups = observed.trace.lookups(direction="receive")
            ksft_eq(len(lookups), number)
            check_lookup(lookups[-1], "receive", "unconnected",
                         socket_cookie(sock))
            ksft_eq((lookups[-1].sport, lookups[-1].dport),
                    (PEER_PORT, PORT), f"cut at {cut}")
        check_account(observed)


@ksft_variants(FAMILY_VARIANTS)
def test_tcp(family):
    """A TCP header in fragments of one to twenty bytes."""
    data = frame(family, packet.tcp(FAR[family], PEER_PORT, NEAR[family],
                                    PORT, ACK))
    with tap() as observed, \
            observed.namespace.listener("", PORT, family) as sock:
        for number, cut in enumerate(cuts(family, 19), 1):
            observed.tun.send_pieces(data[:14], data[14:cut], data[cut:])
            lookups = observed.trace.wait(number, direction="receive")
            check_lookup(lookups[-1], "receive", "listener",
                         socket_cookie(sock))
            ksft_eq((lookups[-1].sport, lookups[-1].dport),
                    (PEER_PORT, PORT), f"cut at {cut}")
        check_account(observed)


def test_ipv6_extension_headers():
    """Extension headers in pieces, each piece of eight bytes."""
    source, target = FAR[socket.AF_INET6], NEAR[socket.AF_INET6]
    segment = packet.udp_header(source, PEER_PORT, target, PORT, b"payload")
    headers = extension(DESTINATION) * 3 + extension(socket.IPPROTO_UDP)
    data = packet.ipv6(source, target, HOP_BY_HOP, headers + segment)
    start = 14 + IP_HEADER[socket.AF_INET6]
    whole = frame(socket.AF_INET6, data)
    pieces = [whole[:14], whole[14:start]] + [
        whole[place:place + 8] for place in range(start, len(whole), 8)]
    with tap() as observed, \
            observed.namespace.udp("", PORT, socket.AF_INET6) as sock:
        observed.tun.send_pieces(*pieces)
        ksft_eq(sock.recv(100), b"payload")
        lookup, = observed.trace.lookups(direction="receive")
        check_lookup(lookup, "receive", "unconnected", socket_cookie(sock))
        check_account(observed)


if __name__ == "__main__":
    program.run(globals())
