#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Packets that are cut short, or that contradict themselves.

Each is sent into a namespace that nsmux does not see and into one that it
observes. Whatever the kernel makes of it, it has to make the same of it in
both; and nsmux counts it once if it came as far as local input.
"""

import random
import socket
import struct

from lib import effects, packet, program, status
from lib.effects import PEER_PORT, TCP_PORT, UDP_PORT, ends
from lib.observed import observed_tun
from lib.packet import ACK, FIN, PSH, RST
from net.lib.py import (KsftNamedVariant, ksft_eq, ksft_ge, ksft_pr,
                        ksft_variants)

FAMILY = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
BATCHES, BATCH = 60, 10


def udp_segment(source, destination, length=None, payload=b"payload"):
    """A UDP segment whose length field may lie; without a checksum."""
    return struct.pack("!HHHH", PEER_PORT, UDP_PORT,
                       8 + len(payload) if length is None else length,
                       0) + payload


def transport_cases(family):
    """Segments that are wrong, with what nsmux should make of them."""
    source, destination = ends(family)
    udp, tcp = ("udp", "tcp") if family == socket.AF_INET else ("udp6", "tcp6")

    def tcp_segment(flags=ACK, **fields):
        return packet.tcp_header(source, PEER_PORT, destination, TCP_PORT,
                                 flags, **fields)

    good_udp = packet.udp_header(source, PEER_PORT, destination, UDP_PORT,
                                 b"payload")
    whole_udp = udp_segment(source, destination)
    bad = bytearray(good_udp)
    bad[-1] ^= 1
    bad_tcp = bytearray(tcp_segment())
    bad_tcp[4] ^= 1
    cases = {
        "udp good": (good_udp, (udp, "unconnected")),
        "udp bad checksum": (bytes(bad), (udp, "unconnected")),
        "udp length of one byte less": (
            udp_segment(source, destination, 14), (udp, "unconnected")),
        "udp length too long": (
            udp_segment(source, destination, 100), "unparsed"),
        "udp length too short": (
            udp_segment(source, destination, 7), "unparsed"),
        "udp length 0": (udp_segment(source, destination, 0), "unparsed"),
        "tcp good": (tcp_segment(), (tcp, "listener")),
        "tcp bad checksum": (bytes(bad_tcp), (tcp, "listener")),
        "tcp no flags": (tcp_segment(0), (tcp, "listener")),
        "tcp all flags": (tcp_segment(0xff), (tcp, "listener")),
        "tcp fin push reset": (tcp_segment(FIN | PSH | RST),
                               (tcp, "listener")),
        "tcp data offset 4": (tcp_segment(data_offset=4), "unparsed"),
        "tcp data offset 0": (tcp_segment(data_offset=0), "unparsed"),
        "tcp options beyond the end": (tcp_segment(data_offset=15),
                                       "unparsed"),
        "tcp options to the end": (
            tcp_segment(data_offset=15, payload=b"\1" * 40),
            (tcp, "listener")),
    }
    for length in (0, 1, 4, 7):
        cases[f"udp {length} bytes"] = whole_udp[:length], "unparsed"
    for length in (0, 4, 12, 19):
        cases[f"tcp {length} bytes"] = tcp_segment()[:length], "unparsed"
    return {name: (packet.ip(source, destination, socket.IPPROTO_UDP
                             if name.startswith("udp") else
                             socket.IPPROTO_TCP, segment), expected)
            for name, (segment, expected) in cases.items()}


def ipv4_cases():
    """IPv4 headers that are wrong, or unusual; None: dropped before."""
    source, destination = ends(socket.AF_INET)
    udp = packet.udp_header(source, PEER_PORT, destination, UDP_PORT, b"data")

    def ipv4(protocol=socket.IPPROTO_UDP, payload=udp, **fields):
        return packet.ipv4(source, destination, protocol, payload, **fields)

    found, nop, end = ("udp", "unconnected"), b"\1", b"\0"
    return {
        "total length beyond the end": (ipv4(total_length=1000), None),
        "total length within the header": (ipv4(total_length=19), None),
        "total length of the header alone": (ipv4(total_length=20),
                                             "unparsed"),
        "total length cuts the udp header": (ipv4(total_length=27),
                                             "unparsed"),
        "total length cuts the payload": (ipv4(total_length=29), "unparsed"),
        "header length 4": (ipv4(version_ihl=0x44), None),
        "header length beyond the end": (ipv4(version_ihl=0x4f), None),
        "header of 20 bytes only": (ipv4(payload=b""), "unparsed"),
        "header of 19 bytes": (ipv4(payload=b"")[:19], None),
        "bad header checksum": (ipv4()[:10] + b"\0\0" + ipv4()[12:], None),
        "ttl 0": (ipv4(ttl=0), found),
        "options nop": (ipv4(options=nop * 4), found),
        "options 40 bytes": (ipv4(options=nop * 39 + end), found),
        "option record route": (
            ipv4(options=bytes((7, 11, 4)) + bytes(8) + nop), found),
        "option timestamp": (
            ipv4(options=bytes((68, 12, 5, 0)) + bytes(8)), found),
        "option router alert": (ipv4(options=bytes((148, 4, 0, 0))), found),
        "option of length 0": (ipv4(options=bytes((7, 0, 4, 0))), None),
        "option beyond the header": (ipv4(options=bytes((7, 40, 4, 0))),
                                     None),
        "option source route": (
            ipv4(options=bytes((131, 7, 8)) + packet.packed(source) + end),
            None),
        "unknown protocol": (ipv4(protocol=253), "no-table"),
        "icmp echo": (ipv4(socket.IPPROTO_ICMP, b"\x08\0\xf7\xff\0\0\0\0"),
                      "no-table"),
        "icmp of no bytes": (ipv4(socket.IPPROTO_ICMP, b""), "no-table"),
        "udp-lite": (ipv4(socket.IPPROTO_UDPLITE), "no-table"),
        "martian source": (packet.udp("127.0.0.1", 1, destination, UDP_PORT),
                           None),
    }


def ipv6_cases():
    """IPv6 headers that are wrong; extension headers have their own test."""
    source, destination = ends(socket.AF_INET6)
    udp = packet.udp_header(source, PEER_PORT, destination, UDP_PORT, b"data")

    def ipv6(next_header=socket.IPPROTO_UDP, payload=udp, **fields):
        return packet.ipv6(source, destination, next_header, payload,
                           **fields)

    return {
        "payload length beyond the end": (ipv6(payload_length=1000), None),
        "payload length 0": (ipv6(payload_length=0), "unparsed"),
        "payload length cuts the udp header": (ipv6(payload_length=7),
                                               "unparsed"),
        "payload length cuts the payload": (ipv6(payload_length=10),
                                            "unparsed"),
        "header of 40 bytes only": (ipv6(payload=b""), "unparsed"),
        "header of 39 bytes": (ipv6(payload=b"")[:39], None),
        "hop limit 0": (ipv6(hop_limit=0), ("udp6", "unconnected")),
        "unknown protocol": (ipv6(next_header=253), "no-table"),
        "icmp of no bytes": (ipv6(socket.IPPROTO_ICMPV6, b""), "no-table"),
        "loopback source": (packet.udp("::1", 1, destination, UDP_PORT),
                            None),
    }


CASES = {"ipv4_header": ipv4_cases(), "ipv6_header": ipv6_cases()} | {
    f"{name}_transport": transport_cases(family)
    for name, family in FAMILY.items()}


@ksft_variants([KsftNamedVariant(name, cases)
                for name, cases in CASES.items()])
def test_one_by_one(cases):
    """Each packet has the same effect with and without nsmux."""
    with effects.targets() as (unseen, seen):
        for name, (data, expected) in cases.items():
            before = status.read(seen.namespace)
            ksft_eq(seen.effect(data), unseen.effect(data), name)
            ksft_eq(effects.received(seen.observed, before),
                    [] if expected is None else [expected], name)
        status.check_sums(status.read(seen.namespace))
        ksft_eq(set(status.read(unseen.namespace).counts.values()), {0})


@ksft_variants([KsftNamedVariant(name, family)
                for name, family in FAMILY.items()])
def test_transmitted(family):
    """What a raw socket sends is its own, be it cut short or whole."""
    row = {socket.AF_INET: "raw", socket.AF_INET6: "raw6"}[family]
    far, near = ends(family)
    whole = packet.udp_header(near, UDP_PORT + 1, far, PEER_PORT, b"payload")

    def is_sent(data, payload):
        header = 20 if family == socket.AF_INET else 40
        return (data[9 if header == 20 else 6] == socket.IPPROTO_UDP
                and data[header:] == payload)

    with observed_tun() as observed, observed.namespace.open_socket(
            family, socket.SOCK_RAW, socket.IPPROTO_UDP) as sock:
        for length in (0, 1, 4, 7, len(whole)):
            before = status.read(observed.namespace)
            sock.sendto(whole[:length], (far, 0))
            observed.tun.receive(
                lambda data, payload=whole[:length]: is_sent(data, payload))
            changed = status.read(observed.namespace) - before
            ksft_eq(changed.get(("transmit", row, "unconnected")), 1,
                    f"{length} bytes")
        status.check_sums(status.read(observed.namespace))


def fuzzed(generator):
    """A packet of any kind, cut short, or with some bytes changed."""
    kinds = generator.choice(list(CASES.values()))
    data = bytearray(generator.choice(list(kinds.values()))[0])
    for _ in range(generator.randrange(4)):
        # Not the version: the device takes it for the packet's family.
        data[generator.randrange(1, len(data))] = generator.randrange(256)
    if generator.randrange(2):
        del data[generator.randrange(1, len(data) + 1):]
    return bytes(data)


def test_fuzzed():
    """The same for packets that nobody thought of."""
    seed = effects.seed()
    ksft_pr(f"NSMUX_SEED={seed}")
    generator = random.Random(seed)
    with effects.targets() as (unseen, seen):
        for _ in range(BATCHES):
            batch = [fuzzed(generator) for _ in range(BATCH)]
            before = status.read(seen.namespace)
            ksft_eq(seen.effect(*batch), unseen.effect(*batch),
                    "\n".join(data.hex() for data in batch))
            now = status.read(seen.namespace)
            ksft_ge(BATCH, now.seen("receive") - before.seen("receive"))
        status.check_sums(now)


if __name__ == "__main__":
    program.run(globals())
