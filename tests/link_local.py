#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Addresses that mean something on one link alone: the device is a part of
them, also where a packet to one's own goes over loopback."""

import contextlib
import socket

from lib import lookup_trace, program, status
from lib.identity import socket_cookie
from lib.topology import veth_pair
from net.lib.py import KsftNamedVariant, ksft_eq, ksft_variants

PORT = 80
HERE, THERE = "fe80::1", "fe80::2"
MODES = [KsftNamedVariant(mode, mode)
         for mode in ("observe", "verify", "steer")]


def scoped(namespace, address, port):
    """The socket address on the namespace's veth0."""
    with namespace.enter():
        return (address, port, 0, socket.if_nametoindex("veth0"))


@contextlib.contextmanager
def linked(mode):
    """Two namespaces, each with such an address."""
    with veth_pair(mode) as (near, far):
        for namespace, address in ((near, HERE), (far, THERE)):
            namespace.ip(f"addr add {address}/64 dev veth0 nodad")
        yield near, far


def check(sock, data, other):
    """Data arrives."""
    sock.sendall(data)
    ksft_eq(other.recv(10), data)


@ksft_variants(MODES)
def test_connections(mode):
    """From the other end of the link, and from this end."""
    with linked(mode) as (near, far), lookup_trace.capture(near, far) as trace:
        with near.open_socket(socket.AF_INET6,
                              socket.SOCK_STREAM) as listener:
            listener.bind(scoped(near, HERE, PORT))
            listener.listen()
            for client in (far, near):
                with client.open_socket(socket.AF_INET6,
                                        socket.SOCK_STREAM) as sock:
                    trace.clear()
                    sock.connect(scoped(client, HERE, PORT))
                    with listener.accept()[0] as child:
                        child.settimeout(20)
                        check(sock, b"question", child)
                        check(child, b"answer", sock)
                        ksft_eq({lookup.socket for lookup in trace.lookups(
                            outcome="established")},
                            {socket_cookie(sock), socket_cookie(child)})
        check_answers(near, far)


@ksft_variants(MODES)
def test_datagrams(mode):
    """The same with datagrams."""
    with linked(mode) as (near, far):
        with near.open_socket(socket.AF_INET6) as server:
            server.bind(scoped(near, HERE, PORT))
            for client in (far, near):
                with client.open_socket(socket.AF_INET6) as sock:
                    sock.connect(scoped(client, HERE, PORT))
                    sock.send(b"question")
                    data, source = server.recvfrom(10)
                    ksft_eq(data, b"question")
                    server.sendto(b"answer", source)
                    ksft_eq(sock.recv(10), b"answer")
        check_answers(near, far)


def check_answers(*namespaces):
    """Each packet has a socket, and nothing is in dispute."""
    for namespace in namespaces:
        now = status.read(namespace)
        for direction in status.DIRECTIONS:
            for row in ("tcp6", "udp6"):
                ksft_eq(now.counts[direction, row, "none"], 0)
            ksft_eq(now.counts[direction, "disagree"], 0)
        ksft_eq((now.counts["receive", "demux-other"],
                 now.counts["transmit", "sender-other"]), (0, 0))
        status.check_sums(now)


if __name__ == "__main__":
    program.run(globals())
