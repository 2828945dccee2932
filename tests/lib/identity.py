# SPDX-License-Identifier: GPL-2.0
"""Who a socket is, by the kernel's own word.

These cookies are what the tests trust: nsmux reports the cookie of the
socket that it found, and the socket that really got the packet is asked.
"""

import socket
import struct

# Of asm-generic/socket.h; Python has no names for them.
SO_COOKIE = 57
SO_NETNS_COOKIE = 71


def _cookie(sock, option):
    if sock.family == socket.AF_VSOCK:
        # Python takes all options of these for numbers of 64 bits.
        return sock.getsockopt(socket.SOL_SOCKET, option)
    data = sock.getsockopt(socket.SOL_SOCKET, option, 8)
    return struct.unpack("=Q", data)[0]


def socket_cookie(sock):
    """The cookie of a socket; a child keeps that of its request."""
    return _cookie(sock, SO_COOKIE)


def namespace_cookie(sock):
    """The cookie of the network namespace that a socket belongs to."""
    return _cookie(sock, SO_NETNS_COOKIE)
