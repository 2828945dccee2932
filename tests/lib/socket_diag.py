# SPDX-License-Identifier: GPL-2.0
"""The kernel's own list of sockets, by NETLINK_SOCK_DIAG (ss(8))."""

import errno
import socket
import struct
from typing import NamedTuple

from .netlink_message import (ACK, DONE, DUMP, ERROR, HEADER, REQUEST,
                              attributes, messages)

NETLINK_SOCK_DIAG, BY_FAMILY, DESTROY = 4, 20, 21
REQUEST_BODY = struct.Struct("=BBBBI2s2s16s16sIQ")
ANSWER_BODY = struct.Struct("=BBxx2s2s16s16sIQ")
PACKET_ANSWER = struct.Struct("=BBHIQ")
PACKET_SHOW_INFO, PACKET_DIAG_INFO = 1, 0
UNIX_ANSWER = struct.Struct("=BBBxIQ")
UDIAG_SHOW_NAME, UNIX_DIAG_NAME = 1, 0
NO_COOKIE = (1 << 64) - 1
ALL_STATES = (1 << 32) - 1
# Of asm-generic/socket.h; Python has no name for it.
SO_RCVBUFFORCE = 33


class Entry(NamedTuple):
    """A socket of the Internet's protocols. Ports are two bytes each, and
    addresses as long as the family wants them."""

    family: int
    state: int
    local_port: bytes
    remote_port: bytes
    local: bytes
    remote: bytes
    device: int
    cookie: int

    @classmethod
    def parse(cls, payload):
        """Read a struct inet_diag_msg."""
        family, state, sport, dport, local, remote, *more = (
            ANSWER_BODY.unpack_from(payload))
        size = 4 if family == socket.AF_INET else 16
        return cls(family, state, sport, dport, local[:size], remote[:size],
                   *more)


def body(family, protocol, local=(b"", b"\0\0"), remote=(b"", b"\0\0"),
         device=0, cookie=NO_COOKIE):
    """A struct inet_diag_req_v2."""
    return REQUEST_BODY.pack(family, protocol, 0, 0, ALL_STATES, local[1],
                             remote[1], local[0], remote[0], device, cookie)


def request(kind, flags, payload, sequence=1):
    """A message to the kernel."""
    return HEADER.pack(HEADER.size + len(payload), kind, REQUEST | flags,
                       sequence, 0) + payload


class SocketDiag(socket.socket):
    """A netlink socket of the calling thread's namespace."""

    def __init__(self):
        super().__init__(socket.AF_NETLINK, socket.SOCK_RAW,
                         NETLINK_SOCK_DIAG)
        self.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
        self.settimeout(20)

    def dump(self, payload):
        """What comes back for a request for all sockets of a kind."""
        self.send(request(BY_FAMILY, DUMP, payload))
        while True:
            for answer in messages(self.recv(1 << 17)):
                if answer.kind in (ERROR, DONE):
                    if answer.payload and answer.error:
                        raise OSError(answer.error,
                                      errno.errorcode[answer.error])
                    return
                yield answer.payload

    def inet(self, family, protocol):
        """All sockets of a protocol of the Internet."""
        return [Entry.parse(payload)
                for payload in self.dump(body(family, protocol))]

    def packet(self):
        """Protocol, device and cookie of each packet socket."""
        found = []
        for payload in self.dump(struct.pack(
                "=BxxxIIQ", socket.AF_PACKET, 0, PACKET_SHOW_INFO,
                NO_COOKIE)):
            _, _, protocol, _, cookie = PACKET_ANSWER.unpack_from(payload)
            told = dict(attributes(payload[PACKET_ANSWER.size:]))
            device, = struct.unpack_from("=I", told[PACKET_DIAG_INFO])
            found.append((protocol, device, cookie))
        return found

    def unix(self):
        """Name, state and cookie of each local socket; the name is None if
        it has none."""
        found = []
        for payload in self.dump(struct.pack(
                "=BxxxIIIQ", socket.AF_UNIX, ALL_STATES, 0, UDIAG_SHOW_NAME,
                NO_COOKIE)):
            _, _, state, _, cookie = UNIX_ANSWER.unpack_from(payload)
            told = dict(attributes(payload[UNIX_ANSWER.size:]))
            found.append((told.get(UNIX_DIAG_NAME), state, cookie))
        return found

    def look_up(self, keys):
        """The socket that each key finds, or None.

        A key has a family, a protocol, the local and the remote address and
        port as bytes, and a device's index.
        """
        found, requests = [None] * len(keys), []
        for place, (family, protocol, local, remote, device) in enumerate(
                keys):
            if protocol == socket.IPPROTO_UDP:
                # For historical reasons it is the other way round there.
                local, remote = remote, local
            requests.append(request(BY_FAMILY, 0, body(
                family, protocol, local, remote, device), place + 1))
        self.send(b"".join(requests))
        for _ in keys:
            answer, = messages(self.recv(1 << 16))
            if answer.kind == ERROR:
                if answer.error != errno.ENOENT:
                    raise OSError(answer.error, errno.errorcode[answer.error])
            else:
                found[answer.sequence - 1] = Entry.parse(answer.payload)
        return found

    def destroy(self, entry):
        """Take away a TCP socket in whatever state, by its cookie."""
        self.send(request(DESTROY, ACK, body(
            entry.family, socket.IPPROTO_TCP,
            (entry.local, entry.local_port), (entry.remote, entry.remote_port),
            entry.device, entry.cookie)))
        answer, = messages(self.recv(1 << 16))
        if answer.error:
            raise OSError(answer.error, errno.errorcode[answer.error])
