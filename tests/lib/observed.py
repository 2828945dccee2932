# SPDX-License-Identifier: GPL-2.0
"""Namespaces in mode observe, with their lookups captured."""

import contextlib
from collections import Counter
from typing import NamedTuple

from net.lib.py import KsftNamedVariant, ksft_eq
from . import lookup_trace, status
from .identity import socket_cookie
from .lifetime import wait_until
from .lookup_trace import LookupTrace
from .packet import ACK, PSH
from .tcp_peer import is_acknowledged
from .topology import FAMILIES, Namespace
from .tun_device import TunDevice, tun

# The row that counts a family's packets, for ksft_variants.
FAMILY_VARIANTS = [KsftNamedVariant(name, family)
                   for name, family in zip(("ipv4", "ipv6"), FAMILIES)]


ROW_OF_TCP = dict(zip(FAMILIES, ("tcp", "tcp6")))
ROW_OF_UDP = dict(zip(FAMILIES, ("udp", "udp6")))


class Observed(NamedTuple):
    """A namespace under observation, and the far end of its only link."""

    namespace: Namespace
    tun: TunDevice
    trace: LookupTrace | None


@contextlib.contextmanager
def observed_tun(**options):
    """A namespace with a tun device, in mode observe from here on."""
    with untraced_tun(**options) as observed, \
            lookup_trace.capture(observed.namespace) as trace:
        yield observed._replace(trace=trace)


@contextlib.contextmanager
def untraced_tun(**options):
    """The same while nobody traces, for whom packets take a longer way."""
    with Namespace() as namespace, tun(namespace, **options) as device:
        namespace.set_mode("observe")
        yield Observed(namespace, device, None)


@contextlib.contextmanager
def observed_alike(count=3):
    """So many of them, which look the same from outside."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(observed_tun()) for _ in range(count)]


def check_lookup(lookup, direction, outcome, socket, by=None):
    """One lookup: on which side, what it gave, and which socket (cookie)."""
    if by is None:
        by = "device" if direction == "receive" else "socket"
    ksft_eq((lookup.direction, lookup.by, lookup.outcome, lookup.socket),
            (direction, by, outcome, socket), str(lookup))


def check_exchange(observed, peer, sock):
    """Data goes both ways over a connection with a peer, and every lookup
    meanwhile finds the socket of it."""
    observed.trace.clear()
    peer.send_data(b"?")
    ksft_eq(sock.recv(10), b"?")
    sock.send(b"!")
    peer.receive(PSH)
    peer.send(ACK)
    # Or it would be sent again, in the turn of another connection.
    wait_until(lambda: is_acknowledged(sock), "it is acknowledged")
    lookups = observed.trace.lookups()
    ksft_eq({lookup.direction for lookup in lookups}, {"receive", "transmit"})
    for lookup in lookups:
        check_lookup(lookup, lookup.direction, "established",
                     socket_cookie(sock))


def check_account(observed):
    """The counters tell the same story as the lookups captured.

    The namespace must have been observed from its beginning, and its
    capture never been cleared.
    """
    now = status.read(observed.namespace)
    status.check_sums(now)
    lookups = Counter((lookup.direction, lookup.protocol, lookup.outcome)
                      for lookup in observed.trace.lookups(
                          namespace=observed.namespace.cookie))
    counts = {key: count for key, count in now.counts.items()
              if len(key) == 3 and key[2] != "packets" and count}
    ksft_eq(dict(lookups), counts, "lookups traced and counted")
    for direction in status.DIRECTIONS:
        ksft_eq(now.counts[direction, "disagree"], 0)
