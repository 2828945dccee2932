#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Many datagrams of UDP in one packet, as a virtual machine hands them over.

Their common header says how long they are together, or nothing: a packet that
is too long to say it has 0 there, and the kernel goes by the packet then,
however long it is. It takes them apart for a socket that wants them one by one.
"""

import socket
import struct

from lib import packet, program, status
from lib.observed import ROW_OF_UDP, observed_tun
from lib.topology import FAMILIES, FAR, NEAR
from lib.tun_device import IFF_TUN, IFF_VNET_HDR
from net.lib.py import KsftNamedVariant, ksft_eq, ksft_variants

PORT, PEER_PORT = 53, 40000
HEADER = {socket.AF_INET: 20, socket.AF_INET6: 40}
# Of linux/udp.h; Python has no names for them.
SOL_UDP, UDP_GRO = 17, 104
DATAGRAMS = [letter * 100 for letter in (b"a", b"b", b"c")]
VARIANTS = [KsftNamedVariant(f"{version}_{mode}_{name}", family, mode, says)
            for version, family in zip(("ipv4", "ipv6"), FAMILIES)
            for mode in ("observe", "verify", "steer")
            for name, says in (("length", True), ("none", False))]


def segments(family, says):
    """One packet with all datagrams."""
    payload = b"".join(DATAGRAMS)
    length = 8 + len(payload) if says else 0
    pseudo = 0xffff ^ packet.transport_checksum(
        FAR[family], NEAR[family], socket.IPPROTO_UDP, b"")
    return packet.ip(FAR[family], NEAR[family], socket.IPPROTO_UDP,
                     struct.pack("!HHHH", PEER_PORT, PORT, length, pseudo)
                     + payload)


@ksft_variants(VARIANTS)
def test_delivered(family, mode, says):
    """The socket gets them, one by one or together, and is found once for
    all."""
    with observed_tun(flags=IFF_TUN | IFF_VNET_HDR) as observed, \
            observed.namespace.udp(NEAR[family], PORT, family) as sock:
        observed.namespace.set_mode(mode)
        for together, expected in (0, DATAGRAMS), (1, [b"".join(DATAGRAMS)]):
            sock.setsockopt(SOL_UDP, UDP_GRO, together)
            before = status.read(observed.namespace)
            observed.tun.send_segments(len(DATAGRAMS[0]),
                                       segments(family, says), HEADER[family])
            ksft_eq([sock.recv(1000) for _ in expected], expected)
            changed = status.read(observed.namespace) - before
            ksft_eq(changed.get(("receive", "unparsed"), 0), 0)
            ksft_eq(changed.get(("receive", ROW_OF_UDP[family],
                                 "unconnected"), 0), 1)
            ksft_eq(changed.get(("receive", "steered"), 0),
                    int(mode == "steer"))
        status.check_sums(status.read(observed.namespace))


if __name__ == "__main__":
    program.run(globals())
