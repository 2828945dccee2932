# SPDX-License-Identifier: GPL-2.0
"""Packets as bytes, well formed unless a test says otherwise."""

import socket
import struct
from typing import NamedTuple

FIN, SYN, RST, PSH, ACK, URG = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20

HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, NO_NEXT, DESTINATION = (
    0, 43, 44, 51, 59, 60)


def family_of(address):
    """The address family of an address in text."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def packed(address):
    """An address as the bytes of a header."""
    return socket.inet_pton(family_of(address), address)


def checksum(data):
    """The Internet checksum of RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def transport_checksum(source, destination, protocol, segment):
    """The checksum of a TCP or UDP segment, pseudo header included."""
    pseudo = packed(source) + packed(destination) + struct.pack(
        "!II", len(segment), protocol)
    return checksum(pseudo + segment)


def ipv4(source, destination, protocol, payload, options=b"",
         identification=0, fragment=0, **wrong):
    """An IPv4 packet; `wrong` replaces fields by what they should not be."""
    header_length = 20 + len(options)
    fields = {"version_ihl": 0x40 | header_length // 4, "tos": 0,
              "total_length": header_length + len(payload), "ttl": 64}
    fields.update(wrong)
    header = struct.pack(
        "!BBHHHBBH4s4s", fields["version_ihl"], fields["tos"],
        fields["total_length"], identification, fragment, fields["ttl"],
        protocol, 0, packed(source), packed(destination)) + options
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    return header + payload


def ipv6(source, destination, next_header, payload, **wrong):
    """An IPv6 packet; `wrong` replaces fields by what they should not be."""
    fields = {"payload_length": len(payload), "hop_limit": 64}
    fields.update(wrong)
    return struct.pack("!IHBB16s16s", 6 << 28, fields["payload_length"],
                       next_header, fields["hop_limit"], packed(source),
                       packed(destination)) + payload


def ip(source, destination, protocol, payload):
    """A packet of the addresses' own family."""
    if family_of(source) == socket.AF_INET:
        return ipv4(source, destination, protocol, payload)
    return ipv6(source, destination, protocol, payload)


def udp_header(source, sport, destination, dport, payload):
    """A UDP header and its payload."""
    segment = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload
    total = transport_checksum(source, destination, socket.IPPROTO_UDP,
                               segment)
    # RFC 768: a checksum of zero is sent as all ones.
    return segment[:6] + struct.pack("!H", total or 0xffff) + segment[8:]


def tcp_header(source, sport, destination, dport, flags, sequence=0,
               acknowledgement=0, payload=b"", data_offset=5, window=65535,
               urgent=0):
    """A TCP header without options, and its payload."""
    segment = struct.pack("!HHIIBBHHH", sport, dport, sequence & 0xffffffff,
                          acknowledgement & 0xffffffff, data_offset << 4,
                          flags, window, 0, urgent) + payload
    total = transport_checksum(source, destination, socket.IPPROTO_TCP,
                               segment)
    return segment[:16] + struct.pack("!H", total) + segment[18:]


def udp(source, sport, destination, dport, payload=b"?"):
    """A whole UDP packet."""
    return ip(source, destination, socket.IPPROTO_UDP,
              udp_header(source, sport, destination, dport, payload))


def tcp(source, sport, destination, dport, flags, **fields):
    """A whole TCP packet."""
    return ip(source, destination, socket.IPPROTO_TCP,
              tcp_header(source, sport, destination, dport, flags, **fields))


def icmp_error(source, destination, quoted, kind, code):
    """A whole packet of ICMP or ICMPv6 with an error about another one."""
    body = struct.pack("!BBHI", kind, code, 0, 0) + quoted
    if family_of(source) == socket.AF_INET:
        protocol, value = socket.IPPROTO_ICMP, checksum(body)
    else:
        protocol = socket.IPPROTO_ICMPV6
        value = transport_checksum(source, destination, protocol, body)
    body = body[:2] + struct.pack("!H", value) + body[4:]
    return ip(source, destination, protocol, body)


def extension(next_header, body=b""):
    """An IPv6 hop-by-hop or destination options header, padded with PadN."""
    padding = -(2 + len(body)) % 8
    if padding == 1:
        body += b"\0"
    elif padding:
        body += bytes((1, padding - 2)) + b"\0" * (padding - 2)
    return bytes((next_header, (2 + len(body)) // 8 - 1)) + body


def fragment_header(next_header, offset, more, identification):
    """An IPv6 fragment header; the offset is in bytes."""
    return struct.pack("!BBHI", next_header, 0, offset | more, identification)


class Segment(NamedTuple):
    """What of a received TCP packet the tests need."""

    sport: int
    dport: int
    sequence: int
    acknowledgement: int
    flags: int
    payload: bytes


def parse_tcp(packet):
    """The TCP segment in a packet without IPv6 extensions, or None."""
    if packet[0] >> 4 == 4:
        protocol, start = packet[9], (packet[0] & 15) * 4
    else:
        protocol, start = packet[6], 40
    if protocol != socket.IPPROTO_TCP:
        return None
    fields = struct.unpack_from("!HHIIBB", packet, start)
    return Segment(*fields[:4], fields[5],
                   packet[start + (fields[4] >> 4) * 4:])
