#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Multicast and broadcast: datagrams that any number of sockets may get.

The kernel walks over all sockets of the port and gives each a copy; no
lookup for one socket can name them, and nsmux says so.
"""

import socket
import struct

from lib import lookup_trace, packet, program, status
from lib.delivery import receivers
from lib.identity import socket_cookie
from lib.observed import (FAMILY_VARIANTS, check_account, check_lookup,
                          observed_tun)
from lib.netlink_family import Nsmux, key, named
from lib.topology import FAR, NEAR, Namespace, veth_pair
from net.lib.py import ksft_eq, ksft_ge, ksft_true, ksft_variants

PORT, PEER_PORT = 53, 40000
GROUP = {socket.AF_INET: "239.1.2.3", socket.AF_INET6: "ff02::1:2:3"}
PROTOCOL = {socket.AF_INET: "udp", socket.AF_INET6: "udp6"}


def shared(observed, family, is_member=True):
    """A wildcard socket that shares its port, in the group or not."""
    sock = observed.namespace.open_socket(family)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("", PORT))
    if is_member:
        join(sock, family, index_in(observed.namespace, observed.tun.name))
    return sock


def index_in(namespace, device):
    """The index of a device."""
    with namespace.enter():
        return socket.if_nametoindex(device)


def join(sock, family, index):
    """The socket is in the group on the device with that index."""
    group = socket.inet_pton(family, GROUP[family])
    if family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                        group + struct.pack("=4si", bytes(4), index))
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                        group + struct.pack("=i", index))


def leave_by(sock, family, index):
    """What the socket sends to groups leaves by that device."""
    if family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                        struct.pack("=4s4si", bytes(4), bytes(4), index))
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)


def check_multiple(observed, lookup):
    """The lookup was not made for one socket."""
    check_lookup(lookup, "receive", "multiple", 0)
    check_account(observed)


@ksft_variants(FAMILY_VARIANTS)
def test_multicast(family):
    """Two members of a group get one datagram."""
    with observed_tun() as observed, shared(observed, family) as one, \
            shared(observed, family) as other:
        observed.tun.send(packet.udp(FAR[family], PEER_PORT, GROUP[family],
                                     PORT))
        ksft_eq(receivers([one, other], b"?"), [one, other])
        lookup, = observed.trace.lookups(direction="receive")
        check_multiple(observed, lookup)


@ksft_variants(FAMILY_VARIANTS)
def test_multicast_without_members(family):
    """A group that the host is in, and no socket on the port."""
    everyone = {socket.AF_INET: "224.0.0.1", socket.AF_INET6: "ff02::1"}
    with observed_tun() as observed:
        observed.tun.send(packet.udp(FAR[family], PEER_PORT,
                                     everyone[family], PORT))
        lookup, = observed.trace.lookups(direction="receive")
        check_multiple(observed, lookup)


@ksft_variants(FAMILY_VARIANTS)
def test_found_early(family):
    """The one receiver of a group is found early over IPv4: it is that of all
    its packets. Over IPv6 it is not, and nobody else is asked."""
    with veth_pair("off") as (near, far), near.open_socket(family) as sock, \
            far.open_socket(family) as sender:
        near.sysctl("net/ipv4/ip_early_demux", 1)
        near.set_mode("observe")
        sock.bind((GROUP[family], PORT, 0, index_in(near, "veth0"))
                  if family == socket.AF_INET6 else (GROUP[family], PORT))
        join(sock, family, index_in(near, "veth0"))
        leave_by(sender, family, index_in(far, "veth0"))
        with lookup_trace.capture(near) as trace:
            sender.sendto(b"?", (GROUP[family], PORT))
            ksft_eq(sock.recv(10), b"?")
            lookup, = trace.lookups(direction="receive",
                                    protocol=PROTOCOL[family])
        early = family == socket.AF_INET
        check_lookup(lookup, "receive", "unconnected" if early else "multiple",
                     socket_cookie(sock) if early else 0)
        counts = status.read(near).counts
        ksft_eq((counts["receive", "early-demux"], counts["receive", "chosen"]),
                (int(early), 0))


def test_broadcast():
    """The limited and the subnet's broadcast address."""
    family = socket.AF_INET
    with observed_tun() as observed, \
            shared(observed, family, is_member=False) as one, \
            shared(observed, family, is_member=False) as other:
        for number, address in enumerate(("255.255.255.255", "192.0.2.255"),
                                         1):
            observed.tun.send(packet.udp(FAR[family], PEER_PORT, address,
                                         PORT))
            ksft_eq(receivers([one, other], b"?"), [one, other], address)
            lookups = observed.trace.lookups(direction="receive")
            ksft_eq(len(lookups), number)
            check_multiple(observed, lookups[-1])


def test_asked():
    """People are told the same: of everyone in a network of the namespace,
    and not of everyone in another one, nor where there is no network."""
    family = socket.AF_INET
    with observed_tun() as observed, Namespace() as bare, Nsmux() as nsmux, \
            observed.namespace.udp("", PORT) as sock, \
            bare.udp("", PORT) as bare_sock:
        there = observed.namespace
        for where, address, *found in (
                (there, "255.255.255.255", "multiple", []),
                (there, "192.0.2.255", "multiple", []),
                (there, GROUP[family], "multiple", []),
                (there, NEAR[family], "unconnected", [sock]),
                (there, "198.51.100.255", "unconnected", [sock]),
                (there, "0.0.0.0", "unconnected", [sock]),
                (bare, "255.255.255.255", "multiple", []),
                (bare, "192.0.2.255", "unconnected", [bare_sock])):
            answer = nsmux.do("lookup", key("udp", (address, PORT))
                              | named(where))
            ksft_eq([answer["outcome"], [told["cookie"] for told
                                         in answer.get("socket", [])]],
                    [found[0], [socket_cookie(it) for it in found[1]]],
                    f"{address} in {where.name}")


@ksft_variants(FAMILY_VARIANTS)
def test_unicast_beside_multicast(family):
    """The same sockets get one copy when the address is the host's own."""
    with observed_tun() as observed, shared(observed, family) as one, \
            shared(observed, family) as other:
        observed.tun.send(packet.udp(FAR[family], PEER_PORT, NEAR[family],
                                     PORT))
        got, = receivers([one, other], b"?")
        lookup, = observed.trace.lookups(direction="receive")
        check_lookup(lookup, "receive", "unconnected", socket_cookie(got))


@ksft_variants(FAMILY_VARIANTS)
def test_transmit(family):
    """The sender of a datagram to a group is one socket, and is found.

    Its own copy comes back to it, as to any other member.
    """
    with observed_tun() as observed, shared(observed, family) as sock:
        leave_by(sock, family,
                 index_in(observed.namespace, observed.tun.name))
        sock.sendto(b"!", (GROUP[family], PORT))
        ksft_eq(receivers([sock], b"!"), [sock])
        sent, = observed.trace.lookups(direction="transmit",
                                       protocol=PROTOCOL[family])
        check_lookup(sent, "transmit", "unconnected", socket_cookie(sock))
        looped, = observed.trace.wait(direction="receive",
                                      protocol=PROTOCOL[family])
        check_multiple(observed, looped)
        ksft_true(looped.sport == looped.dport == PORT)


def test_report_without_a_socket():
    """The kernel tells routers of a joined group: no socket sends that.

    It is resolved by the device that it leaves by, and has no table.
    """
    with observed_tun() as observed:
        before = status.read(observed.namespace)
        ksft_eq(before.counts["transmit", "by-device"], 0)
        with shared(observed, socket.AF_INET):
            observed.tun.receive(lambda data: data[0] >> 4 == 4
                                 and data[9] == socket.IPPROTO_IGMP)
        now = status.read(observed.namespace)
        ksft_ge(now.counts["transmit", "by-device"], 1)
        ksft_ge(now.counts["transmit", "no-table"],
                now.counts["transmit", "by-device"])
        ksft_eq(now.counts["transmit", "disagree"], 0)
        status.check_sums(now)


if __name__ == "__main__":
    program.run(globals())
