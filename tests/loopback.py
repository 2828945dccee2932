#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Loopback in every namespace: the same addresses and ports, never mixed."""

import contextlib
import socket

from lib import lookup_trace, program, status
from lib.identity import socket_cookie
from lib.observed import FAMILY_VARIANTS, check_lookup
from lib.topology import LOOPBACK, Namespace
from net.lib.py import ksft_eq, ksft_variants

COUNT = 4
PORT, PEER_PORT = 7, 40000


@contextlib.contextmanager
def namespaces():
    """Some namespaces with nothing but loopback, and their lookups."""
    with contextlib.ExitStack() as stack:
        made = [stack.enter_context(Namespace()) for _ in range(COUNT)]
        for namespace in made:
            namespace.ip("link set lo up")
            namespace.set_mode("observe")
        yield made, stack, stack.enter_context(lookup_trace.capture(*made))


def check_namespace(trace, namespace, expected):
    """The lookups of a namespace: (direction, outcome, cookie) in order."""
    lookups = trace.lookups(namespace=namespace.cookie)
    ksft_eq(len(lookups), len(expected), namespace.name)
    for lookup, (direction, outcome, cookie) in zip(lookups, expected):
        check_lookup(lookup, direction, outcome, cookie)
    status.check_sums(status.read(namespace))


@ksft_variants(FAMILY_VARIANTS)
def test_udp(family):
    """A datagram in each namespace, from one port to the other."""
    with namespaces() as (made, stack, trace):
        pairs = []
        for namespace in made:
            server = namespace.udp(LOOPBACK[family], PORT, family)
            client = namespace.udp(LOOPBACK[family], PEER_PORT, family)
            pairs.append((stack.enter_context(client),
                          stack.enter_context(server)))
        for client, _ in pairs:
            client.sendto(b"?", (LOOPBACK[family], PORT))
        for namespace, (client, server) in zip(made, pairs):
            ksft_eq(server.recv(10), b"?")
            check_namespace(trace, namespace, [
                ("transmit", "unconnected", socket_cookie(client)),
                ("receive", "unconnected", socket_cookie(server))])


@ksft_variants(FAMILY_VARIANTS)
def test_tcp(family):
    """A connection in each namespace, all between the same two ports."""
    with namespaces() as (made, stack, trace):
        connections = []
        for namespace in made:
            listener = stack.enter_context(
                namespace.listener(LOOPBACK[family], PORT, family))
            client = stack.enter_context(
                namespace.open_socket(family, socket.SOCK_STREAM))
            client.bind((LOOPBACK[family], PEER_PORT))
            client.connect((LOOPBACK[family], PORT))
            child = stack.enter_context(listener.accept()[0])
            connections.append((listener, client, child))
        for namespace, connection in zip(made, connections):
            listener, client, child = map(socket_cookie, connection)
            check_namespace(trace, namespace, [
                ("transmit", "established", client),    # SYN
                ("receive", "listener", listener),
                ("transmit", "request", child),         # SYN and ACK
                ("receive", "established", client),
                ("transmit", "established", client),    # ACK
                ("receive", "request", child)])
        for number, (_, client, child) in enumerate(connections):
            client.send(f"namespace {number}".encode())
            ksft_eq(child.recv(100), f"namespace {number}".encode())
        for namespace, (_, _, child) in zip(made, connections):
            sent, *_ = trace.wait(namespace=namespace.cookie, sport=PEER_PORT,
                                  outcome="established", direction="receive")
            check_lookup(sent, "receive", "established", socket_cookie(child))


if __name__ == "__main__":
    program.run(globals())
