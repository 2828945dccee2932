#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Fragments of both families.

IPv4 is put together before local input, so that nsmux sees whole packets.
IPv6 is not: the first fragment has the ports and finds the socket, the
others have none and are counted as what they are.
"""

import itertools
import socket

from lib import effects, packet, program, status
from lib.effects import PEER_PORT, UDP_PORT, ends
from lib.identity import socket_cookie
from lib.observed import FAMILY_VARIANTS, check_account, check_lookup
from lib.packet import DESTINATION, FRAGMENT, extension, fragment_header
from lib.topology import FAR, veth_pair
from net.lib.py import KsftNamedVariant, cmd, ksft_eq, ksft_variants

PAYLOAD = bytes(range(64)) * 4
MORE = 0x2000


def udp_fragments(family, identification=1, size=96, before=b""):
    """A datagram in fragments; what comes before is an extension header."""
    source, destination = ends(family)
    data = before + packet.udp_header(source, PEER_PORT, destination,
                                      UDP_PORT, PAYLOAD)
    first = DESTINATION if before else socket.IPPROTO_UDP
    fragments = []
    for offset in range(0, len(data), size):
        part, more = data[offset:offset + size], offset + size < len(data)
        if family == socket.AF_INET:
            fragments.append(packet.ipv4(
                source, destination, socket.IPPROTO_UDP, part,
                identification=identification,
                fragment=offset // 8 | (MORE if more else 0)))
        else:
            fragments.append(packet.ipv6(
                source, destination, FRAGMENT, fragment_header(
                    first, offset, more, identification) + part))
    return fragments


FOUND = {socket.AF_INET: ("udp", "unconnected"),
         socket.AF_INET6: ("udp6", "unconnected")}


@ksft_variants(FAMILY_VARIANTS)
def test_every_order(family):
    """Three fragments in all six orders, each time delivered once."""
    with effects.targets() as (unseen, seen):
        for number, order in enumerate(itertools.permutations(range(3))):
            fragments = udp_fragments(family, identification=number)
            fragments = [fragments[place] for place in order]
            before = status.read(seen.namespace)
            effect = seen.effect(*fragments)
            ksft_eq(effect, unseen.effect(*fragments), str(order))
            ksft_eq(effect.delivered, [PAYLOAD], str(order))
            later = ["fragment"] * 2 if family == socket.AF_INET6 else []
            ksft_eq(sorted(effects.received(seen.observed, before), key=str),
                    sorted([FOUND[family], *later], key=str), str(order))
            lookup = seen.trace.lookups(direction="receive")[-1]
            sock = next(s for s in seen.sockets if s.family == family)
            check_lookup(lookup, "receive", "unconnected",
                         socket_cookie(sock))
        check_account(seen.observed)


@ksft_variants([KsftNamedVariant(f"{family.name}_without_{lost}", family, lost)
                for (family, lost) in itertools.product(
                    (variant.params[0] for variant in FAMILY_VARIANTS),
                    ("first", "middle", "last"))])
def test_incomplete(family, lost):
    """One fragment never comes: nothing is delivered, all are counted."""
    place = ("first", "middle", "last").index(lost)
    with effects.targets() as (unseen, seen):
        fragments = udp_fragments(family)
        del fragments[place]
        before = status.read(seen.namespace)
        effect = seen.effect(*fragments)
        ksft_eq(effect, unseen.effect(*fragments))
        ksft_eq(effect.delivered, [])
        counted = effects.received(seen.observed, before)
        if family == socket.AF_INET:
            ksft_eq(counted, [])
        else:
            first = [] if lost == "first" else [FOUND[family]]
            ksft_eq(sorted(counted, key=str), sorted(
                ["fragment"] * (2 - len(first)) + first, key=str))


def test_ipv6_ports_in_second_fragment():
    """An extension header fills the first fragment: it has no ports."""
    with effects.targets() as (unseen, seen):
        padding = extension(socket.IPPROTO_UDP, b"\x1e\x5c" + bytes(92))
        fragments = udp_fragments(socket.AF_INET6, before=padding)
        before = status.read(seen.namespace)
        effect = seen.effect(*fragments)
        ksft_eq(effect, unseen.effect(*fragments))
        counted = effects.received(seen.observed, before)
        ksft_eq(sorted(counted),
                ["fragment"] * (len(fragments) - 1) + ["unparsed"])
        status.check_sums(status.read(seen.namespace))


def test_ipv6_put_together_for_conntrack():
    """Connection tracking puts IPv6 together as well, before local input."""
    with effects.targets() as (unseen, seen):
        for each in (unseen, seen):
            with each.namespace.enter():
                cmd(["nft", "add table ip6 t; add chain ip6 t c "
                     "{ type filter hook input priority 0; }; "
                     "add rule ip6 t c ct state established accept"])
        fragments = udp_fragments(socket.AF_INET6)
        before = status.read(seen.namespace)
        effect = seen.effect(*fragments)
        ksft_eq(effect, unseen.effect(*fragments))
        ksft_eq(effect.delivered, [PAYLOAD])
        ksft_eq(effects.received(seen.observed, before),
                [FOUND[socket.AF_INET6]])


@ksft_variants(FAMILY_VARIANTS)
def test_transmitted_and_received(family):
    """A datagram larger than the link: one packet out, fragments in.

    nsmux sees it before the sender takes it apart.
    """
    with veth_pair("observe") as (near, far):
        for namespace in (near, far):
            namespace.ip("link set veth0 mtu 1280")
        with near.udp("", PEER_PORT, family) as client, \
                far.udp("", UDP_PORT, family) as server:
            client.sendto(bytes(4000), (FAR[family], UDP_PORT))
            ksft_eq(server.recv(65536), bytes(4000))
        sent, got = status.read(near).counts, status.read(far).counts
        protocol, _ = FOUND[family]
        ksft_eq(sent["transmit", protocol, "unconnected"], 1)
        ksft_eq(sent["transmit", "fragment"], 0)
        ksft_eq(got["receive", protocol, "unconnected"], 1)
        ksft_eq(got["receive", "fragment"],
                3 if family == socket.AF_INET6 else 0)


if __name__ == "__main__":
    program.run(globals())
