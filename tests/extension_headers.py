#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""IPv6 extension headers before TCP and UDP, well formed and not."""

import socket
import struct

from lib import effects, packet, program, status
from lib.effects import PEER_PORT, TCP_PORT, UDP_PORT, ends
from lib.packet import (ACK, AUTHENTICATION, DESTINATION, FRAGMENT, HOP_BY_HOP,
                        NO_NEXT, ROUTING, extension, fragment_header)
from net.lib.py import ksft_eq

UDP, TCP = socket.IPPROTO_UDP, socket.IPPROTO_TCP
SOURCE, TARGET = ends(socket.AF_INET6)
UDP_SEGMENT = packet.udp_header(SOURCE, PEER_PORT, TARGET, UDP_PORT, b"data")
TCP_SEGMENT = packet.tcp_header(SOURCE, PEER_PORT, TARGET, TCP_PORT, ACK)
ESP = 50
FOUND, LISTENER = ("udp6", "unconnected"), ("tcp6", "listener")
# IP6_MAX_EXT_HDRS_CNT: the kernel itself follows no more than these.
MOST_HEADERS = 12


def chain(*kinds, last=UDP, segment=UDP_SEGMENT):
    """A packet with one small extension header of each of the kinds."""
    payload, following = segment, last
    for kind in reversed(kinds):
        payload, following = extension(following) + payload, kind
    return packet.ipv6(SOURCE, TARGET, following, payload)


def routing(kind, segments_left):
    """A routing header with one address in it."""
    return bytes((UDP, 2, kind, segments_left)) + bytes(4) + packet.packed(
        TARGET)


def ipv6(next_header, payload):
    """A packet of the case's own making."""
    return packet.ipv6(SOURCE, TARGET, next_header, payload)


WELL_FORMED = {
    "hop-by-hop": (chain(HOP_BY_HOP), FOUND),
    "destination": (chain(DESTINATION), FOUND),
    "both": (chain(HOP_BY_HOP, DESTINATION), FOUND),
    "both before tcp": (chain(HOP_BY_HOP, DESTINATION, last=TCP,
                              segment=TCP_SEGMENT), LISTENER),
    "destination of 2048 bytes": (
        ipv6(DESTINATION, extension(UDP, (b"\1\xfd" + bytes(253)) * 8
                                    + b"\1\4" + bytes(4)) + UDP_SEGMENT),
        FOUND),
    "routing": (ipv6(ROUTING, routing(2, 0) + UDP_SEGMENT), FOUND),
    "routing with segments left": (
        ipv6(ROUTING, routing(0, 1) + UDP_SEGMENT), FOUND),
    "atomic fragment": (
        ipv6(FRAGMENT, fragment_header(UDP, 0, False, 1) + UDP_SEGMENT),
        FOUND),
    "authentication": (
        ipv6(AUTHENTICATION, struct.pack("!BBHII", UDP, 1, 0, 1, 1)
             + UDP_SEGMENT), FOUND),
    "esp": (ipv6(ESP, bytes(16)), "no-table"),
    "no next header": (ipv6(NO_NEXT, b""), "no-table"),
    "no next header after destination": (
        chain(DESTINATION, last=NO_NEXT, segment=b""), "no-table"),
    "icmp after destination": (
        chain(DESTINATION, last=socket.IPPROTO_ICMPV6, segment=bytes(8)),
        "no-table"),
}

MALFORMED = {
    "nothing after the header": (chain(DESTINATION, segment=b""), "unparsed"),
    "udp header cut": (chain(DESTINATION, segment=UDP_SEGMENT[:7]),
                       "unparsed"),
    "one byte of an extension": (ipv6(DESTINATION, bytes((UDP,))),
                                 "unparsed"),
    "extension beyond the end": (
        ipv6(DESTINATION, bytes((UDP, 5, 1, 4, 0, 0, 0, 0)) + UDP_SEGMENT),
        "unparsed"),
    "extension of 2048 bytes, not there": (
        ipv6(DESTINATION, bytes((UDP, 255, 1, 4, 0, 0, 0, 0)) + UDP_SEGMENT),
        "unparsed"),
    "fragment header cut": (
        ipv6(FRAGMENT, fragment_header(UDP, 0, False, 1)[:3]), "unparsed"),
    "option beyond its header": (
        ipv6(DESTINATION, bytes((UDP, 0, 1, 200, 0, 0, 0, 0)) + UDP_SEGMENT),
        FOUND),
    "unknown option that says discard": (
        ipv6(DESTINATION, bytes((UDP, 0, 0x5e, 4, 0, 0, 0, 0))
             + UDP_SEGMENT), FOUND),
    "hop-by-hop that is not the first": (chain(DESTINATION, HOP_BY_HOP),
                                         FOUND),
    "hop-by-hop with a bad option": (
        ipv6(HOP_BY_HOP, bytes((UDP, 0, 1, 200, 0, 0, 0, 0)) + UDP_SEGMENT),
        None),
}


def check(cases):
    """Each has the effect that it has without nsmux, and is counted."""
    with effects.targets() as (unseen, seen):
        for name, (data, expected) in cases.items():
            before = status.read(seen.namespace)
            ksft_eq(seen.effect(data), unseen.effect(data), name)
            ksft_eq(effects.received(seen.observed, before),
                    [] if expected is None else [expected], name)
        status.check_sums(status.read(seen.namespace))


def test_well_formed():
    """The ports are found behind every header that may stand there."""
    check(WELL_FORMED)


def test_malformed():
    """What does not add up is unparsed, or dropped before it is seen."""
    check(MALFORMED)


def test_as_many_as_the_kernel_follows():
    """The kernel delivers behind the twelfth header, and not behind more."""
    with effects.targets() as (unseen, seen):
        for count, delivered, expected in (
                (MOST_HEADERS, [b"data"], FOUND),
                (MOST_HEADERS + 1, [], "unparsed")):
            data = chain(*[DESTINATION] * count)
            before = status.read(seen.namespace)
            effect = seen.effect(data)
            ksft_eq(effect, unseen.effect(data), f"{count} headers")
            ksft_eq(effect.delivered, delivered, f"{count} headers")
            ksft_eq(effects.received(seen.observed, before), [expected],
                    f"{count} headers")


if __name__ == "__main__":
    program.run(globals())
