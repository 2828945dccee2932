# SPDX-License-Identifier: GPL-2.0
"""Sockets that are looked up by a name of one kind or another.

For each kind of name there is a case: what is asked, how a socket of that
name is made in a namespace, and what is told of it.
"""

import contextlib
import os
import socket
import tempfile
from pathlib import Path

from .topology import Namespace

COUNT = 3
OSPF, UDPLITE = 89, 136
ETH_P_IP = 0x0800
NETLINK_ROUTE, NETLINK_GENERIC, RTNLGRP_LINK = 0, 16, 1
ABSTRACT = b"\0nsmux-selftest"


class Case:
    """What is looked up, and what each namespace has under that name."""

    def __init__(self, key, make, kind, tells):
        self.key = key
        self.make = make
        self.kind = kind
        self.tells = tells


def raw(family, protocol, remote=None):
    """A raw socket, which is found by its protocol."""
    def make(namespace, _):
        sock = namespace.open_socket(family, socket.SOCK_RAW, protocol)
        if remote:
            sock.connect((remote, 0))
        return sock
    return make


def packet(namespace, _):
    """A packet socket that listens on the loopback device."""
    sock = namespace.open_socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.bind(("lo", ETH_P_IP))
    return sock


def unix(name, kind):
    """A local socket; a name in the file system is unlinked again, since
    the next namespace is to have the same."""
    def make(namespace, folder):
        path = name if name.startswith(b"\0") else bytes(folder / "socket")
        sock = namespace.open_socket(socket.AF_UNIX, kind)
        sock.bind(path)
        if not path.startswith(b"\0"):
            os.unlink(path)
        if kind == socket.SOCK_STREAM:
            sock.listen()
        return sock
    return make


def member(namespace, _):
    """A member of the group of rtnetlink that is told of devices."""
    sock = namespace.open_socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                 NETLINK_ROUTE)
    sock.bind((0, 1 << RTNLGRP_LINK - 1))
    return sock


def port(namespace, _):
    """A holder of a port of netlink."""
    sock = namespace.open_socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                 NETLINK_GENERIC)
    sock.bind((4242, 0))
    return sock


FOUR, SIX = {"local-address": "127.0.0.1"}, {"local-address": "::1"}
CASES = {
    "raw_ipv4": Case({"table": "raw", "protocol": OSPF} | FOUR,
                     raw(socket.AF_INET, OSPF), "unconnected",
                     {"local-address": "0.0.0.0"}),
    "raw_ipv6": Case({"table": "raw", "protocol": UDPLITE} | SIX,
                     raw(socket.AF_INET6, UDPLITE), "unconnected",
                     {"local-address": "::"}),
    "raw_connected": Case(
        {"table": "raw", "protocol": OSPF, "remote-address": "127.0.0.2"}
        | FOUR, raw(socket.AF_INET, OSPF, "127.0.0.2"), "connected",
        {"local-address": "127.0.0.1", "remote-address": "127.0.0.2"}),
    "packet": Case({"table": "packet", "device": 1}, packet, "unconnected",
                   {"device": 1, "device-name": "lo"}),
    "packet_protocol": Case(
        {"table": "packet", "device": 1, "protocol": ETH_P_IP}, packet,
        "unconnected", {"device": 1, "device-name": "lo"}),
    "unix_abstract": Case({"table": "unix", "name": ABSTRACT},
                          unix(ABSTRACT, socket.SOCK_STREAM), "listener",
                          {"name": ABSTRACT}),
    "unix_path": Case({"table": "unix", "name": None},
                      unix(b"", socket.SOCK_DGRAM), "unconnected",
                      {"name": None}),
    "netlink_group": Case(
        {"table": "netlink", "protocol": NETLINK_ROUTE,
         "group": RTNLGRP_LINK}, member, "member", {"port-id": None}),
    "netlink_port": Case(
        {"table": "netlink", "protocol": NETLINK_GENERIC, "port-id": 4242},
        port, "member", {"port-id": 4242}),
}


@contextlib.contextmanager
def several(count=COUNT):
    """So many namespaces, and one that has nothing, and a folder."""
    with contextlib.ExitStack() as stack:
        namespaces = [stack.enter_context(Namespace()) for _ in range(count)]
        for namespace in namespaces:
            namespace.ip("link set lo up")
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        yield (namespaces, stack.enter_context(Namespace()), Path(folder))


def filled(template, folder, sock):
    """The same, with what is known only when a socket is there."""
    known = {"name": bytes(folder / "socket"), "port-id": None}
    if sock and sock.family == socket.AF_NETLINK:
        known["port-id"] = sock.getsockname()[0]
    return {name: known[name] if value is None else value
            for name, value in template.items()}
