# SPDX-License-Identifier: GPL-2.0
"""A queue of netfilter's to user space: packets wait for the test's verdict.

nfnetlink_queue.h: its messages are netlink's with a header of their own.
"""

import contextlib
import socket
import struct

from net.lib.py import cmd
from .netlink_message import (ACK, ERROR, HEADER, REQUEST, attribute,
                              attributes, messages)

NETLINK_NETFILTER, SUBSYSTEM = 12, 3
PACKET, VERDICT, CONFIG = 0, 1, 2
COMMAND, PARAMETERS = 1, 2
PACKET_HEADER, VERDICT_HEADER = 1, 2
BIND, COPY_META = 1, 1
NF_ACCEPT = 1
RULES = """
table inet hold {{
    chain held {{
        type filter hook {hook} priority {priority};
        udp dport {port} queue num {number}
    }}
}}
"""
# struct nfgenmsg
MESSAGE = struct.Struct("!BBH")


class PacketQueue:
    """What comes into one queue of a namespace, in order."""

    def __init__(self, namespace, number):
        self._number = number
        with namespace.enter():
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                         NETLINK_NETFILTER)
        self._socket.settimeout(20)
        self._ask(CONFIG, attribute(COMMAND, struct.pack("!BxH", BIND, 0)))
        self._ask(CONFIG, attribute(PARAMETERS,
                                    struct.pack("!IB", 0, COPY_META)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def _send(self, kind, body, flags=0):
        payload = MESSAGE.pack(socket.AF_UNSPEC, 0, self._number) + body
        self._socket.send(HEADER.pack(
            HEADER.size + len(payload), SUBSYSTEM << 8 | kind,
            REQUEST | flags, 1, 0) + payload)

    def _ask(self, kind, body):
        """Send a request, and wait until it is done."""
        self._send(kind, body, ACK)
        answer, = messages(self._socket.recv(1 << 16))
        if answer.kind != ERROR or answer.error:
            raise OSError(answer.error, f"request {kind} of a queue")

    def next(self):
        """Wait for a packet; gives its number in the queue."""
        message, = messages(self._socket.recv(1 << 16))
        told = dict(attributes(message.payload[MESSAGE.size:]))
        return struct.unpack_from("!I", told[PACKET_HEADER])[0]

    def accept(self, number):
        """Let a packet go on."""
        self._send(VERDICT, attribute(
            VERDICT_HEADER, struct.pack("!II", NF_ACCEPT, number)))

    def accept_all(self, count):
        """Wait for so many, then let all of them go on."""
        for number in [self.next() for _ in range(count)]:
            self.accept(number)


@contextlib.contextmanager
def held(namespace, hook, port, number=7, priority=0):
    """Datagrams to the port wait, in this hook of the namespace."""
    with namespace.enter():
        cmd(["nft", RULES.format(hook=hook, priority=priority, port=port,
                                 number=number)])
    with PacketQueue(namespace, number) as queue:
        yield queue


def waiting(namespace, number=7):
    """How many packets of a queue wait, as the kernel says it."""
    with namespace.enter():
        with open("/proc/thread-self/net/netfilter/nfnetlink_queue",
                  encoding="ascii") as file:
            lines = [line.split() for line in file]
    return sum(int(line[2]) for line in lines if int(line[0]) == number)
