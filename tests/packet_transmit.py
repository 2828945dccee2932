#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What a packet socket sends: no hook of the sender's sees it but through a
VRF, and at the other end it is a received packet like any other."""

import socket

from lib import lookup_trace, packet, program
from lib.identity import socket_cookie
from lib.observed import FAMILY_VARIANTS, check_lookup
from lib.resolution import Resolution
from lib.topology import (FAR, NEAR, address_lines, hardware_address,
                          veth_pair)
from net.lib.py import KsftNamedVariant, ksft_eq, ksft_ge, ksft_variants

PORT, PEER_PORT = 53, 40000
ETHERTYPE = {socket.AF_INET: 0x0800, socket.AF_INET6: 0x86dd}
ROW = {socket.AF_INET: "udp", socket.AF_INET6: "udp6"}


def packed(namespace):
    """The hardware address of veth0 as bytes."""
    address = hardware_address(namespace, "veth0")
    return bytes.fromhex(address.replace(":", ""))


@ksft_variants(FAMILY_VARIANTS)
def test_whole_frame(family):
    """A frame with all its headers, by a raw packet socket."""
    with veth_pair("observe") as (near, far), \
            lookup_trace.capture(near, far) as trace, \
            far.udp("", PORT, family) as server, \
            near.open_socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind(("veth0", ETHERTYPE[family]))
        watched = [Resolution(namespace) for namespace in (near, far)]
        data = packet.udp(NEAR[family], PEER_PORT, FAR[family], PORT, b"!")
        sock.send(packed(far) + packed(near)
                  + ETHERTYPE[family].to_bytes(2, "big") + data)
        ksft_eq(server.recv(10), b"!")
        watched[0].check()
        ksft_eq(watched[0].rows(*ROW.values()), {})
        watched[1].check(receive={"by-device": 1})
        lookup, = trace.wait(direction="receive", protocol=ROW[family])
        check_lookup(lookup, "receive", "unconnected", socket_cookie(server))


@ksft_variants(FAMILY_VARIANTS)
def test_payload(family):
    """The same by a packet socket that has the kernel add the frame."""
    with veth_pair("observe") as (near, far), \
            far.udp("", PORT, family) as server, \
            near.open_socket(socket.AF_PACKET, socket.SOCK_DGRAM) as sock:
        watched = [Resolution(namespace) for namespace in (near, far)]
        data = packet.udp(NEAR[family], PEER_PORT, FAR[family], PORT, b"!")
        sock.sendto(data, ("veth0", ETHERTYPE[family], 0, 0,
                           packed(far)))
        ksft_eq(server.recv(10), b"!")
        watched[0].check()
        ksft_eq(watched[0].rows(*ROW.values()), {})
        watched[1].check(receive={"by-device": 1})


@ksft_variants([KsftNamedVariant(f"{family.name}_{name}", *family.params, kind)
                for family in FAMILY_VARIANTS
                for name, kind in (("whole_frame", socket.SOCK_RAW),
                                   ("payload", socket.SOCK_DGRAM))])
def test_through_vrf(family, kind):
    """A VRF has IP send what it is given, by LOCAL_OUT: there it is seen, and
    a packet socket is the sender of no datagram, as of none elsewhere."""
    with veth_pair("observe") as (near, far), \
            lookup_trace.capture(near) as trace, \
            far.udp("", PORT, family) as server:
        near.ip("link add vrf-red type vrf table 10", "link set vrf-red up",
                "link set veth0 master vrf-red",
                # Whoever changes its master loses these.
                *address_lines("veth0", {socket.AF_INET6:
                                         NEAR[socket.AF_INET6]}))
        with near.open_socket(socket.AF_PACKET, kind) as sock:
            header = bytes(12) + ETHERTYPE[family].to_bytes(2, "big")
            sock.sendto((header if kind == socket.SOCK_RAW else b"")
                        + packet.udp(NEAR[family], PEER_PORT, FAR[family], PORT,
                                     b"!"),
                        ("vrf-red", ETHERTYPE[family], 0, 0, bytes(6)))
            ksft_eq(server.recv(10), b"!")
            sent = trace.lookups(direction="transmit", protocol=ROW[family])
            ksft_ge(len(sent), 1)
            ksft_eq({(lookup.outcome, lookup.socket) for lookup in sent},
                    {("none", 0)})
            ksft_eq(trace.lookups(direction="transmit",
                                  socket=socket_cookie(sock)), [])


if __name__ == "__main__":
    program.run(globals())
