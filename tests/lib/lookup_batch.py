# SPDX-License-Identifier: GPL-2.0
"""Many lookups by nsmux in one message, as fast as Python can."""

import errno
import os
import socket
import struct
import sys
from typing import NamedTuple

from .netlink_family import Nsmux
from .netlink_message import (ERROR, GENERIC, HEADER, NESTED, REQUEST,
                              RawSocket, attribute, attributes, messages)

SO_RCVBUFFORCE = 33
# So many in a packet, of whatever length they are, have each what a question
# may take.
TOGETHER = 4


def unsigned(value):
    """The number that an attribute has."""
    return int.from_bytes(value, sys.byteorder)


class Tuple(NamedTuple):
    """What is looked up: addresses as bytes, ports as two bytes each, devices
    by index. The local port of raw and packet sockets is the protocol, the
    local address of local sockets their name."""

    table: str
    local: bytes
    local_port: bytes
    remote: bytes
    remote_port: bytes
    device: int
    slave: int

    @property
    def family(self):
        """The family of the addresses."""
        return socket.AF_INET if len(self.local) == 4 else socket.AF_INET6

    @property
    def port(self):
        """The local port as a number."""
        return int.from_bytes(self.local_port, "big")

    def __str__(self):
        local, remote = (
            socket.inet_ntop(self.family, address)
            if len(address) in (4, 16) else repr(address)
            for address in (self.local, self.remote))
        return (f"{self.table} {local} {self.port} from {remote} "
                f"{int.from_bytes(self.remote_port, 'big')} "
                f"device {self.device} slave {self.slave}")


class Format:
    """How requests and answers look; by the family's specification."""

    def __init__(self):
        with Nsmux() as nsmux:
            self.family = nsmux.nlproto.family_id
            operation = nsmux.ops["lookup"]
            self.command = operation.req_value
            self.number = {name: entry.value for name, entry
                           in operation.attr_set.items()}
            self.socket_cookie = nsmux.attr_sets["socket"]["cookie"].value
            self.way = {name: entry.value for name, entry
                        in nsmux.attr_sets["netns"].items()}
            self.tables = {
                entry.name: number for number, entry
                in nsmux.consts["table"].entries_by_val.items()}
            self.outcomes = {
                number: entry.name for number, entry
                in nsmux.consts["outcome"].entries_by_val.items()}
        self._structs = {size: struct.Struct(
            f"=IHHII BBH HHI HH{size}s HH2sxx HH{size}s HH2sxx HHI HHI")
            for size in (4, 16)}

    def request(self, tuple_, sequence, selector):
        """The bytes of one."""
        number, size = self.number, len(tuple_.local)
        if tuple_.table not in ("tcp", "udp"):
            return self._other(tuple_, sequence, selector)
        whole = self._structs[size]
        return whole.pack(
            whole.size + len(selector), self.family, REQUEST, sequence, 0,
            self.command, 1, 0,
            8, number["table"], self.tables[tuple_.table],
            4 + size, number["local-address"], tuple_.local,
            6, number["local-port"], tuple_.local_port,
            4 + size, number["remote-address"], tuple_.remote,
            6, number["remote-port"], tuple_.remote_port,
            8, number["device"], tuple_.device,
            8, number["slave"], tuple_.slave) + selector

    def _other(self, tuple_, sequence, selector):
        device = struct.pack("=I", tuple_.device)
        protocol = struct.pack("=I", tuple_.port)
        values = {"raw": {"protocol": protocol, "device": device,
                          "local-address": tuple_.local,
                          "remote-address": tuple_.remote,
                          "slave": struct.pack("=I", tuple_.slave)},
                  "packet": {"protocol": protocol, "device": device},
                  "unix": {"name": tuple_.local}}[tuple_.table]
        values["table"] = struct.pack("=I", self.tables[tuple_.table])
        payload = b"".join(attribute(self.number[name], value)
                           for name, value in values.items()) + selector
        return (HEADER.pack(HEADER.size + GENERIC.size + len(payload),
                            self.family, REQUEST, sequence, 0)
                + GENERIC.pack(self.command, 1, 0) + payload)


class LookupSocket(RawSocket):
    """A netlink socket of a namespace, which is named in one of several
    ways."""

    def __init__(self, form, member):
        super().__init__()
        self.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
        self._form = form
        self._cookie = member.cookie
        self.selectors = [b""] + [
            attribute(form.number["netns"] | NESTED,
                      attribute(form.way[name], value))
            for name, value in (
                ("cookie", struct.pack("=Q", member.cookie)),
                ("fd", struct.pack("=I", member.file)),
                ("pid", struct.pack("=I", os.getpid())))]

    def look_up(self, tuples, selector=b""):
        """Outcome and cookies of what each tuple finds."""
        requests = [self._form.request(tuple_, place, selector)
                    for place, tuple_ in enumerate(tuples)]
        for first in range(0, len(requests), TOGETHER):
            self.send(b"".join(requests[first:first + TOGETHER]))
        found = [None] * len(tuples)
        for _ in tuples:
            answer, = messages(self.recv(1 << 14))
            if answer.kind == ERROR:
                raise OSError(answer.error, errno.errorcode[answer.error],
                              answer.text)
            found[answer.sequence] = self._read(answer)
        return found

    def _read(self, answer):
        form, outcome, cookies = self._form, None, []
        number = form.number
        for which, value in attributes(answer.payload[GENERIC.size:]):
            if which == number["outcome"]:
                outcome = form.outcomes[unsigned(value)]
            elif which == number["socket"]:
                cookies += [unsigned(cookie)
                            for inner, cookie in attributes(value)
                            if inner == form.socket_cookie]
            elif (which == number["netns-cookie"]
                  and unsigned(value) != self._cookie):
                raise ValueError("the answer is of another namespace")
        return outcome, cookies
