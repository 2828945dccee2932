# SPDX-License-Identifier: GPL-2.0
"""Packets of one kind after the other, and the instructions that one takes.

A kind is made once, with all its sockets, and then sent again and again: what
it takes is the least of some rounds, each of 96 packets. The first rounds are
left out: windows open, timers start, caches of the kernel fill.

The kernel frees packets 32 at a time, so that only of a multiple of 32 each
round has the same share of that.
"""
import socket
import statistics
import struct
from contextlib import ExitStack

from ground import ADDRESSES, LOOPBACK
from sendmmsg import messages

NUMBER, WARM_UP, ROUNDS = 96, 3, 12
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
# Ports are given, since those that the kernel chooses are in other chains each
# time: of who receives, of who sends, of who is connected, and of nobody.
PORT, SOURCE_PORT, CONNECTED_PORT, NO_PORT = 4000, 4001, 4002, 4003
IPV6_HDRINCL = 36
SYN, RST, ACK = 0x02, 0x04, 0x10
# A socket under repair tells the numbers of its next bytes.
TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ = 19, 20, 21
ON, OFF_SILENTLY = 1, -1
RECEIVED, TO_SEND = 1, 2


def socket_address(family, address, port):
    """struct sockaddr_in or sockaddr_in6"""
    packed = socket.inet_pton(FAMILY[family], address)
    head = struct.pack("=H", FAMILY[family]) + struct.pack("!H", port)
    if family == 4:
        return head + packed + bytes(8)
    return head + bytes(4) + packed + bytes(4)


class Kind:
    """Packets of a kind: how they are sent from one end to the other."""

    def __init__(self, library, ground, family, way):
        self.library, self.family = library, family
        self.ends = LOOPBACK[family], LOOPBACK[family]
        namespaces = "near", "near"
        if way == "veth":
            namespaces = "near", "far"
            self.ends = tuple(ADDRESSES[name][family] for name in namespaces)
        self.stack = ExitStack()
        with ground.within(namespaces[1]):
            self.open_receiver()
        with ground.within(namespaces[0]):
            self.open_sender()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def socket(self, kind, protocol=0):
        """A socket in the current namespace, as long as the packets."""
        sock = socket.socket(FAMILY[self.family], kind, protocol)
        return self.stack.enter_context(sock)

    def least(self, of_round=None):
        """What one packet takes, by what a round says of all."""
        return min(self.rounds(of_round)) / NUMBER

    def median(self):
        """What one packet takes, where something disturbs some rounds."""
        return statistics.median(self.rounds()) / NUMBER

    def rounds(self, of_round=None):
        """What each round has taken, after the first ones."""
        of_round = of_round or self.round
        for _ in range(WARM_UP):
            of_round()
        return [of_round() for _ in range(ROUNDS)]

    def send(self):
        """Send all, and tell what that took."""
        taken = self.library.send_batch(self.sender.fileno(), self.messages,
                                        NUMBER)
        if not taken:
            raise RuntimeError(f"{type(self).__name__}, {self.ends}: "
                               "not all was sent")
        return taken


class Datagrams(Kind):
    """To a socket that anyone may send to, by one that sends to anyone."""

    def open_receiver(self):
        """The socket that they are for."""
        self.receiver = self.socket(socket.SOCK_DGRAM)
        self.receiver.bind((self.ends[1], PORT))

    def open_sender(self):
        """The socket that they are from."""
        self.sender = self.socket(socket.SOCK_DGRAM)
        self.sender.bind((self.ends[0], SOURCE_PORT))
        self.messages = messages(
            NUMBER, b"x", socket_address(self.family, self.ends[1], PORT))

    def round(self):
        """Send, and take away."""
        taken = self.send()
        if self.library.drain(self.receiver.fileno()) != NUMBER:
            raise RuntimeError("a datagram did not arrive")
        return taken


class ConnectedDatagrams(Datagrams):
    """Both sockets are connected to the other one."""

    def open_receiver(self):
        """The socket that they are for."""
        self.receiver = self.socket(socket.SOCK_DGRAM)
        self.receiver.bind((self.ends[1], PORT))
        self.receiver.connect((self.ends[0], SOURCE_PORT))

    def open_sender(self):
        """The socket that they are from."""
        self.sender = self.socket(socket.SOCK_DGRAM)
        self.sender.bind((self.ends[0], SOURCE_PORT))
        self.sender.connect((self.ends[1], PORT))
        self.messages = messages(NUMBER, b"x")


class Listening(Kind):
    """A listener, and one connection to it."""

    def open_receiver(self):
        """The listener: the one connection fills its queue."""
        self.listener = self.socket(socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("", PORT))
        self.listener.listen(0)

    def open_sender(self):
        """The connection."""
        self.sender = self.socket(socket.SOCK_STREAM)
        self.sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # No TIME_WAIT is left behind.
        self.sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                               struct.pack("ii", 1, 0))
        self.sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sender.bind((self.ends[0], CONNECTED_PORT))
        self.sender.connect((self.ends[1], PORT))


class Bytes(Listening):
    """A byte of a connection, which is taken at once, and so acknowledged."""

    def open_sender(self):
        """Both ends of the connection."""
        super().open_sender()
        self.receiver, _ = self.listener.accept()
        self.stack.enter_context(self.receiver)

    def round(self):
        """Send and receive."""
        taken = self.library.pass_bytes(self.sender.fileno(),
                                        self.receiver.fileno(), NUMBER)
        if not taken:
            raise RuntimeError("a byte did not arrive")
        return taken


class Segments(Kind):
    """Segments of TCP that no connection has sent."""

    ports, flags, numbers = (SOURCE_PORT, NO_PORT), RST, (1, 0)

    def open_receiver(self):
        """Nobody."""

    def open_sender(self):
        """A raw socket, which receives nothing."""
        self.sender = self.socket(socket.SOCK_RAW, socket.IPPROTO_RAW)
        if self.family == 6:
            self.sender.setsockopt(socket.IPPROTO_IPV6, IPV6_HDRINCL, 1)
        packet = segment(self.family, self.ends, self.ports, self.flags,
                         self.numbers)
        self.messages = messages(
            NUMBER, packet, socket_address(self.family, self.ends[1], 0))

    def round(self):
        """Send: nobody answers."""
        return self.send()


class Requests(Segments):
    """A SYN to a listener whose queue is full, which does not answer."""

    ports, flags = (SOURCE_PORT, PORT), SYN

    def open_receiver(self):
        """The listener."""
        Listening.open_receiver(self)

    def open_sender(self):
        """The connection that fills it, then the raw socket."""
        Listening.open_sender(self)
        super().open_sender()


class Acknowledgements(Requests):
    """An acknowledgement to a connection, of nothing new: it is not answered.

    Unlike a byte that is sent, it is one packet, in one direction.
    """

    ports, flags = (CONNECTED_PORT, PORT), ACK

    def open_sender(self):
        """The connection, then the raw socket, which sends in its name."""
        Listening.open_sender(self)
        self.numbers = next_numbers(self.sender)
        Segments.open_sender(self)


def next_numbers(sock):
    """The sequence numbers of the next bytes: to be sent, and expected."""
    tcp = socket.IPPROTO_TCP
    sock.setsockopt(tcp, TCP_REPAIR, ON)
    numbers = []
    for queue in (TO_SEND, RECEIVED):
        sock.setsockopt(tcp, TCP_REPAIR_QUEUE, queue)
        numbers.append(sock.getsockopt(tcp, TCP_QUEUE_SEQ) & 0xffffffff)
    sock.setsockopt(tcp, TCP_REPAIR, OFF_SILENTLY)
    return tuple(numbers)


def segment(family, ends, ports, flags, numbers):
    """A packet with nothing but a header of TCP."""
    ends = [socket.inet_pton(FAMILY[family], end) for end in ends]

    def tcp(checksum):
        return struct.pack("!HHIIBBHHH", *ports, *numbers, 5 << 4, flags, 1024,
                           checksum, 0)

    pseudo = b"".join(ends) + struct.pack("!II", len(tcp(0)),
                                          socket.IPPROTO_TCP)
    body = tcp(internet_checksum(pseudo + tcp(0)))
    if family == 6:
        return struct.pack("!IHBB", 6 << 28, len(body), socket.IPPROTO_TCP,
                           64) + b"".join(ends) + body
    # The kernel fills in the identification and the checksum.
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64,
                       socket.IPPROTO_TCP, 0) + b"".join(ends) + body


def internet_checksum(data):
    """The ones' complement of the ones' complement sum."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


KINDS = {"udp": Datagrams, "udp-connected": ConnectedDatagrams, "tcp": Bytes,
         "ack": Acknowledgements, "syn": Requests, "miss": Segments}
