# SPDX-License-Identifier: GPL-2.0
"""Sockets that hold a port, and what has to be told of them.

What is told of a socket is what the socket itself says by getsockopt(2).
"""

import contextlib
import socket

from net.lib.py import ksft_eq, ksft_true

from .identity import socket_cookie
from .topology import Namespace

PORT, PEER_PORT = 80, 40000
ANY = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}
KIND = {"tcp": "listener", "udp": "unconnected"}


def index_of(namespace, device):
    """The index of a device there."""
    with namespace.enter():
        return socket.if_nametoindex(device)


def bound_to(sock):
    """The device that a socket is bound to, as it says itself."""
    name = sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
    return name.rstrip(b"\0").decode()


def hold(namespace, table, family, device=None, address="", port=PORT,
         reuse=False):
    """A socket of the table that holds a port, bound to a device."""
    kind = socket.SOCK_STREAM if table == "tcp" else socket.SOCK_DGRAM
    sock = namespace.open_socket(family, kind)
    # Without it, one that is bound to no device wants the port for itself.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reuse:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if device:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                        device.encode())
    sock.bind((address, port))
    if table == "tcp":
        sock.listen()
    return sock


def found(answer):
    """The sockets that are told, with the device that each is bound to."""
    return {told["cookie"]: (told["kind"], told.get("device"),
                             told.get("device-name"))
            for told in answer.get("socket", [])}


def expected(namespace, kind, *sockets):
    """The same, as the sockets say it."""
    devices = {socket_cookie(sock): bound_to(sock) for sock in sockets}
    return {cookie: (kind, index_of(namespace, device) if device else None,
                     device or None)
            for cookie, device in devices.items()}


def check(answer, namespace, outcome, kind, *sockets):
    """It tells of these sockets and no others."""
    ksft_eq(answer["outcome"], outcome)
    ksft_eq(found(answer), expected(namespace, kind, *sockets))
    ksft_eq(answer.get("sockets"), len(sockets) if len(sockets) > 1 else None)


@contextlib.contextmanager
def two_with_a_device():
    """Two namespaces with a device of one name, which has two indexes."""
    with Namespace() as first, Namespace() as second:
        for namespace in (first, second):
            namespace.ip("link set lo up")
        first.ip("link add d0 type dummy", "link add d1 type dummy")
        second.ip("link add x type dummy", "link add d0 type dummy")
        ksft_true(index_of(first, "d0") != index_of(second, "d0"))
        yield first, second
