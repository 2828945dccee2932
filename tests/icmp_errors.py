#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Errors of ICMP: whose packet do they quote?"""

import contextlib
import errno
import socket
import struct

from lib import packet, program, status
from lib.identity import socket_cookie
from lib.observed import (FAMILY_VARIANTS, check_account, observed_alike,
                          observed_tun)
from lib.packet import ACK
from lib.tcp_peer import TcpPeer
from lib.topology import FAR, NEAR, address_lines
from net.lib.py import (KsftNamedVariant, ksft_eq, ksft_raises,
                        ksft_variants)

PORT, PEER_PORT = 80, 40000
ROW = {socket.AF_INET: "error", socket.AF_INET6: "error6"}
# One for experiments, and how to be told of errors: IP_RECVERR of
# linux/in.h and IPV6_RECVERR of linux/in6.h; Python has no names for them.
PROTOCOL = 253
RECVERR = {socket.AF_INET: (socket.IPPROTO_IP, 11),
           socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}
# Destination unreachable, the port.
UNREACHABLE = {socket.AF_INET: (3, 3), socket.AF_INET6: (1, 4)}
KINDS = {socket.AF_INET: (3, 4, 5, 11, 12), socket.AF_INET6: (1, 2, 3, 4)}
NO_ERRORS = {socket.AF_INET: (0, 13, 40), socket.AF_INET6: (0, 5, 127, 129)}


def error(family, quoted, kind=None, code=None):
    """An error about a packet, which comes from the far end."""
    if kind is None:
        kind, code = UNREACHABLE[family]
    return packet.icmp_error(FAR[family], NEAR[family], quoted, kind,
                             code or 0)


def last(observed):
    """The latest lookup of a received packet."""
    lookup = observed.trace.wait(direction="receive")[-1]
    return lookup.protocol, lookup.outcome, lookup.socket


@ksft_variants(FAMILY_VARIANTS)
def test_udp(family):
    """The socket that sent the quoted datagram is found, and told."""
    with observed_tun() as observed, \
            observed.namespace.udp(NEAR[family], PORT, family) as sock:
        quoted = packet.udp(NEAR[family], PORT, FAR[family], PEER_PORT)
        observed.tun.send(error(family, quoted))
        ksft_eq(last(observed),
                (ROW[family], "unconnected", socket_cookie(sock)))
        sock.connect((FAR[family], PEER_PORT))
        observed.tun.send(error(family, quoted))
        ksft_eq(last(observed),
                (ROW[family], "connected", socket_cookie(sock)))
        with ksft_raises(ConnectionRefusedError) as refused:
            sock.recv(10)
        ksft_eq(refused.exception and refused.exception.errno,
                errno.ECONNREFUSED, "the kernel has told the same socket")
        check_account(observed)


@ksft_variants(FAMILY_VARIANTS)
def test_tcp(family):
    """A connection is found; a listener is told of no error."""
    with observed_tun() as observed, observed.namespace.listener(
            NEAR[family], PORT, family) as listener:
        quoted = packet.tcp(NEAR[family], PORT, FAR[family], PEER_PORT, ACK)
        observed.tun.send(error(family, quoted))
        ksft_eq(last(observed), (ROW[family], "none", 0))
        peer = TcpPeer(observed.tun, FAR[family], PEER_PORT, NEAR[family],
                       PORT)
        peer.connect()
        with listener.accept()[0] as child:
            observed.tun.send(error(family, quoted))
            ksft_eq(last(observed),
                    (ROW[family], "established", socket_cookie(child)))
        check_account(observed)


@contextlib.contextmanager
def connected(observed, family, device):
    """A connection that is bound to a device, with a peer behind the tun
    device, and is told of errors at once."""
    with observed.namespace.open_socket(family, socket.SOCK_STREAM) as sock:
        sock.setsockopt(*RECVERR[family], 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                        device.encode())
        sock.bind((NEAR[family], PORT))
        sock.setblocking(False)
        sock.connect_ex((FAR[family], PEER_PORT))
        peer = TcpPeer(observed.tun, FAR[family], PEER_PORT, NEAR[family],
                       PORT)
        peer.accept()
        yield sock, peer


@ksft_variants(FAMILY_VARIANTS)
def test_tcp_in_vrf(family):
    """In a VRF, the kernel does not tell a connection of IPv4 that is bound
    to the slave."""
    with observed_tun(addresses={}) as observed:
        slave = observed.tun.name
        observed.namespace.sysctl("net/ipv4/conf/all/rp_filter", 0)
        observed.namespace.ip(
            "link add red type vrf table 10", "link set red up",
            f"link set {slave} master red", *address_lines(slave))
        for device in ("red", slave):
            with connected(observed, family, device) as (sock, peer):
                observed.tun.send(error(family, packet.tcp(
                    NEAR[family], PORT, FAR[family], PEER_PORT, ACK,
                    sequence=peer.expected)))
                found = last(observed)
                is_told = told([sock]) == [sock]
                ksft_eq(is_told,
                        device == "red" or family == socket.AF_INET6)
                ksft_eq(found, (ROW[family], "established",
                                socket_cookie(sock)) if is_told
                        else (ROW[family], "none", 0), device)
                # Not to be in the way of the next one with these ends.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                struct.pack("=ii", 1, 0))
            list(observed.tun.drain())


def told(sockets):
    """Those of the sockets that the kernel has told of an error."""
    return [sock for sock in sockets
            if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)]


def check_each(namespaces, sockets, family, quoted, outcome):
    """The same error in each namespace, and of all sockets that of the same
    place is found, and told."""
    for observed, sock in zip(namespaces, sockets):
        observed.tun.send(error(family, quoted))
        ksft_eq(last(observed), (ROW[family], outcome, socket_cookie(sock)))
        ksft_eq(told(sockets), [sock])
    for observed in namespaces:
        ksft_eq(len(observed.trace.lookups()), 1)
        check_account(observed)


@ksft_variants(FAMILY_VARIANTS)
def test_udp_in_each_namespace(family):
    """Of sockets with the same ends, that of the error's own namespace is
    found; it and no other is told."""
    quoted = packet.udp(NEAR[family], PORT, FAR[family], PEER_PORT)
    with observed_alike() as namespaces, contextlib.ExitStack() as stack:
        sockets = []
        for observed in namespaces:
            sock = stack.enter_context(
                observed.namespace.udp(NEAR[family], PORT, family))
            sock.connect((FAR[family], PEER_PORT))
            sockets.append(sock)
        check_each(namespaces, sockets, family, quoted, "connected")


@ksft_variants(FAMILY_VARIANTS)
def test_tcp_in_each_namespace(family):
    """The same of connections; an error about one that only the others have
    is about none."""
    quoted = packet.tcp(NEAR[family], PORT, FAR[family], PEER_PORT, ACK)
    with observed_alike() as namespaces, contextlib.ExitStack() as stack:
        for number, observed in enumerate(namespaces):
            listener = stack.enter_context(
                observed.namespace.listener(NEAR[family], PORT, family))
            observed.tun.send(error(family, quoted))
            ksft_eq(last(observed), (ROW[family], "none", 0),
                    f"{number} others have such a connection")
            TcpPeer(observed.tun, FAR[family], PEER_PORT, NEAR[family],
                    PORT).connect()
            child = stack.enter_context(listener.accept()[0])
            observed.tun.send(error(family, quoted))
            ksft_eq(last(observed),
                    (ROW[family], "established", socket_cookie(child)))
        for observed in namespaces:
            ksft_eq(len(observed.trace.lookups(protocol=ROW[family])), 2)
            check_account(observed)


def raw(namespace, family, protocol=PROTOCOL):
    """A raw socket that wants to be told of errors."""
    sock = namespace.open_socket(family, socket.SOCK_RAW, protocol)
    sock.setsockopt(*RECVERR[family], 1)
    return sock


@ksft_variants(FAMILY_VARIANTS)
def test_raw(family):
    """Of an error about another protocol, the raw sockets are told that
    would get the answer."""
    about = error(family, packet.ip(NEAR[family], FAR[family], PROTOCOL,
                                    b"8 bytes."))
    with observed_tun() as observed, \
            raw(observed.namespace, family, PROTOCOL - 1) as other, \
            raw(observed.namespace, family) as elsewhere:
        elsewhere.connect((NEAR[family], 0))
        observed.tun.send(about)
        counts = status.read(observed.namespace).counts
        ksft_eq((counts["receive", ROW[family], "packets"],
                 counts["receive", "no-table"]), (0, 1), "nobody is told")
        with raw(observed.namespace, family) as first:
            observed.tun.send(about)
            ksft_eq(last(observed),
                    (ROW[family], "unconnected", socket_cookie(first)))
            ksft_eq(told([first, other, elsewhere]), [first])
            first.connect((FAR[family], 0))
            observed.tun.send(about)
            ksft_eq(last(observed),
                    (ROW[family], "connected", socket_cookie(first)))
            with raw(observed.namespace, family) as second:
                told([first])
                observed.tun.send(about)
                ksft_eq(last(observed), (ROW[family], "multiple", 0))
                ksft_eq(told([first, second, other, elsewhere]),
                        [first, second])
        check_account(observed)


@ksft_variants(FAMILY_VARIANTS)
def test_raw_in_each_namespace(family):
    """The same error about another protocol in each of several namespaces."""
    quoted = packet.ip(NEAR[family], FAR[family], PROTOCOL, b"8 bytes.")
    with observed_alike() as namespaces, contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(raw(observed.namespace, family))
                   for observed in namespaces]
        check_each(namespaces, sockets, family, quoted, "unconnected")


def test_raw_fragment():
    """Any part of a packet will do, as it has no ports; but with IPv6 the
    kernel looks no further than the header that tells of the part."""
    four, six = socket.AF_INET, socket.AF_INET6
    later = {
        four: packet.ipv4(NEAR[four], FAR[four], PROTOCOL, b"8 bytes.",
                          fragment=1),
        six: packet.ipv6(NEAR[six], FAR[six], packet.FRAGMENT,
                         packet.fragment_header(PROTOCOL, 8, 0, 1)
                         + b"8 bytes.")}
    with observed_tun() as observed, \
            raw(observed.namespace, four) as sock, \
            raw(observed.namespace, six) as other, \
            raw(observed.namespace, six, packet.FRAGMENT) as fragments:
        for family, receiver in ((four, sock), (six, fragments)):
            observed.tun.send(error(family, later[family]))
            ksft_eq(last(observed),
                    (ROW[family], "unconnected", socket_cookie(receiver)))
            ksft_eq(told([sock, other, fragments]), [receiver])


@ksft_variants(FAMILY_VARIANTS)
def test_nobody(family):
    """Sockets that only transmit are told of nothing, and those of TCP and
    UDP of no part of a packet that has no ports."""
    alone = error(family, packet.ip(NEAR[family], FAR[family],
                                    socket.IPPROTO_RAW, b"8 bytes."))
    with observed_tun() as observed, \
            raw(observed.namespace, family, socket.IPPROTO_RAW) as sock:
        observed.tun.send(alone)
        counts = status.read(observed.namespace).counts
        ksft_eq((counts["receive", ROW[family], "packets"],
                 counts["receive", "no-table"]), (0, 1))
        ksft_eq(told([sock]), [])
    if family == socket.AF_INET:
        quoted = packet.ipv4(NEAR[family], FAR[family], socket.IPPROTO_UDP,
                             struct.pack("!HHHH", PORT, PEER_PORT, 8, 0),
                             fragment=1)
        with observed_tun() as observed, \
                observed.namespace.udp(NEAR[family], PORT, family):
            observed.tun.send(error(family, quoted))
            ksft_eq(status.read(observed.namespace).counts[
                "receive", ROW[family], "packets"], 0)


@ksft_variants(FAMILY_VARIANTS)
def test_kinds(family):
    """Every kind of error, and what looks like one and is none."""
    quoted = packet.udp(NEAR[family], PORT, FAR[family], PEER_PORT)
    with observed_tun() as observed, \
            observed.namespace.udp(NEAR[family], PORT, family):
        for kind in KINDS[family] + NO_ERRORS[family]:
            before = status.read(observed.namespace)
            observed.tun.send(error(family, quoted, kind))
            changed = status.read(observed.namespace) - before
            ksft_eq(changed.get(("receive", ROW[family], "unconnected"), 0),
                    int(kind in KINDS[family]), f"type {kind}")


@ksft_variants([KsftNamedVariant(name, family, cut)
                for name, family, cut in (
                    ("ipv4_header", socket.AF_INET, 19),
                    ("ipv4_ports", socket.AF_INET, 27),
                    ("ipv6_header", socket.AF_INET6, 39),
                    ("ipv6_ports", socket.AF_INET6, 47))])
def test_cut_short(family, cut):
    """A quote that does not reach to the ports cannot be looked up."""
    quoted = packet.udp(NEAR[family], PORT, FAR[family], PEER_PORT)[:cut]
    with observed_tun() as observed:
        observed.tun.send(error(family, quoted))
        counts = status.read(observed.namespace).counts
        ksft_eq(counts["receive", "unparsed"], 1)
        ksft_eq(counts["receive", ROW[family], "packets"], 0)
        check_account(observed)


if __name__ == "__main__":
    program.run(globals())
