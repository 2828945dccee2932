#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A BPF program at the device gives a packet its socket (bpf_sk_assign()).

The stack takes it without a lookup, and so does nsmux: it is the answer in
every mode, also where a table has another one, or none.
"""

import contextlib
import socket

from lib import packet, program, status
from lib.bpf_program import (SK_LOOKUP_TCP, SK_LOOKUP_UDP, TCX_INGRESS, assign,
                             attached, udp_tuple)
from lib.delivery import receivers
from lib.identity import socket_cookie
from lib.observed import ROW_OF_TCP, ROW_OF_UDP, check_lookup, observed_tun
from lib.packet import SYN
from lib.reuseport_group import group
from lib.tcp_peer import TcpPeer
from lib.topology import FAMILIES, FAR, NEAR
from net.lib.py import KsftNamedVariant, ksft_eq, ksft_variants

PORT, OTHER_PORT, PEER_PORT = 53, 54, 40000
VARIANTS = [KsftNamedVariant(f"{version}_{mode}", family, mode)
            for version, family in zip(("ipv4", "ipv6"), FAMILIES)
            for mode in ("observe", "verify", "steer")]


@contextlib.contextmanager
def assigned(family, mode, by, made=observed_tun):
    """Whatever is received is given to who has the other port."""
    with made() as observed:
        observed.namespace.set_mode(mode)
        with observed.namespace.enter():
            device = socket.if_nametoindex(observed.tun.name)
        code = assign(udp_tuple(FAR[family], PEER_PORT, NEAR[family],
                                OTHER_PORT), by)
        with attached(observed.namespace, TCX_INGRESS, code, device):
            yield observed


def check_chosen(observed, row, outcome, count=1):
    """The packets bore the socket, and nothing else became of them."""
    now = status.read(observed.namespace)
    ksft_eq(now.counts["receive", row, outcome], count)
    ksft_eq(now.counts["receive", "chosen"], count)
    for key in ("steered", "early-demux", "demux-other", "left-kind"):
        ksft_eq(now.counts["receive", key], 0, key)
    ksft_eq(now.counts["receive", row, "none"], 0)
    status.check_sums(now)


@ksft_variants(VARIANTS)
def test_udp(family, mode):
    """The socket of the other port gets a datagram for a port that somebody
    has, and for one that nobody has."""
    with assigned(family, mode, SK_LOOKUP_UDP) as observed, \
            observed.namespace.udp("", PORT, family) as by_table, \
            observed.namespace.udp("", OTHER_PORT, family) as chosen:
        for port in (PORT, PORT + 100):
            observed.tun.send(packet.udp(FAR[family], PEER_PORT, NEAR[family],
                                         port, b"!"))
            ksft_eq(receivers([by_table, chosen], b"!"), [chosen])
        for lookup in observed.trace.lookups(direction="receive"):
            check_lookup(lookup, "receive", "unconnected",
                         socket_cookie(chosen))
        check_chosen(observed, ROW_OF_UDP[family], "unconnected", 2)


@ksft_variants(VARIANTS)
def test_tcp(family, mode):
    """The listener of the other port is asked for a connection."""
    with assigned(family, mode, SK_LOOKUP_TCP) as observed, \
            observed.namespace.listener("", OTHER_PORT, family) as chosen:
        peer = TcpPeer(observed.tun, FAR[family], PEER_PORT, NEAR[family],
                       PORT)
        peer.half_open()
        lookup, = observed.trace.lookups(direction="receive")
        check_lookup(lookup, "receive", "listener", socket_cookie(chosen))
        check_chosen(observed, ROW_OF_TCP[family], "listener")


@ksft_variants(VARIANTS)
def test_group(family, mode):
    """Of a reuseport group, the stack chooses once more: any of them."""
    with assigned(family, mode, SK_LOOKUP_UDP) as observed, \
            group(observed.namespace, family, socket.SOCK_DGRAM,
                  OTHER_PORT) as sockets:
        observed.tun.send(packet.udp(FAR[family], PEER_PORT, NEAR[family],
                                     PORT, b"!"))
        ksft_eq(len(receivers(sockets, b"!")), 1)
        check_chosen(observed, ROW_OF_UDP[family], "ambiguous")


@ksft_variants([KsftNamedVariant(mode, mode)
                for mode in ("observe", "verify", "steer")])
def test_fragments(mode):
    """A first fragment of IPv6 that is given a socket loses it when the packet
    is put together: who has the packet's own port gets it, and is named."""
    with assigned(socket.AF_INET6, mode, SK_LOOKUP_UDP) as observed, \
            observed.namespace.udp("", PORT, socket.AF_INET6) as by_table, \
            observed.namespace.udp("", OTHER_PORT, socket.AF_INET6) as other:
        ends = FAR[socket.AF_INET6], NEAR[socket.AF_INET6]
        whole = packet.udp_header(ends[0], PEER_PORT, ends[1], PORT,
                                  b"!" * 24)
        for offset in (0, 16):
            observed.tun.send(packet.ipv6(
                *ends, packet.FRAGMENT, packet.fragment_header(
                    socket.IPPROTO_UDP, offset, not offset, 1)
                + whole[offset:][:16 if not offset else None]))
        ksft_eq(receivers([by_table, other], b"!" * 24), [by_table])
        first = observed.trace.lookups(direction="receive")[0]
        check_lookup(first, "receive", "unconnected", socket_cookie(by_table))
        ksft_eq(status.read(observed.namespace).counts["receive", "chosen"], 0)


@ksft_variants(VARIANTS)
def test_nobody(family, mode):
    """Where the program finds no socket, the tables are asked."""
    with assigned(family, mode, SK_LOOKUP_TCP) as observed:
        observed.tun.send(packet.tcp(FAR[family], PEER_PORT, NEAR[family],
                                     PORT, SYN))
        counts = status.read(observed.namespace).counts
        ksft_eq((counts["receive", ROW_OF_TCP[family], "none"],
                 counts["receive", "chosen"]), (1, 0))


if __name__ == "__main__":
    program.run(globals())
