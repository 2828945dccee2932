# SPDX-License-Identifier: GPL-2.0
"""Which of some sockets the kernel really gave a packet to."""

import select

from net.lib.py import ksft_eq
from .identity import socket_cookie
from .observed import check_lookup
from .patience import stretched


def receivers(sockets, payload, deadline=20):
    """The sockets that have the payload; waits for the first of them."""
    ready = select.select(sockets, [], [], stretched(deadline))[0]
    return [sock for sock in ready if sock.recv(65536) == payload]


def check_delivery(observed, send, sockets, payload, protocol, outcome):
    """Let send() send one packet, and ask both the kernel and nsmux.

    nsmux must have found the socket that got the packet, and as what.
    Returns that socket.
    """
    observed.trace.clear()
    send()
    got = receivers(sockets, payload)
    ksft_eq(len(got), 1, "one socket gets the packet")
    lookups = observed.trace.wait(direction="receive")
    ksft_eq(len(lookups), 1, "one lookup for one packet")
    ksft_eq(lookups[0].protocol, protocol)
    check_lookup(lookups[0], "receive", outcome, socket_cookie(got[0]))
    return got[0]
