# SPDX-License-Identifier: GPL-2.0
"""What can be asked of nsmux that takes long, as bytes of generic netlink."""

import re
import socket
import struct
from pathlib import Path

GENERIC, CONTROL, GET_FAMILY, FAMILY_NAME, FAMILY_ID = 16, 16, 3, 2, 1
REQUEST, ACK, DUMP, ERROR, DONE = 1, 4, 0x300, 2, 3
NO_SOCKET = 1 << 60
# Where those in a crowd are.
PORT, RAW = 5353, 253
# Ends of UDP with about as many sockets as a question goes over at most.
LONGEST = {"udp": (PORT + 1, 2000), "udp port": (PORT + 2, 4000)}
# What changes something when it is asked first, and not again.
ONCE = ("mode-set", "mode-set, off")
# How many requests are sent in one packet.
TOGETHER = 32


def attribute(number, payload):
    """One attribute."""
    return (struct.pack("=HH", 4 + len(payload), number) + payload
            + bytes(-len(payload) % 4))


def message(kind, command, body, flags=0, sequence=1):
    """One request of generic netlink."""
    body = struct.pack("=BBH", command, 1, 0) + body
    return struct.pack("=IHHII", 16 + len(body), kind, REQUEST | flags,
                       sequence, 0) + body


class Asker:
    """A socket on which requests are made."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                    GENERIC)
        self.socket.bind((0, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        answer = self.ask(message(CONTROL, GET_FAMILY, attribute(
            FAMILY_NAME, b"nsmux\0")), 1)
        told = dict(self.attributes(answer[20:]))
        self.family, = struct.unpack("=H", told[FAMILY_ID])

    @staticmethod
    def attributes(data):
        """The attributes in it, by their numbers."""
        while len(data) >= 4:
            length, number = struct.unpack_from("=HH", data)
            yield number & 0x3fff, data[4:length]
            data = data[(length + 3) & ~3:]

    def ask(self, packet, ends):
        """Send requests in one packet and read until so many have come to
        their ends; returns the first answer."""
        answers = self.read(packet, ends)
        first = next(answers)
        for _ in answers:
            pass
        return first

    def read(self, packet, ends):
        """The same, and gives each answer."""
        self.socket.send(packet)
        while ends:
            data = self.socket.recv(1 << 17)
            yield data
            while data:
                length, kind, flags = struct.unpack_from("=IHH", data)
                ends -= kind in (ERROR, DONE) or not flags & 2
                data = data[(length + 3) & ~3:]

    def close(self):
        """No more requests."""
        self.socket.close()


def codes():
    """The numbers that the family's header gives to names."""
    header = Path(__file__).with_name("nsmux.h").read_text("ascii")
    numbers = {}
    for body in re.findall(r"enum[^{]*{(.*?)}", header, re.DOTALL):
        number = 0
        body = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL)
        for entry in filter(None, map(str.strip, body.split(","))):
            name, _, value = map(str.strip, entry.partition("="))
            number = int(value) if value.isdigit() else number
            numbers[name.removeprefix("NSMUX_")] = number
            number += 1
    return numbers


class Questions:
    """The bodies of requests, without their headers."""

    def __init__(self):
        self.code = codes()
        self.cookie = self.by("COOKIE", NO_SOCKET, "=Q")

    def by(self, name, value, form="=I"):
        """An attribute of a lookup."""
        return attribute(self.code[f"A_LOOKUP_{name}"],
                         struct.pack(form, value))

    def named(self, cookies):
        """Namespaces, by their cookies."""
        return b"".join(attribute(
            self.code["A_LOOKUP_NETNS"] | 0x8000, attribute(
                self.code["A_NETNS_COOKIE"], struct.pack("=Q", value)))
            for value in cookies)

    def table(self, name, *more):
        """A key of a table."""
        return self.by("TABLE", self.code[f"TABLE_{name}"]) + b"".join(more)

    def keys(self):
        """A key of each table, by a name; those who are in a crowd have the
        same."""
        address = attribute(self.code["A_LOOKUP_LOCAL_ADDRESS"],
                            bytes((10, 9, 8, 7)))
        number = self.by("LOCAL_PORT", PORT, "!H")
        route = self.by("PROTOCOL", 0)
        return {
            "tcp": self.table("TCP", address, number),
            "tcp port": self.table("TCP", number),
            "udp": self.table("UDP", address, number),
            "udp port": self.table("UDP", number),
            **self.longest(address),
            "sctp": self.table("SCTP", address, number),
            "mptcp": self.table("MPTCP", address, number),
            "raw": self.table("RAW", self.by("PROTOCOL", RAW), address),
            "packet": self.table("PACKET", self.by("DEVICE", 1)),
            "unix": self.table("UNIX", attribute(
                self.code["A_LOOKUP_NAME"], b"/nobody")),
            "netlink group": self.table("NETLINK", route, self.by("GROUP", 9)),
            "netlink groups": self.table("NETLINK", route),
            "netlink port": self.table("NETLINK", route,
                                       self.by("PORT_ID", 77)),
            "vsock": self.table("VSOCK", self.by("LOCAL_VSOCK_PORT", PORT)),
            "netdev": self.table("NETDEV", self.by("DEVICE", 1)),
            "pid": self.table("PID", self.by("NUMBER", 1)),
        }

    def longest(self, address):
        """Keys for which the kernel's lookup goes over many sockets."""
        numbers = {name: self.by("LOCAL_PORT", port, "!H")
                   for name, (port, _) in LONGEST.items()}
        return {
            "udp, longest": self.table("UDP", address, numbers["udp"]),
            "udp port, longest": self.table("UDP", numbers["udp port"]),
        }

    def changes(self):
        """What changes something in a namespace: command and body by a name,
        in the order in which they are asked."""
        def mode(name):
            return self.code["CMD_MODE_SET"], attribute(
                self.code["A_NAMESPACE_MODE"],
                struct.pack("=I", self.code[f"MODE_{name}"]))
        return {
            "counters-reset": (self.code["CMD_COUNTERS_RESET"], b""),
            "mode-set": mode("OBSERVE"),
            "mode-set, the same": mode("OBSERVE"),
            "mode-set, off": mode("OFF"),
        }


def requests(family):
    """Requests by name: (messages in one packet, how many ends)."""
    ask = Questions()
    search, lookup, get = (ask.code[f"CMD_{name}"] for name in (
        "SOCKET_GET", "LOOKUP", "NAMESPACE_GET"))
    keys = ask.keys()
    one = {
        "socket-get": (search, ask.cookie, 0),
        "socket-get, dump": (search, ask.cookie, DUMP),
        "socket-get, dump, 16 named": (
            search, ask.cookie + ask.named(range(2, 18)), DUMP),
        "namespace-get": (get, b"", 0),
        "namespace-get, dump": (get, b"", DUMP),
        "tcp, dump, 1024 named": (
            lookup, keys["tcp"] + ask.named(range(2, 1026)), DUMP),
    }
    for name, key in keys.items():
        one[name] = (lookup, key, 0)
        one[f"{name}, dump"] = (lookup, key, DUMP)
    packets = {name: (message(family, command, body, flags), 1)
               for name, (command, body, flags) in one.items()}
    for name, command, body in (("socket-get", search, ask.cookie),
                                ("udp port", lookup, keys["udp port"])):
        packets[f"{name}, {TOGETHER} in a packet"] = (
            TOGETHER * message(family, command, body), TOGETHER)
    # What the same number takes that any family would answer.
    packets[f"(another family, {TOGETHER} in a packet)"] = (
        TOGETHER * message(CONTROL, GET_FAMILY, attribute(
            FAMILY_NAME, b"nlctrl\0")), TOGETHER)
    for name, (command, body) in ask.changes().items():
        # They have no answer but that.
        packets[name] = message(family, command, body, ACK), 1
    return packets


def namespaces(asker):
    """The inode numbers that a dump of all namespaces tells, in its order."""
    code = codes()
    told = []
    for data in asker.read(message(
            asker.family, code["CMD_NAMESPACE_GET"], b"", DUMP), 1):
        while data:
            length, kind = struct.unpack_from("=IH", data)
            if kind == asker.family:
                told += [struct.unpack("=I", value)[0] for number, value
                         in Asker.attributes(data[20:length])
                         if number == code["A_NAMESPACE_INODE"]]
            data = data[(length + 3) & ~3:]
    return told
