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


def routing(kind, left, *addresses, sizes=0):
    """A routing header before UDP, with addresses in it."""
    body = b"".join(packet.packed(address) for address in addresses)
    return bytes((UDP, len(body) // 8, kind, left, sizes)) + bytes(3) + body


def ipv6(next_header, payload):
    """A packet of the case's own making."""
    return packet.ipv6(SOURCE, TARGET, next_header, payload)


def options(*texts):
    """A packet with one header of options for the destination."""
    return ipv6(DESTINATION, extension(UDP, b"".join(texts)) + UDP_SEGMENT)


def route(*arguments, **fields):
    """A packet with a routing header."""
    return ipv6(ROUTING, routing(*arguments, **fields) + UDP_SEGMENT)


def unknown(action, length=0):
    """An option that nobody knows, and what to do with it then."""
    return bytes((action << 6 | 0x1e, length)) + bytes(length)


WELL_FORMED = {
    "hop-by-hop": (chain(HOP_BY_HOP), FOUND),
    "destination": (chain(DESTINATION), FOUND),
    "both": (chain(HOP_BY_HOP, DESTINATION), FOUND),
    "both before tcp": (chain(HOP_BY_HOP, DESTINATION, last=TCP,
                              segment=TCP_SEGMENT), LISTENER),
    "destination of 2048 bytes": (options(*[unknown(0, 253)] * 8), FOUND),
    "routing without segments left": (route(253, 0, TARGET), FOUND),
    "atomic fragment": (
        ipv6(FRAGMENT, fragment_header(UDP, 0, False, 1) + UDP_SEGMENT),
        FOUND),
    "authentication": (
        ipv6(AUTHENTICATION, struct.pack("!BBHII", UDP, 1, 0, 1, 1)
             + UDP_SEGMENT), "no-table"),
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
        "unparsed"),
    "option without a length": (
        ipv6(DESTINATION, bytes((UDP, 0, 1, 3, 0, 0, 0, 1)) + UDP_SEGMENT),
        "unparsed"),
    "hop-by-hop that is not the first": (chain(DESTINATION, HOP_BY_HOP),
                                         "no-table"),
    "hop-by-hop with a bad option": (
        ipv6(HOP_BY_HOP, bytes((UDP, 0, 1, 200, 0, 0, 0, 0)) + UDP_SEGMENT),
        None),
}

DROPPED = {
    "unknown option to be ignored": (options(unknown(0)), FOUND),
    "unknown option, discard": (options(unknown(1)), "dropped"),
    "unknown option, discard and tell": (options(unknown(2)), "dropped"),
    "unknown option, discard and tell one": (options(unknown(3)), "dropped"),
    "behind one to be ignored": (options(unknown(0, 1), unknown(1)),
                                 "dropped"),
    "as many options as there may be": (options(*[unknown(0)] * 8), FOUND),
    "one option too many": (options(*[unknown(0)] * 9), "dropped"),
    "as much padding as there may be": (
        options(bytes(2), unknown(0, 4), bytes(6)), FOUND),
    "one byte of padding too much": (
        options(bytes(8), unknown(0, 4)), "dropped"),
    "padding in two pieces": (
        options(bytes(4), bytes((1, 2, 0, 0)), unknown(0, 4)), "dropped"),
    "padding with something in it": (
        options(bytes((1, 4, 0, 0, 1, 0))), "dropped"),
    "home address": (
        options(bytes((0xc9, 16)) + packet.packed(SOURCE)), "dropped"),
    "two fragment headers": (
        ipv6(FRAGMENT, fragment_header(FRAGMENT, 0, False, 1)
             + fragment_header(UDP, 0, False, 1) + UDP_SEGMENT), "dropped"),
    "unknown type, segments left": (route(0, 1, SOURCE), "dropped"),
    "type of mobility, none left": (route(2, 0, TARGET), "dropped"),
    "type of mobility, too many left": (route(2, 2, TARGET), "dropped"),
    "segments, not accepted": (route(4, 1, SOURCE, TARGET), "dropped"),
    "segments, none left, not accepted": (route(4, 0, TARGET), "dropped"),
    "source route, not accepted": (route(3, 1, SOURCE), "dropped"),
    "route, to a group": (
        packet.ipv6(SOURCE, "ff02::1", ROUTING,
                    routing(253, 0, TARGET) + UDP_SEGMENT), "dropped"),
    "route behind options": (
        ipv6(DESTINATION, extension(ROUTING) + routing(0, 1, SOURCE)
             + UDP_SEGMENT), "dropped"),
}

ACCEPTED = {
    "segments": (route(4, 1, SOURCE, TARGET), "routed"),
    "segments, as many as there are": (route(4, 2, SOURCE, TARGET, TARGET),
                                       "routed"),
    "segments, more than there are": (route(4, 2, SOURCE, TARGET), "dropped"),
    "segments, none left": (route(4, 0, TARGET, TARGET), FOUND),
    "segments, then a discarded option": (
        ipv6(ROUTING, bytes((DESTINATION,)) + routing(4, 0, TARGET)[1:]
             + extension(UDP, unknown(1)) + UDP_SEGMENT), "dropped"),
    "source route": (route(3, 1, SOURCE), "routed"),
    "source route, shortened": (
        ipv6(ROUTING, bytes((UDP, 1, 3, 1, 0x88, 0, 0, 0))
             + packet.packed(SOURCE)[8:] + UDP_SEGMENT), "routed"),
    "source route, more than there are": (route(3, 2, SOURCE), "dropped"),
    "source route, of no whole addresses": (
        ipv6(ROUTING, bytes((UDP, 1, 3, 1, 0, 0, 0, 0)) + bytes(8)
             + UDP_SEGMENT), "dropped"),
    "source route, none left": (route(3, 0, TARGET), FOUND),
}


def reached(effect):
    """Whether a socket got the packet: the kernel's word for it."""
    return bool(effect.delivered) or any(
        kind == "tcp" for kind, _ in effect.answers)


def check(cases, **settings):
    """Each has the effect that it has without nsmux, and is counted.

    It is found exactly if a socket gets it. The settings are variables of
    sysctl, of all devices and of this one.
    """
    with effects.targets() as (unseen, seen):
        for target in (unseen, seen):
            for setting, value in settings.items():
                for device in ("all", target.tun.name):
                    target.namespace.sysctl(
                        f"net/ipv6/conf/{device}/{setting}", value)
        for name, (data, expected) in cases.items():
            before = status.read(seen.namespace)
            effect = seen.effect(data)
            ksft_eq(effect, unseen.effect(data), name)
            ksft_eq(effects.received(seen.observed, before),
                    [] if expected is None else [expected], name)
            ksft_eq(reached(effect), expected in (FOUND, LISTENER), name)
        status.check_sums(status.read(seen.namespace))


def test_well_formed():
    """The ports are found behind every header that may stand there."""
    check(WELL_FORMED)


def test_malformed():
    """What does not add up is unparsed, or dropped before it is seen."""
    check(MALFORMED)


def test_dropped():
    """What the stack drops for its extension headers is not looked up."""
    check(DROPPED)


def test_routed():
    """With segments left, nobody here gets the packet."""
    check(ACCEPTED, seg6_enabled=1, rpl_seg_enabled=1)


def test_accepted_by_the_device_alone():
    """Both the namespace and the device have to accept it."""
    with effects.target("observe") as seen:
        seen.namespace.sysctl(
            f"net/ipv6/conf/{seen.tun.name}/seg6_enabled", 1)
        before = status.read(seen.namespace)
        seen.effect(route(4, 1, SOURCE, TARGET))
        ksft_eq(effects.received(seen.observed, before), ["dropped"])


def test_fewer_options():
    """A negative limit of options wants each of them to be known."""
    with effects.targets() as (unseen, seen):
        for limit, data, expected in (
                (2, options(*[unknown(0)] * 2), FOUND),
                (2, options(*[unknown(0)] * 3), "dropped"),
                (-2, options(unknown(0)), "dropped")):
            for target in (unseen, seen):
                target.namespace.sysctl("net/ipv6/max_dst_opts_number", limit)
            before = status.read(seen.namespace)
            effect = seen.effect(data)
            ksft_eq(effect, unseen.effect(data), f"limit {limit}")
            ksft_eq(effects.received(seen.observed, before), [expected],
                    f"limit {limit}")
            ksft_eq(reached(effect), expected == FOUND, f"limit {limit}")


def test_only_quoted():
    """What an error quotes is read whatever its headers say."""
    quoted = packet.ipv6(TARGET, SOURCE, ROUTING,
                         routing(4, 1, SOURCE, TARGET)
                         + packet.udp_header(TARGET, UDP_PORT, SOURCE,
                                             PEER_PORT, b"data"))
    error = packet.icmp_error(SOURCE, TARGET, quoted, 1, 4)
    with effects.targets() as (unseen, seen):
        before = status.read(seen.namespace)
        ksft_eq(seen.effect(error), unseen.effect(error))
        ksft_eq(effects.received(seen.observed, before),
                [("error6", "unconnected")])


def test_jumbogram():
    """A datagram that is too long to say how long it is: an option of the
    packet does, and the length of UDP is 0."""
    data = bytes(66000)
    segment = struct.pack("!HHHH", PEER_PORT, UDP_PORT, 0, 0) + data
    total = packet.transport_checksum(SOURCE, TARGET, UDP, segment)
    segment = segment[:6] + struct.pack("!H", total) + segment[8:]
    option = bytes((UDP, 0, 0xc2, 4)) + struct.pack("!I", 8 + len(segment))
    jumbogram = packet.ipv6(SOURCE, TARGET, HOP_BY_HOP, option + segment,
                            payload_length=0)
    with effects.targets() as (unseen, seen):
        before = status.read(seen.namespace)
        effect = seen.effect(jumbogram)
        ksft_eq(effect, unseen.effect(jumbogram))
        ksft_eq([len(payload) for payload in effect.delivered], [65536])
        ksft_eq(effects.received(seen.observed, before), [FOUND])


def test_as_many_as_the_kernel_follows():
    """The kernel delivers behind the twelfth header, and not behind more."""
    with effects.targets() as (unseen, seen):
        for count, delivered, expected in (
                (MOST_HEADERS, [b"data"], FOUND),
                (MOST_HEADERS + 1, [], "dropped")):
            data = chain(*[DESTINATION] * count)
            before = status.read(seen.namespace)
            effect = seen.effect(data)
            ksft_eq(effect, unseen.effect(data), f"{count} headers")
            ksft_eq(effect.delivered, delivered, f"{count} headers")
            ksft_eq(effects.received(seen.observed, before), [expected],
                    f"{count} headers")


if __name__ == "__main__":
    program.run(globals())
