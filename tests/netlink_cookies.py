#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""socket-get finds a socket by its cookie, whatever table it is in."""

import contextlib
import errno
import os
import socket

from lib import program
from lib.identity import socket_cookie
from lib.named_sockets import CASES, several
from lib.netlink_family import MISSING, Nsmux, check_refused, identity, named
from lib.topology import Namespace
from net.lib.py import ksft_eq, ksft_ge

# Fewer than of one port are looked at.
BOUND = 500


def bound_only(namespace, family):
    """A socket of TCP that holds a port and does not listen."""
    sock = namespace.open_socket(family, socket.SOCK_STREAM)
    sock.bind(("", 81))
    return sock


def test_socket_by_cookie():
    """socket-get finds sockets of every table, wherever they are."""
    with several() as (namespaces, empty, folder), Nsmux() as nsmux, \
            contextlib.ExitStack() as stack:
        made = {name: case.make for name, case in CASES.items()} | {
            "tcp": lambda namespace, _: namespace.listener("", 80),
            "tcp6": lambda namespace, _: namespace.listener(
                "", 80, socket.AF_INET6),
            "tcp_bound": lambda namespace, _: bound_only(
                namespace, socket.AF_INET),
            "tcp6_bound": lambda namespace, _: bound_only(
                namespace, socket.AF_INET6),
            "udp": lambda namespace, _: namespace.udp("", 80),
            "udp6": lambda namespace, _: namespace.udp(
                "", 80, socket.AF_INET6)}
        kinds = {name: case.kind for name, case in CASES.items()} | {
            "tcp": "listener", "tcp6": "listener", "tcp_bound": "bound",
            "tcp6_bound": "bound", "udp": "unconnected",
            "udp6": "unconnected"}
        for name, make in made.items():
            for namespace in namespaces:
                sock = stack.enter_context(make(namespace, folder))
                told = identity(sock, kinds[name])
                asked = {"cookie": told["cookie"]}
                answer = nsmux.do("socket-get", asked | named(namespace))
                ksft_eq((answer["netns-cookie"], answer["table"],
                         answer["outcome"]),
                        (namespace.cookie, name.split("_")[0].rstrip("6"),
                         kinds[name]))
                found, = answer["socket"]
                ksft_eq(found | told, found, name)
                ksft_eq(nsmux.dump("socket-get", asked), [answer], name)
                check_refused(
                    lambda: nsmux.do("socket-get", asked | named(empty)),
                    errno.ENOENT, "no socket has this cookie", ".cookie")


def test_connection_by_cookie():
    """A connection of TCP, and a socket of UDP with a peer."""
    with several() as (namespaces, _, _folder), Nsmux() as nsmux:
        for namespace in namespaces:
            with namespace.listener("127.0.0.1", 80) as listener, \
                    namespace.open_socket(kind=socket.SOCK_STREAM) as client, \
                    namespace.udp("127.0.0.1", 80) as datagram:
                client.connect(("127.0.0.1", 80))
                datagram.connect(("127.0.0.1", 81))
                with listener.accept()[0] as child:
                    for sock, kind in ((client, "established"),
                                       (child, "established"),
                                       (datagram, "connected")):
                        told = identity(sock, kind)
                        answer, = nsmux.dump("socket-get", {
                            "cookie": told["cookie"]})
                        found, = answer["socket"]
                        ksft_eq(found | told, found)
                        ksft_eq(answer["netns-cookie"], namespace.cookie)


def test_bound_among_others():
    """One socket of many that hold the port of one namespace."""
    with Namespace() as namespace, Nsmux() as nsmux, \
            contextlib.ExitStack() as stack:
        socks = [stack.enter_context(bound_only(namespace, socket.AF_INET))
                 for _ in range(BOUND)]
        for sock in (socks[0], socks[-1]):
            told = identity(sock, "bound")
            answer, = nsmux.dump("socket-get", {"cookie": told["cookie"]})
            found, = answer["socket"]
            ksft_eq(found | told, found)
        socks[0].listen()
        socks[-1].connect_ex(("127.0.0.1", 9))
        for sock, kind in ((socks[0], "listener"), (socks[-1], "bound")):
            cookie = socket_cookie(sock)
            answer, = nsmux.dump("socket-get", {"cookie": cookie})
            ksft_eq(answer["outcome"], kind)


def test_no_cookie():
    """A dump of a cookie that no socket has is empty."""
    with Nsmux() as nsmux:
        ksft_eq(nsmux.dump("socket-get", {"cookie": 1 << 60}), [])
        for ask in (nsmux.do, nsmux.dump):
            check_refused(lambda: ask("socket-get", {}), errno.EINVAL,
                          MISSING, None, "cookie")
            check_refused(lambda: ask("socket-get", {"cookie": 0}),
                          errno.ERANGE, "integer out of range", ".cookie")


def test_moved_on():
    """What is found in the last table of the last namespace, by a search that
    takes many parts."""
    with Namespace() as parent:
        # More than a part that nobody waits for may go through.
        parent.sysctl("net/ipv4/tcp_child_ehash_entries", 1 << 22)
        with parent.enter():
            large = [Namespace() for _ in range(2)]
        with contextlib.ExitStack() as stack:
            for namespace in large:
                stack.enter_context(namespace)
            for namespace in large:
                sock = stack.enter_context(namespace.open_socket(
                    socket.AF_UNIX, socket.SOCK_DGRAM))
                cookie = socket_cookie(sock)
                with Nsmux() as nsmux:
                    *before, told = nsmux.dump("socket-get",
                                               {"cookie": cookie})
                    ksft_eq([answer for answer in before if answer], [])
                    ksft_ge(len(before), 2)
                    ksft_eq((told["netns-cookie"], told["table"]),
                            (namespace.cookie, "unix"))
                    check_refused(lambda: nsmux.do(
                        "socket-get", {"cookie": cookie} | named(namespace)),
                        errno.E2BIG, "there is too much to go through for one "
                        "answer: a dump takes its time", ".cookie")


def test_many_namespaces_refused():
    """Looking for a cookie costs too much in a list of any length."""
    with Nsmux() as nsmux:
        own = {"pid": os.getpid()}
        asked = {"cookie": 1 << 60, "netns": [own] * 16}
        ksft_eq(nsmux.dump("socket-get", asked), [])
        asked["netns"].append(own)
        check_refused(lambda: nsmux.dump("socket-get", asked), errno.EINVAL,
                      "a socket is looked for in 16 namespaces that are named, "
                      "or in all", ".netns")


if __name__ == "__main__":
    program.run(globals())
