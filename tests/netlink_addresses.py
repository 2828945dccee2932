#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""lookup: questions with no address, and with one in either of its forms.

Who holds a port, at whatever address and of whichever family; and an address
of IPv4 as sockets of IPv6 have it.
"""

import contextlib
import errno
import socket

from lib import program
from lib.identity import socket_cookie
from lib.netlink_family import (MISSING, Nsmux, check_refused, key, named,
                                opened_in)
from lib.port_holders import (KIND, PEER_PORT, PORT, check, hold,
                              two_with_a_device)
from lib.topology import Namespace
from net.lib.py import ksft_eq, ksft_true, ksft_variants


@ksft_variants(["tcp", "udp"])
def test_port(table):
    """Without an address it is whoever holds the port, of either family."""
    with two_with_a_device() as (namespace, other), Nsmux() as nsmux, \
            contextlib.ExitStack() as stack:
        v4, v6 = socket.AF_INET, socket.AF_INET6
        asked = {"table": table, "local-port": PORT}

        def ask(**more):
            return nsmux.do("lookup", asked | named(namespace) | more)

        check(ask(), namespace, "none", None)
        sockets = []
        for family, device, address in (
                (v4, "lo", "127.0.0.53"), (v4, None, "127.0.0.1"),
                (v6, "lo", "::1"), (v6, "d0", "")):
            sockets.append(stack.enter_context(
                hold(namespace, table, family, device, address)))
            check(ask(), namespace,
                  KIND[table] if len(sockets) == 1 else "multiple",
                  KIND[table], *sockets)
        # A port beside it, and the same one elsewhere, are others.
        stack.enter_context(hold(namespace, table, v4, port=PORT + 1))
        elsewhere = stack.enter_context(hold(other, table, v4))
        check(ask(), namespace, "multiple", KIND[table], *sockets)
        answers = {answer["netns-cookie"]: answer
                   for answer in nsmux.dump("lookup", asked)}
        check(answers[other.cookie], other, KIND[table], KIND[table],
              elsewhere)
        check(ask(**{"device-name": b"d0"}), namespace, "multiple",
              KIND[table], sockets[1], sockets[3])
        check(ask(**{"device-name": b"d9"}), namespace, "none", None)
        for sock in sockets:
            sock.close()
        check(ask(), namespace, "none", None)
        # One of both families is one.
        both = stack.enter_context(namespace.open_socket(
            v6, socket.SOCK_STREAM if table == "tcp" else socket.SOCK_DGRAM))
        both.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        both.bind(("::", PORT))
        kind = {"tcp": "bound", "udp": "unconnected"}[table]
        check(ask(), namespace, kind, kind, both)
        if table == "tcp":
            both.listen()
            with namespace.open_socket(kind=socket.SOCK_STREAM) as client:
                client.connect(("127.0.0.1", PORT))
                with both.accept()[0]:
                    check(ask(), namespace, "listener", "listener", both)
        check_refused(lambda: nsmux.do("lookup", asked | {"remote-port": 1}),
                      errno.EINVAL, MISSING, None, "local-address")


def test_listener_beside_a_connection():
    """At the address of a connection from the port, the listener at no address
    is the same one."""
    with Namespace() as namespace, opened_in(namespace) as nsmux, \
            namespace.listener("127.0.0.1", PORT + 1) as server, \
            namespace.open_socket(kind=socket.SOCK_STREAM) as client, \
            namespace.open_socket(kind=socket.SOCK_STREAM) as listener:
        namespace.ip("link set lo up")
        for sock, address in (client, "127.0.0.1"), (listener, ""):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((address, PORT))
        client.connect(server.getsockname())
        listener.listen()
        answer = nsmux.do("lookup", {"table": "tcp", "local-port": PORT})
        check(answer, namespace, "listener", "listener", listener)


def mapped(end):
    """An end of IPv4 as sockets of IPv6 have it."""
    return (f"::ffff:{end[0]}", end[1])


def test_mapped():
    """Addresses of IPv4 that are mapped are what they say, in every table."""
    with Namespace() as namespace, opened_in(namespace) as nsmux, \
            contextlib.ExitStack() as stack:
        namespace.ip("link set lo up")
        here, there = ("127.0.0.1", PORT), ("127.0.0.1", PEER_PORT)

        def enter(protocol, kind=socket.SOCK_STREAM, family=socket.AF_INET):
            return stack.enter_context(
                namespace.open_socket(family, kind, protocol))

        for protocol in (socket.IPPROTO_TCP, socket.IPPROTO_SCTP):
            listener = enter(protocol)
            listener.bind(here)
            listener.listen()
            client = enter(protocol)
            client.bind(there)
            client.connect(here)
        enter(socket.IPPROTO_UDP, socket.SOCK_DGRAM).bind(here)
        enter(89, socket.SOCK_RAW)
        server = enter(socket.IPPROTO_MPTCP)
        server.bind(("127.0.0.1", PORT + 1))
        server.listen()
        client = enter(socket.IPPROTO_MPTCP)
        client.bind(("127.0.0.1", PEER_PORT + 1))
        client.connect(("127.0.0.1", PORT + 1))
        for asked in (key("tcp", here), key("tcp", here, there),
                      key("udp", here), key("sctp", here),
                      key("sctp", here, there),
                      key("mptcp", ("127.0.0.1", PEER_PORT + 1)),
                      {"table": "raw", "protocol": 89,
                       "local-address": here[0]}):
            plain = nsmux.do("lookup", asked)
            ksft_true(plain["outcome"] != "none", asked)
            changed = asked | {name: f"::ffff:{address}"
                               for name, address in asked.items()
                               if name.endswith("-address")}
            ksft_eq(nsmux.do("lookup", changed), plain)
        # One end as it is, and the other one mapped; but no two families.
        ksft_eq(nsmux.do("lookup", key("tcp", mapped(here), there))["outcome"],
                "established")
        check_refused(lambda: nsmux.do("lookup", key("tcp", mapped(here),
                                                     ("::1", 1))),
                      errno.EINVAL, "both addresses have to be of one family",
                      ".remote-address")


@ksft_variants(["tcp", "udp"])
def test_what_is_told_can_be_asked(table):
    """A socket of both families, by the ends that it is told with."""
    kind = socket.SOCK_STREAM if table == "tcp" else socket.SOCK_DGRAM
    with Namespace() as namespace, opened_in(namespace) as nsmux, \
            namespace.open_socket(socket.AF_INET6, kind) as client:
        namespace.ip("link set lo up")
        client.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        client.bind(("::ffff:127.0.0.1", PEER_PORT))
        with hold(namespace, table, socket.AF_INET):
            client.connect(("::ffff:127.0.0.1", PORT))
            [told] = nsmux.do("lookup", key(table, ("127.0.0.1", PEER_PORT),
                                            ("127.0.0.1", PORT)))["socket"]
            ksft_eq(told["cookie"], socket_cookie(client))
            ends = {name: value for name, value in told.items()
                    if name.startswith(("local-", "remote-"))}
            ksft_eq(ends["local-address"], "::ffff:127.0.0.1")
            [again] = nsmux.do("lookup", {"table": table} | ends)["socket"]
            ksft_eq(again, told)


if __name__ == "__main__":
    program.run(globals())
