#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Packets that leave by LOCAL_OUT and that nobody here has sent.

    far ---- router: veth0, veth1 ---- mirror

A firewall sends a copy of what it receives to another host. The copy has the
address and the port of its first sender, and somebody here who has the same
port, for any address, is not that one.
"""

import socket
import struct

from lib import lookup_trace, program, status
from lib.observed import ROW_OF_UDP
from lib.resolution import Resolution
from lib.topology import FAR, NEAR, Namespace, connect, veth_pair
from net.lib.py import KsftNamedVariant, cmd, ksft_eq, ksft_variants

PORT, PEER_PORT = 9, 40000
V4, V6 = socket.AF_INET, socket.AF_INET6
ROUTER = {V4: "198.51.100.1", V6: "2001:db8:1::1"}
MIRROR = {V4: "198.51.100.2", V6: "2001:db8:1::2"}
RULES = """
table ip copy {
    chain prerouting {
        type filter hook prerouting priority 0;
        udp dport 9 dup to 198.51.100.2 device "veth1"
    }
}
table ip6 copy {
    chain prerouting {
        type filter hook prerouting priority 0;
        udp dport 9 dup to 2001:db8:1::2 device "veth1"
    }
}
"""
ETHERTYPE = {V4: 0x0800, V6: 0x86dd}
VARIANTS = [KsftNamedVariant(f"{version}_{mode}", family, mode)
            for version, family in (("ipv4", V4), ("ipv6", V6))
            for mode in ("observe", "verify")]


def destination_port(data, family):
    """Of a datagram as a packet socket has it."""
    start = (data[0] & 15) * 4 if family == V4 else 40
    if data[9 if family == V4 else 6] != socket.IPPROTO_UDP:
        return None
    return struct.unpack_from("!H", data, start + 2)[0]


@ksft_variants(VARIANTS)
def test_copied(family, mode):
    """The copy has no sender; the device says where it belongs."""
    with veth_pair(mode) as (router, far), Namespace() as mirror, \
            lookup_trace.capture(router) as trace:
        connect(router, mirror, "veth1", ROUTER, MIRROR)
        with router.enter():
            cmd(["nft", RULES])
        with router.udp("", PORT, family) as receiver, \
                router.udp("", PEER_PORT, family), \
                far.udp("", PEER_PORT, family) as sender, \
                mirror.open_socket(socket.AF_PACKET,
                                   socket.SOCK_DGRAM) as tap:
            tap.bind(("veth0", ETHERTYPE[family]))
            watched = Resolution(router)
            sender.sendto(b"!", (NEAR[family], PORT))
            ksft_eq(receiver.recvfrom(10), (b"!", sender_of(family)))
            while destination_port(tap.recv(1000), family) != PORT:
                pass
            watched.check(receive={"by-device": 1},
                          transmit={"by-device": 1})
            row = ROW_OF_UDP[family]
            ksft_eq(watched.rows(row), {("receive", row, "unconnected"): 1,
                                        ("transmit", row, "none"): 1})
            sent, = trace.lookups(direction="transmit", dport=PORT)
            ksft_eq((sent.by, sent.socket), ("device", 0))
            counts = status.read(router).counts
            ksft_eq(counts["transmit", "sender-other"], 0)


def sender_of(family):
    """The socket address that the far end sends from."""
    return (FAR[family], PEER_PORT) + ((0, 0) if family == V6 else ())


if __name__ == "__main__":
    program.run(globals())
