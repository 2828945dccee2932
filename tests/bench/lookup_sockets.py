# SPDX-License-Identifier: GPL-2.0
"""Sockets to be looked up: some of a kind in each of some namespaces.

Ports are given, so that chains are the same in each boot. Everything is on
loopback, with which a namespace is born.
"""
import os
import socket
import struct
from dataclasses import dataclass

FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
LOOPBACK = {4: "127.0.0.1", 6: "::1"}
PROTOCOL = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}
TYPE = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
ETHERTYPE = {4: 0x0800, 6: 0x86dd}
DEVICE = 1
# The other end of what has one, and the first of the ports of a kind.
REMOTE_PORT, APART = 1999, 1000


@dataclass(frozen=True)
class Packet:
    """What is looked up: to whom, and from whom."""

    namespace: int
    protocol: str
    family: int
    port: int
    remote_port: int = REMOTE_PORT

    @property
    def address(self):
        """Of both ends."""
        return socket.inet_pton(FAMILY[self.family], LOOPBACK[self.family])

    def line(self):
        """For the module."""
        address = self.address.hex()
        return (f"{self.namespace} {DEVICE} {address} {self.port} {address} "
                f"{self.remote_port}")

    def packet(self):
        """A frame of Ethernet, as far as it is read by a program."""
        ports = struct.pack("!HHHH", self.remote_port, self.port, 8, 0)
        protocol = PROTOCOL[self.protocol]
        ends = 2 * self.address
        if self.family == 4:
            header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(ports), 0, 0,
                                 64, protocol, 0) + ends
        else:
            header = struct.pack("!IHBB", 6 << 28, len(ports), protocol,
                                 64) + ends
        return (bytes(12) + struct.pack("!H", ETHERTYPE[self.family]) + header
                + ports)


class Cell:
    """Packets of a kind, and what they find."""

    protocol, outcome = "tcp", "none"

    def __init__(self, family, number, namespaces, each):
        self.family, self.namespaces, self.each = family, namespaces, each
        self.first = (number + 2) * APART
        self.kept, self.packets = [], []
        self.fill()

    def fill(self):
        """Make all."""
        for namespace in self.namespaces:
            os.setns(namespace, os.CLONE_NEWNET)
            for port in range(self.first, self.first + self.each):
                self.packets.append(self.make(namespace, port))

    def make(self, namespace, port):
        """One of them, in the current namespace."""
        self.sockets(port)
        return Packet(namespace, self.protocol, self.family, port)

    def sockets(self, port):
        """Nobody."""

    def renew(self):
        """Make those anew that do not last."""

    def socket(self, port, connected=False):
        """A socket that is bound, and kept."""
        sock = socket.socket(FAMILY[self.family], TYPE[self.protocol])
        self.kept.append(sock)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((LOOPBACK[self.family], port))
        if connected:
            sock.connect((LOOPBACK[self.family], REMOTE_PORT))
        return sock

    def question(self):
        """What the module is asked."""
        return "\n".join([f"{self.protocol} {self.family} {self.outcome}",
                          *(packet.line() for packet in self.packets)])

    def first_of_each(self):
        """A packet for each namespace."""
        return {packet.namespace: packet for packet in self.packets}


class NoTcp(Cell):
    """No connection, and no listener."""


class NoUdp(Cell):
    """No socket."""

    protocol = "udp"


class Unconnected(NoUdp):
    """A socket of UDP that anyone may send to."""

    outcome = "unconnected"

    def sockets(self, port):
        self.socket(port)


class Connected(NoUdp):
    """A socket of UDP with a peer."""

    outcome = "connected"

    def sockets(self, port):
        self.socket(port, connected=True)


class Listener(Cell):
    """A socket of TCP that listens."""

    outcome = "listener"

    def sockets(self, port):
        self.socket(port).listen()


class Established(Cell):
    """One end of a connection: the one that has asked for it."""

    outcome = "established"

    def fill(self):
        for namespace in self.namespaces:
            os.setns(namespace, os.CLONE_NEWNET)
            with self.listener() as listener:
                for port in range(self.first, self.first + self.each):
                    self.packets.append(self.make(namespace, port))
                    self.accepted(listener.accept()[0])

    def listener(self):
        """Who is asked."""
        return socket.create_server((LOOPBACK[self.family], REMOTE_PORT),
                                    family=FAMILY[self.family])

    def sockets(self, port):
        self.socket(port, connected=True)

    def accepted(self, sock):
        """The other end of the last one."""
        self.kept.append(sock)


class TimeWait(Established):
    """What is left of that end, which was closed first."""

    outcome = "time-wait"

    def accepted(self, sock):
        self.kept.pop().close()
        # The other end has nothing to wait for.
        sock.close()

    def renew(self):
        self.first += self.each
        self.packets = []
        self.fill()


KINDS = {"established": Established, "time-wait": TimeWait,
         "listener": Listener, "tcp-miss": NoTcp,
         "udp-connected": Connected, "udp": Unconnected, "udp-miss": NoUdp}


def cells(namespaces, each):
    """All kinds, of both families, by name."""
    return {f"{name} ipv{family}": kind(family, number, namespaces, each)
            for number, (name, kind) in enumerate(KINDS.items())
            for family in FAMILY}
