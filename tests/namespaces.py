#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Many namespaces with the same address and the same ports.

Each has a tun device of its own as its only link; half of them were made
with TCP and UDP tables of their own, the others share those of the initial
namespace. A packet for one of them finds that one's socket, and the answer
says which namespace it came from.
"""

import contextlib
import socket

from lib import kernel_module, lookup_trace, packet, program, status
from lib.identity import namespace_cookie, socket_cookie
from lib.observed import FAMILY_VARIANTS, Observed, check_account, check_lookup
from lib.packet import ACK
from lib.tcp_peer import TcpPeer
from lib.topology import FAR, NEAR, Namespace, read_sysctl
from lib.tun_device import tun
from net.lib.py import ksft_eq, ksft_exit, ksft_run, ksft_variants

COUNT = 24
PORT, PEER_PORT = 80, 40000


@contextlib.contextmanager
def crowd():
    """Observed namespaces that all look the same from outside.

    The odd ones are children of a namespace that gives tables.
    """
    with contextlib.ExitStack() as stack:
        parent = stack.enter_context(Namespace())
        parent.sysctl("net/ipv4/tcp_child_ehash_entries", 64)
        parent.sysctl("net/ipv4/udp_child_hash_entries", 128)
        made = []
        for number in range(COUNT):
            with parent.enter() if number % 2 else contextlib.nullcontext():
                made.append(stack.enter_context(Namespace()))
            made[-1].set_mode("observe")
        trace = stack.enter_context(lookup_trace.capture(*made))
        yield [Observed(namespace, stack.enter_context(tun(namespace)), trace)
               for namespace in made]


def lookups_of(member, protocol, family):
    """The lookups of a protocol in one namespace."""
    name = protocol if family == socket.AF_INET else protocol + "6"
    return member.trace.lookups(namespace=member.namespace.cookie,
                                protocol=name)


def test_tables(members):
    """The two halves do have different kinds of tables."""
    own = []
    for member in members:
        with member.namespace.enter():
            own.append(int(read_sysctl("net/ipv4/tcp_ehash_entries")))
    ksft_eq([entries > 0 for entries in own],
            [bool(number % 2) for number in range(COUNT)], str(own))


def test_each_has_its_own_account(members):
    """A packet is counted in its namespace and in no other."""
    question = packet.udp(FAR[socket.AF_INET], PEER_PORT,
                          NEAR[socket.AF_INET], PORT)
    for number, member in enumerate(members):
        for _ in range(number):
            member.tun.send(question)
    for number, member in enumerate(members):
        now = status.read(member.namespace)
        ksft_eq(now.namespace, member.namespace.cookie)
        ksft_eq(now.counts["receive", "udp", "none"], number)
        check_account(member)


@ksft_variants(FAMILY_VARIANTS)
def test_udp(members, family):
    """One datagram for each, answered by each with its name."""
    question = packet.udp(FAR[family], PEER_PORT, NEAR[family], PORT)
    members[0].trace.clear()
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(member.namespace.udp("", PORT, family))
                   for member in members]
        for member in members:
            member.tun.send(question)
        for member, server in zip(members, servers):
            ksft_eq(namespace_cookie(server), member.namespace.cookie)
            _, source = server.recvfrom(10)
            name = member.namespace.name.encode()
            server.sendto(name, source)
            member.tun.receive(lambda data, name=name: data.endswith(name))
            asked, answered = lookups_of(member, "udp", family)
            check_lookup(asked, "receive", "unconnected",
                         socket_cookie(server))
            check_lookup(answered, "transmit", "unconnected",
                         socket_cookie(server))


@ksft_variants(FAMILY_VARIANTS)
def test_tcp(members, family):
    """One connection to each, all with the same addresses and ports."""
    members[0].trace.clear()
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(
            member.namespace.listener(NEAR[family], PORT, family))
                     for member in members]
        peers = [TcpPeer(member.tun, FAR[family], PEER_PORT, NEAR[family],
                         PORT) for member in members]
        for peer in peers:
            peer.connect()
        for member, listener, peer in zip(members, listeners, peers):
            child = stack.enter_context(listener.accept()[0])
            ksft_eq(namespace_cookie(child), member.namespace.cookie)
            name = member.namespace.name.encode()
            child.send(name)
            ksft_eq(peer.receive(ACK).payload, name)
            expected = {("receive", "listener", socket_cookie(listener)),
                        ("transmit", "request", socket_cookie(child)),
                        ("receive", "request", socket_cookie(child)),
                        ("transmit", "established", socket_cookie(child))}
            ksft_eq({(lookup.direction, lookup.outcome, lookup.socket)
                     for lookup in lookups_of(member, "tcp", family)}, expected, str(name))


if __name__ == "__main__":
    with kernel_module.required(), crowd() as namespaces_observed:
        ksft_run(program.cases_of(globals()), args=(namespaces_observed,))
    ksft_exit()
