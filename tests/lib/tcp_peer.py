# SPDX-License-Identifier: GPL-2.0
"""The far end of a TCP connection, played by the test through a tun device.

Nothing is sent that the test does not send, so a connection stays in any
state for as long as the test looks at it.
"""

import fcntl
import struct
import termios

from . import packet
from .packet import ACK, FIN, PSH, SYN


def is_acknowledged(sock):
    """Whether nothing that a socket of the near end has sent is still to be
    acknowledged; what is, is sent again after a while."""
    left, = struct.unpack("=i", fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4)))
    return left == 0


class TcpPeer:
    """One connection, opened by the peer (connect) or to it (accept)."""

    def __init__(self, tun, address, port, near, near_port):
        self.tun = tun
        self.ends = (address, port, near, near_port)
        self.sequence = 1000
        self.expected = 0

    def send(self, flags, payload=b"", **fields):
        """Send one segment, which is not sent again, with these fields in its
        header."""
        self.tun.send(packet.tcp(*self.ends, flags, sequence=self.sequence,
                                 acknowledgement=self.expected,
                                 payload=payload, **fields))
        self.sequence += len(payload) + bool(flags & (SYN | FIN))

    def receive(self, flags):
        """Wait for a segment of this connection with (at least) the flags."""
        def matches(data):
            segment = packet.parse_tcp(data)
            if (segment and segment.flags & flags == flags
                    and (segment.dport, segment.sport)
                    == (self.ends[1], self.ends[3])):
                return segment
            return None

        segment = self.tun.receive(matches)
        self.expected = segment.sequence + len(segment.payload) + bool(
            segment.flags & (SYN | FIN))
        return segment

    def half_open(self):
        """Ask for a connection; the near end is left in SYN_RECV."""
        self.send(SYN)
        self.receive(SYN | ACK)

    def connect(self):
        """The whole handshake."""
        self.half_open()
        self.send(ACK)

    def accept(self):
        """Take the connection for which the near end sends its SYN."""
        self.receive(SYN)
        self.send(SYN | ACK)
        self.receive(ACK)

    def send_data(self, payload):
        """Send data, and wait until it is acknowledged."""
        self.send(PSH | ACK, payload)
        self.receive(ACK)

    def close_after_near_end(self):
        """Answer the near end's FIN; it is left in TIME_WAIT."""
        self.receive(FIN)
        self.send(ACK)
        self.send(FIN | ACK)
        self.receive(ACK)
