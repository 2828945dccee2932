#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""lookup: sockets that are bound to a device, in other tables than by a port.

Connections, raw sockets, packet sockets and those of SCTP: without a device in
the question, on the one that has its name, and on no other.
"""

import contextlib
import socket

from lib import program
from lib.identity import socket_cookie
from lib.netlink_family import Nsmux, key, opened_in
from lib.observed import FAMILY_VARIANTS
from lib.port_holders import (PEER_PORT, PORT, expected, found, index_of,
                              two_with_a_device)
from lib.topology import LOOPBACK, Namespace, connect
from net.lib.py import ksft_eq, ksft_variants


@contextlib.contextmanager
def link_local():
    """Two namespaces with link-local addresses, and the scope in each."""
    with Namespace() as near, Namespace() as far:
        near.ip("link add x type dummy")
        connect(near, far)
        for namespace, address in ((near, "fe80::1"), (far, "fe80::2")):
            namespace.ip(f"addr add {address}/64 dev veth0 nodad")
        yield near, far


def test_link_local():
    """A connection of link-local addresses is bound to its device."""
    with link_local() as (near, far), contextlib.ExitStack() as stack:
        listener = near.open_socket(socket.AF_INET6, socket.SOCK_STREAM)
        listener.bind(("fe80::1", PORT, 0, index_of(near, "veth0")))
        listener.listen()
        client = far.open_socket(socket.AF_INET6, socket.SOCK_STREAM)
        client.bind(("fe80::2", PEER_PORT, 0, index_of(far, "veth0")))
        client.connect(("fe80::1", PORT, 0, index_of(far, "veth0")))
        child = stack.enter_context(listener.accept()[0])
        here, there = ("fe80::1", PORT), ("fe80::2", PEER_PORT)
        with opened_in(near) as nsmux:
            for more in ({}, {"device-name": b"veth0"}):
                for asked, kind, sock in (
                        (key("tcp", here), "listener", listener),
                        (key("tcp", here, there), "established", child)):
                    answer = nsmux.do("lookup", asked | more)
                    ksft_eq(answer["outcome"], kind)
                    [told] = answer["socket"]
                    ksft_eq((told["cookie"], told["device"],
                             told["device-name"]),
                            (socket_cookie(sock), index_of(near, "veth0"),
                             "veth0"))
            answer = nsmux.do("lookup", key("tcp", here, there)
                              | {"device-name": b"x"})
            ksft_eq(answer["outcome"], "none")
        # Once more for what a full socket is not: the end that closes first.
        client.close()
        child.recv(1)
        child.close()
        with opened_in(far) as nsmux:
            while True:
                answer = nsmux.do("lookup", key("tcp", there, here))
                [told] = answer["socket"]
                ksft_eq(told["device-name"], "veth0")
                if answer["outcome"] == "time-wait":
                    break
        listener.close()


@ksft_variants(FAMILY_VARIANTS)
def test_raw(family):
    """Raw sockets that are bound to a device."""
    with two_with_a_device() as (namespace, _), opened_in(namespace) as nsmux:
        asked = {"table": "raw", "protocol": 89,
                 "local-address": LOOPBACK[family]}
        with namespace.open_socket(family, socket.SOCK_RAW, 89) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"d0")
            for more, is_found in (({}, True), ({"device-name": b"d0"}, True),
                                   ({"device-name": b"lo"}, False),
                                   ({"device-name": b"d9"}, False)):
                answer = nsmux.do("lookup", asked | more)
                if is_found:
                    ksft_eq(found(answer),
                            expected(namespace, "unconnected", sock))
                else:
                    ksft_eq(answer["outcome"], "none")


def test_packet():
    """Packet sockets, on the device that has the name in each namespace."""
    with two_with_a_device() as namespaces, Nsmux() as nsmux, \
            contextlib.ExitStack() as stack:
        cookies = {}
        for namespace in namespaces:
            namespace.ip("link set d0 up")
            sock = stack.enter_context(namespace.open_socket(
                socket.AF_PACKET, socket.SOCK_RAW, 0))
            sock.bind(("d0", 0x88cc))
            cookies[namespace.cookie] = socket_cookie(sock)
        answers = nsmux.dump("lookup", {"table": "packet",
                                        "device-name": b"d0"})
        told = {answer["netns-cookie"]: answer["socket"] for answer in answers
                if answer["netns-cookie"] in cookies}
        ksft_eq({netns: [one["cookie"] for one in sockets]
                 for netns, sockets in told.items()},
                {netns: [cookie] for netns, cookie in cookies.items()})
        for namespace in namespaces:
            [one] = told[namespace.cookie]
            ksft_eq((one["device"], one["device-name"]),
                    (index_of(namespace, "d0"), "d0"))


def sctp(namespace, device, port):
    """A socket of SCTP, bound to a device and a port."""
    sock = namespace.open_socket(kind=socket.SOCK_STREAM,
                                 protocol=socket.IPPROTO_SCTP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
    sock.bind(("127.0.0.1", port))
    return sock


def test_sctp():
    """Endpoints and associations of sockets that are bound to a device."""
    with two_with_a_device() as (namespace, _), opened_in(namespace) as nsmux, \
            sctp(namespace, b"lo", PORT) as listener, \
            sctp(namespace, b"lo", PEER_PORT) as client:
        listener.listen()
        client.connect(("127.0.0.1", PORT))
        here, there = ("127.0.0.1", PORT), ("127.0.0.1", PEER_PORT)
        with listener.accept()[0] as child:
            for asked, kind, sock in (
                    (key("sctp", here), "listener", listener),
                    (key("sctp", there, here), "established", client),
                    (key("sctp", here, there), "established", child)):
                for more in ({}, {"device-name": b"lo"}):
                    answer = nsmux.do("lookup", asked | more)
                    ksft_eq((answer["outcome"], list(found(answer))),
                            (kind, [socket_cookie(sock)]))
                answer = nsmux.do("lookup", asked | {"device-name": b"d0"})
                ksft_eq(answer["outcome"], "none")


if __name__ == "__main__":
    program.run(globals())
