# SPDX-License-Identifier: GPL-2.0
"""All that a packet does to a namespace, seen without nsmux.

The same packets are sent into two namespaces that differ in nothing but
nsmux's mode; whatever the kernel then counts, delivers and answers has to
be the same in both.
"""

import contextlib
import os
import socket
from typing import NamedTuple

from . import lookup_trace, snmp, status
from .observed import Observed
from .topology import FAMILIES, FAR, NEAR, Namespace
from .tun_device import tun

UDP_PORT, TCP_PORT, PEER_PORT = 53, 80, 40000

# Counters of what is received. Those of what is sent depend on timers, and
# answers are looked at one by one.
RECEIVED = ("In", "NoPorts", "Reasm", "Csum")


class Effect(NamedTuple):
    """What one packet did."""

    counters: dict
    delivered: list
    answers: list


class Target:
    """A namespace with a UDP socket and a TCP listener of each family."""

    def __init__(self, observed, stack):
        self.observed = observed
        self.namespace, self.tun, self.trace = observed
        self.sockets = []
        for family in FAMILIES:
            sock = self.namespace.udp(NEAR[family], UDP_PORT, family)
            sock.setblocking(False)
            self.sockets.append(stack.enter_context(sock))
            stack.enter_context(self.namespace.listener(
                NEAR[family], TCP_PORT, family))
        # No error may be left out because there were many of them.
        self.namespace.sysctl("net/ipv4/icmp_ratelimit", 0)
        self.namespace.sysctl("net/ipv6/icmp/ratelimit", 0)

    def effect(self, *packets):
        """Send the packets, which together are one case."""
        before = snmp.read(self.namespace)
        self.tun.send(*packets)
        changed = snmp.changes(before, snmp.read(self.namespace))
        counters = {name: count for name, count in changed.items()
                    if name.partition(".")[2].startswith(RECEIVED)}
        return Effect(counters, self._delivered(), self._answers())

    def _delivered(self):
        """The payloads that the UDP sockets have."""
        payloads = []
        for sock in self.sockets:
            with contextlib.suppress(BlockingIOError):
                while True:
                    payloads.append(sock.recv(65536))
        return payloads

    def _answers(self):
        """The kernel's answers to the far end: TCP, and ICMP errors."""
        answers = []
        for data in self.tun.drain():
            if data[0] >> 4 == 4:
                protocol, start = data[9], (data[0] & 15) * 4
            else:
                protocol, start = data[6], 40
            if protocol == socket.IPPROTO_TCP:
                answers.append(("tcp", data[start + 13]))
            elif protocol in (socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6):
                answers.append(("icmp", tuple(data[start:start + 2])))
        return answers


@contextlib.contextmanager
def target(mode):
    """A target whose namespace is in that mode."""
    with contextlib.ExitStack() as stack:
        namespace = stack.enter_context(Namespace())
        device = stack.enter_context(tun(namespace))
        trace = stack.enter_context(lookup_trace.capture(namespace))
        namespace.set_mode(mode)
        yield Target(Observed(namespace, device, trace), stack)


@contextlib.contextmanager
def targets():
    """One target that nsmux does not see, and one that it observes."""
    with target("off") as unseen, target("observe") as seen:
        yield unseen, seen


def received(observed, before):
    """What nsmux counted on the receive side since then, but not how.

    A lookup is (protocol, outcome); a packet without one is its column.
    """
    changed = status.read(observed.namespace) - before
    counted = []
    for (direction, *key), count in changed.items():
        if direction == "receive" and key[-1] not in status.HOW + ("packets",):
            counted += [tuple(key) if key[1:] else key[0]] * count
    return counted


def ends(family):
    """The addresses that packets for a target have."""
    return FAR[family], NEAR[family]


def seed():
    """For what is random: NSMUX_SEED, or a new one."""
    return int(os.environ.get("NSMUX_SEED",
                              int.from_bytes(os.urandom(4), "big")))
