# SPDX-License-Identifier: GPL-2.0
"""Sockets of all kinds that are made and closed at random.

Everything that is changed is written into a change log, with the ports that
it concerns; a change is over when the kernel has done with it.
"""

import contextlib
import errno
import socket
import struct
import time

from . import packet
from .crowd import pick
from .held_sockets import (CLOSED, ESTABLISHED, Asked, Connection, Remains,
                           Sockets, connections, other_ends, tcp_state, until)
from .identity import socket_cookie
from .packet import SYN
from .socket_diag import SocketDiag
from .topology import FAMILIES, FAR, LOOPBACK, NEAR

ANY = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}
MAPPED = "::ffff:"
# Sockets on these ports are in reuseport groups, and no others are.
GROUP_PORTS = (1001, 1002)
PORTS = (2001, 2002, 2003, 2004)
# Connections that are being asked for: their listeners have the port alone.
REQUEST_PORTS = (3001, 3002)
CLIENT_PORTS = (4001, 4002, 4003, 4004, 4005)
RAW_PROTOCOLS = (253, 254)
# Two for experiments, and that which stands for all.
ETH_P_ALL = 3
PACKET_PROTOCOLS = (0x88b5, 0x88b6, ETH_P_ALL)
# The change log knows local sockets by a number, as if it were a port.
NAMES = {5000 + number: b"\0nsmux-%d" % number for number in range(2)}
TIME_WAIT_SECONDS = 60
IPV6_HDRINCL = 36
# Of asm-generic/socket.h and linux/tcp.h; Python has no names for them.
SO_INCOMING_CPU = 49
# The errors of a socket that cannot be made beside those that there are.
TAKEN = (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.ECONNREFUSED)


class Maker:
    """Makes sockets in one namespace after the other, and closes them."""

    def __init__(self, generator, log, members):
        self.generator = generator
        self.log = log
        self.members = members
        self.present = {member.number: [] for member in members}
        # Those that there are belong to the process that has made them.
        for member in members:
            member.enter()
            member.diag = SocketDiag()

    def pick(self, values):
        """One of the values."""
        return pick(self.generator, values)

    def maybe(self, probability=0.5):
        """Whether something happens that happens so often."""
        return self.generator.random() < probability

    def step(self, member, wanted=12):
        """Make something, or close or change something."""
        present = self.present[member.number]
        if self.generator.random() * 2 * wanted < len(present):
            place = int(self.generator.random() * len(present))
            present[place], present[-1] = present[-1], present[place]
            leaving = present.pop()
            with self.log.change(member.number, *leaving.ports):
                leaving.close()
            return
        member.enter()
        make = self.pick((self.listener, self.listener, self.connection,
                          self.connection, self.connection, self.asking,
                          self.asked, self.datagram, self.datagram,
                          self.datagram, self.raw, self.packet, self.local))
        sockets = make(member)
        if sockets is not None:
            present.append(sockets)

    def close(self):
        """Close all."""
        for present in self.present.values():
            for sockets in present:
                sockets.close()

    # One of everything below.

    def socket(self, family, kind, protocol=0):
        """A socket with random options."""
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(20)
        if family == socket.AF_INET6 and kind != socket.SOCK_RAW:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY,
                            self.maybe())
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.maybe(0.2):
            sock.setsockopt(socket.SOL_SOCKET, SO_INCOMING_CPU,
                            self.maybe())
        return sock

    def bound(self, member, kind, port):
        """A socket that is bound to something, or None."""
        family = self.pick(FAMILIES)
        sock = self.socket(family, kind)
        if port in GROUP_PORTS:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if self.maybe(0.3):
            device = self.pick(list(member.devices))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                            device.encode())
        addresses = ANY[family], ANY[family], LOOPBACK[family], NEAR[family]
        return self.bind(sock, self.pick(addresses), port)

    @staticmethod
    def bind(sock, address, port=0):
        """Bind it, or close it and give None if that cannot be."""
        try:
            sock.bind((address, port))
        except OSError as error:
            sock.close()
            if error.errno not in TAKEN:
                raise
            return None
        return sock

    def listener(self, member):
        """A listener, alone or in a group."""
        port = self.pick(PORTS + GROUP_PORTS)
        sockets = Sockets(member, port)
        with self.log.change(member.number, port):
            sock = self.bound(member, socket.SOCK_STREAM, port)
            if sock is None:
                return None
            try:
                sock.listen()
            except OSError as error:
                sock.close()
                if error.errno not in TAKEN:
                    raise
                return None
        sockets.append(sock)
        return sockets

    def connection(self, member):
        """Both ends of one, in some state, or what is left of it."""
        family = self.pick(FAMILIES)
        port, client_port = self.pick(PORTS), self.pick(CLIENT_PORTS)
        here, there = (self.pick((LOOPBACK[family], NEAR[family]))
                       for _ in range(2))
        is_mapped = family == socket.AF_INET and self.maybe(0.2)
        ends = Connection(member, port, client_port)
        with self.log.change(member.number, port, client_port), \
                contextlib.ExitStack() as stack:
            listener = self.bind(self.socket(family, socket.SOCK_STREAM),
                                 there, port)
            if listener is None:
                return None
            stack.enter_context(listener)
            if is_mapped:
                client = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
                here, there = MAPPED + here, MAPPED + there
            else:
                client = self.socket(family, socket.SOCK_STREAM)
            client.settimeout(20)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            client = self.bind(client, here, client_port)
            if client is None:
                return None
            stack.enter_context(client)
            try:
                listener.listen()
                client.connect((there, port))
            except OSError as error:
                if error.errno not in TAKEN:
                    raise
                return None
            child = self.accept(member, listener, client)
            if child is None:
                return None
            child.settimeout(20)
            stack.pop_all()
            listener.close()
            ends += [client, child]
            return self.age(ends)

    @staticmethod
    def accept(member, listener, client):
        """The other end of a connection; or None, with the connection undone,
        if another listener is closer to the device than ours."""
        listener.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            return listener.accept()[0]
        # The segment that makes it complete may still be on its way.
        cookie = socket_cookie(client)
        here = next(entry for entry in connections(member)
                    if entry.cookie == cookie)
        until(lambda: [ESTABLISHED] == [
            entry.state for entry in other_ends(member, here)])
        with contextlib.suppress(BlockingIOError):
            return listener.accept()[0]
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("=ii", 1, 0))
        client.close()
        until(lambda: not other_ends(member, here))
        return None

    def age(self, ends):
        """Let a connection come to some state."""
        client, child = ends
        begin = time.monotonic_ns()
        if self.maybe(0.4):
            return ends
        # FIN_WAIT2 here, CLOSE_WAIT there.
        client.shutdown(socket.SHUT_WR)
        child.recv(1)
        if self.maybe(0.3):
            return ends
        cookie = socket_cookie(client)
        child.shutdown(socket.SHUT_WR)
        until(lambda: tcp_state(child) == CLOSED)
        client.close()
        child.close()
        remains = Remains(ends.member, *ends.ports)
        remains += [entry for entry in connections(ends.member)
                    if entry.cookie == cookie]
        # Timers are late by up to an eighth, and by what the machine is.
        self.log.expect(ends.member.number, ends.ports,
                        begin + (TIME_WAIT_SECONDS - 1) * 10**9,
                        time.monotonic_ns() + (TIME_WAIT_SECONDS + 30) * 10**9)
        return remains

    def asking(self, member):
        """A connection that is asked for, and never answered: SYN_SENT."""
        family = self.pick(FAMILIES)
        port, client_port = self.pick(PORTS), self.pick(CLIENT_PORTS)
        sockets = Sockets(member, client_port)
        with self.log.change(member.number, client_port):
            sock = self.bind(self.socket(family, socket.SOCK_STREAM),
                             NEAR[family], client_port)
            if sock is None:
                return None
            sock.setblocking(False)
            if sock.connect_ex((FAR[family], port)) != errno.EINPROGRESS:
                sock.close()
                return None
        sockets.append(sock)
        return sockets

    def asked(self, member):
        """A listener with requests that wait for the last segment."""
        port = self.pick(REQUEST_PORTS)
        if any(port in sockets.ports
               for sockets in self.present[member.number]):
            return None
        family = self.pick(FAMILIES)
        sockets = Asked(member, port)
        with self.log.change(member.number, port), socket.socket(
                family, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
            if family == socket.AF_INET6:
                raw.setsockopt(socket.IPPROTO_IPV6, IPV6_HDRINCL, 1)
            listener = self.bind(self.socket(family, socket.SOCK_STREAM),
                                 self.pick((ANY[family], NEAR[family])), port)
            listener.listen(128)
            sockets.append(listener)
            ports = CLIENT_PORTS[:1 + int(self.generator.random() * 3)]
            for client_port in ports:
                raw.sendto(packet.tcp(FAR[family], client_port, NEAR[family],
                                      port, SYN), (NEAR[family], 0))
            until(lambda: len(sockets.requests()) == len(ports))
        return sockets

    def datagram(self, member):
        """A UDP socket with or without a peer, alone or in a group."""
        port = self.pick(PORTS + GROUP_PORTS)
        sockets = Sockets(member, port)
        with self.log.change(member.number, port):
            sock = self.bound(member, socket.SOCK_DGRAM, port)
            if sock is None:
                return None
            sockets.append(sock)
            if self.maybe(0.4):
                # There may be no route to it through the socket's device.
                with contextlib.suppress(OSError):
                    sock.connect((self.pick((FAR, LOOPBACK, NEAR))[
                        sock.family], self.pick(CLIENT_PORTS)))
        return sockets

    def raw(self, member):
        """A raw socket; the protocol has the place of a port."""
        family, protocol = self.pick(FAMILIES), self.pick(RAW_PROTOCOLS)
        sockets = Sockets(member, protocol)
        with self.log.change(member.number, protocol):
            sock = self.socket(family, socket.SOCK_RAW, protocol)
            sockets.append(sock)
            if self.maybe(0.3):
                sock.setsockopt(
                    socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                    self.pick(list(member.devices)).encode())
            if self.maybe():
                with contextlib.suppress(OSError):
                    sock.bind((self.pick((LOOPBACK, NEAR))[family], 0))
            if self.maybe(0.3):
                with contextlib.suppress(OSError):
                    sock.connect((self.pick((FAR, LOOPBACK, NEAR))[family],
                                  0))
        return sockets

    def packet(self, member):
        """A packet socket, of one device or of all."""
        protocol = self.pick(PACKET_PROTOCOLS)
        sockets = Sockets(member, protocol)
        with self.log.change(member.number, protocol):
            device = self.pick([None, *member.devices])
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                 0 if device else socket.htons(protocol))
            sockets.append(sock)
            if device:
                sock.bind((device, protocol))
        return sockets

    def local(self, member):
        """A local socket with a name, which one of each type may have."""
        number = self.pick(list(NAMES))
        sockets = Sockets(member, number)
        with self.log.change(member.number, number):
            kind = self.pick((socket.SOCK_STREAM, socket.SOCK_DGRAM))
            sock = socket.socket(socket.AF_UNIX, kind)
            try:
                sock.bind(NAMES[number])
            except OSError as error:
                sock.close()
                if error.errno != errno.EADDRINUSE:
                    raise
                return None
            if kind == socket.SOCK_STREAM:
                sock.listen()
        sockets.append(sock)
        return sockets
