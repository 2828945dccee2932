# SPDX-License-Identifier: GPL-2.0
"""Netlink messages as bytes, for what a library would not send or show."""

import socket
import struct
from typing import NamedTuple

from net.lib.py import Netlink

HEADER = struct.Struct("=IHHII")
GENERIC = struct.Struct("=BBH")
ATTRIBUTE = struct.Struct("=HH")
ERROR, DONE, MULTI = Netlink.NLMSG_ERROR, Netlink.NLMSG_DONE, 2
REQUEST, ACK, DUMP = (Netlink.NLM_F_REQUEST, Netlink.NLM_F_ACK,
                      Netlink.NLM_F_DUMP)
NESTED = Netlink.NLA_F_NESTED


class Message(NamedTuple):
    """A message that was received."""

    kind: int
    flags: int
    sequence: int
    payload: bytes

    @property
    def error(self):
        """The error of an acknowledgement or of a dump's end, 0 for none."""
        return -struct.unpack_from("=i", self.payload)[0]

    @property
    def extended(self):
        """The attributes of an extended ack, by their numbers."""
        start = 20 if self.kind == ERROR else 4
        if not self.flags & Netlink.NLM_F_ACK_TLVS:
            return {}
        return dict(attributes(self.payload[start:]))

    @property
    def text(self):
        """The text of an extended ack."""
        told = self.extended.get(Netlink.NLMSGERR_ATTR_MSG, b"")
        return told.rstrip(b"\0").decode()

    @property
    def offset(self):
        """Where in the request the attribute to blame is, or None."""
        told = self.extended.get(Netlink.NLMSGERR_ATTR_OFFS)
        return told and struct.unpack("=I", told)[0]


def attribute(number, payload=b""):
    """One attribute, padded."""
    return (ATTRIBUTE.pack(ATTRIBUTE.size + len(payload), number) + payload
            + bytes(-len(payload) % 4))


def request(family, command, body=b"", flags=ACK, sequence=1, **wrong):
    """A request; `wrong` replaces fields by what they should not be."""
    fields = {"version": 1, "reserved": 0, "flags": REQUEST | flags,
              "length": HEADER.size + GENERIC.size + len(body)} | wrong
    return (HEADER.pack(fields["length"], family, fields["flags"], sequence,
                        0)
            + GENERIC.pack(command, fields["version"], fields["reserved"])
            + body)


def messages(data):
    """The messages in what one call has received."""
    while len(data) >= HEADER.size:
        length, kind, flags, sequence, _ = HEADER.unpack_from(data)
        if not HEADER.size <= length <= len(data):
            raise ValueError(f"a message of {length} bytes: {data.hex()}")
        yield Message(kind, flags, sequence, data[HEADER.size:length])
        data = data[length + 3 & ~3:]
    if data:
        raise ValueError(f"not a message: {data.hex()}")


def attributes(data):
    """Number and content of each attribute."""
    while len(data) >= ATTRIBUTE.size:
        length, number = ATTRIBUTE.unpack_from(data)
        if not ATTRIBUTE.size <= length <= len(data):
            raise ValueError(f"an attribute of {length} bytes: {data.hex()}")
        yield number & ~Netlink.NLA_TYPE_MASK, data[ATTRIBUTE.size:length]
        data = data[length + 3 & ~3:]
    if data:
        raise ValueError(f"not an attribute: {data.hex()}")


class RawSocket(socket.socket):
    """A generic netlink socket that is told all about its errors."""

    def __init__(self):
        super().__init__(socket.AF_NETLINK, socket.SOCK_RAW,
                         Netlink.NETLINK_GENERIC)
        for option in (Netlink.NETLINK_CAP_ACK, Netlink.NETLINK_EXT_ACK):
            self.setsockopt(Netlink.SOL_NETLINK, option, 1)
        self.settimeout(20)

    def receive(self, size=1 << 17):
        """The messages of the next packet."""
        return list(messages(self.recv(size)))

    def ask(self, message):
        """Send a request; the answers, and the acknowledgement."""
        self.send(message)
        answers = []
        while True:
            for answer in self.receive():
                if answer.kind in (ERROR, DONE):
                    return answers, answer
                answers.append(answer)
