#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Reuseport groups with a program, which chooses the member for a packet.

The program sees the packet, and may count or remember: it is the stack's to
run, once for each packet that asks the group. nsmux never runs it, and calls
the answer ambiguous.
"""

import contextlib
import itertools
import select
import socket

from lib import packet, program, status
from lib.delivery import receivers
from lib.group_program import attach_filter, counting_program
from lib.identity import socket_cookie
from lib.observed import FAMILY_VARIANTS, check_account, observed_tun
from lib.patience import stretched
from lib.reuseport_group import MEMBERS, group
from lib.tcp_peer import TcpPeer
from lib.topology import FAR, NEAR
from net.lib.py import KsftNamedVariant, ksft_eq, ksft_in, ksft_variants

PORT, PEER_PORT = 80, 40000
# Enough that a choice by hash does not agree by chance.
PACKETS = 8
MODES = ("off", "observe", "verify", "steer", "off")


class Datagrams:
    """Questions to the group, which its members answer."""

    kind = socket.SOCK_DGRAM

    def __init__(self, observed, family, members, _):
        self._tun, self._family, self._members = observed.tun, family, members

    def ask(self, port):
        """Ask from a port; returns the member that got the question."""
        far, near = FAR[self._family], NEAR[self._family]
        self._tun.send(packet.udp(far, port, near, PORT))
        member, = receivers(self._members, b"?")
        # This is looked up too, and there are several entries for it.
        member.sendto(b"!", (far, port))
        return member

    def check(self, lookups):
        """What was looked up for the last question, received."""
        ksft_eq([lookup.outcome for lookup in lookups], ["ambiguous"])


class Connections:
    """Connections to the group, which stay."""

    kind = socket.SOCK_STREAM

    def __init__(self, observed, family, members, stack):
        self._tun, self._family, self._members = observed.tun, family, members
        self._stack = stack
        self._last = None

    def ask(self, port):
        """Connect from a port; returns the member that accepts that."""
        peer = TcpPeer(self._tun, FAR[self._family], port, NEAR[self._family],
                       PORT)
        peer.connect()
        (member,), _, _ = select.select(self._members, [], [], stretched(20))
        self._last = self._stack.enter_context(member.accept()[0])
        return member

    def check(self, lookups):
        """What was looked up for the last connection, received."""
        ksft_eq([lookup.outcome for lookup in lookups],
                ["ambiguous", "request"])
        ksft_eq(lookups[-1].socket, socket_cookie(self._last))


VARIANTS = [KsftNamedVariant(f"{name}_{family.name}", kind, family.params[0])
            for name, kind in (("udp", Datagrams), ("tcp", Connections))
            for family in FAMILY_VARIANTS]


@contextlib.contextmanager
def asked_group(kind, family):
    """A namespace under observation, the members of a group in it, and what
    asks that."""
    with observed_tun() as observed, \
            group(observed.namespace, family, kind.kind, PORT) as members, \
            contextlib.ExitStack() as stack:
        yield observed, members, kind(observed, family, members, stack)


@ksft_variants(VARIANTS)
def test_filter(kind, family):
    """Whichever member a classic filter names gets the packets, each of
    which has an ambiguous lookup."""
    ports = itertools.count(PEER_PORT)
    with asked_group(kind, family) as (observed, members, questions):
        cookies = [socket_cookie(member) for member in members]
        for place in range(MEMBERS):
            attach_filter(members, place)
            for _ in range(PACKETS):
                port = next(ports)
                ksft_eq(members.index(questions.ask(port)), place)
                lookups = observed.trace.lookups(direction="receive",
                                                 sport=port)
                questions.check(lookups)
                ksft_in(lookups[0].socket, cookies)
        check_account(observed)


@ksft_variants(VARIANTS)
def test_program_runs_once(kind, family):
    """In every mode the program is run as often as without nsmux, and its
    choice is kept to."""
    ports = itertools.count(PEER_PORT)
    with asked_group(kind, family) as (observed, members, questions), \
            counting_program(members, 1) as runs:
        for mode in MODES:
            observed.namespace.set_mode(mode)
            before, ambiguous = runs(), count_ambiguous(observed)
            for _ in range(PACKETS):
                ksft_eq(members.index(questions.ask(next(ports))), 1, mode)
            ksft_eq(runs() - before, PACKETS, f"runs, mode {mode}")
            ksft_eq(count_ambiguous(observed) - ambiguous,
                    0 if mode == "off" else PACKETS, f"mode {mode}")


def count_ambiguous(observed):
    """How many received packets were for one of a group, by nsmux."""
    counts = status.read(observed.namespace).counts
    return sum(counts["receive", protocol, "ambiguous"]
               for protocol in ("tcp", "udp", "tcp6", "udp6"))


if __name__ == "__main__":
    program.run(globals())
