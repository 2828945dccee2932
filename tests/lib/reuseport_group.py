# SPDX-License-Identifier: GPL-2.0
"""Groups of sockets that share an address and port (SO_REUSEPORT)."""

import contextlib
import socket

from .topology import NEAR

MEMBERS = 3


@contextlib.contextmanager
def group(namespace, family, kind, port):
    """The members of a group, in the order in which they joined it."""
    with contextlib.ExitStack() as stack:
        members = []
        for _ in range(MEMBERS):
            sock = stack.enter_context(namespace.open_socket(family, kind))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind((NEAR[family], port))
            if kind == socket.SOCK_STREAM:
                sock.listen()
            members.append(sock)
        yield members
