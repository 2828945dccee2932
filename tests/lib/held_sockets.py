# SPDX-License-Identifier: GPL-2.0
"""Sockets that belong together, and how they are closed.

A change of theirs is over when the kernel has done with it; it can take a
while until the other end of a connection has noticed.
"""

import contextlib
import socket
import struct
import time

from .patience import end_after
from .topology import FAMILIES

ESTABLISHED, SYN_RECV, CLOSED = 1, 3, 7
MAPPED = bytes(10) + b"\xff\xff"


class Sockets(list):
    """Sockets that belong together, with their ports and namespace."""

    def __init__(self, member, *ports):
        super().__init__()
        self.member = member
        self.ports = ports

    def close(self):
        """Close all."""
        for sock in self:
            sock.close()


class Connection(Sockets):
    """Both ends of one."""

    def close(self):
        """Both ends at once, by a reset."""
        for sock in self:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack("=ii", 1, 0))
        self[0].close()
        until(lambda: tcp_state(self[1]) == CLOSED)
        self[1].close()


class Remains(Sockets):
    """What is left of a connection: entries of the kernel's own list."""

    def close(self):
        """Take away what the kernel has not taken away itself."""
        for entry in self:
            with contextlib.suppress(FileNotFoundError):
                self.member.diag.destroy(entry)


class Asked(Sockets):
    """A listener and requests for connections with it."""

    def close(self):
        """The requests first, which would else live on for a while."""
        for entry in self.requests():
            self.member.diag.destroy(entry)
        super().close()

    def requests(self):
        """The requests, of the kernel's own list."""
        port = struct.pack("!H", self.ports[0])
        return [entry for entry in connections(self.member)
                if entry.local_port == port and entry.state == SYN_RECV]


def until(condition, deadline=20):
    """Wait for what follows from a change, so that it belongs to it."""
    end = end_after(deadline)
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("a change does not come to its end")
        time.sleep(0.001)


def connections(member):
    """The kernel's own list of TCP sockets, of both families."""
    return [entry for family in FAMILIES
            for entry in member.diag.inet(family, socket.IPPROTO_TCP)]


def other_ends(member, entry):
    """What there is of a connection at its other end: one entry, or none."""
    wanted = (entry.remote_port, plain(entry.remote), entry.local_port,
              plain(entry.local))
    return [other for other in connections(member) if wanted == (
        other.local_port, plain(other.local), other.remote_port,
        plain(other.remote))]


def plain(address):
    """The address of IPv4 that one of IPv6 stands for, or itself."""
    return address[12:] if address[:12] == MAPPED else address


def tcp_state(sock):
    """The state of a TCP socket."""
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
