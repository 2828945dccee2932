# SPDX-License-Identifier: GPL-2.0
"""What observe costs here: the same datagrams with nsmux and without.

Two namespaces take turns: in one of them the mode is off, in the other one it
is observe; halfway they change places. In each, datagrams go over the loopback
device, several with one system call, so that Python's time is no part of the
figure. A datagram is seen twice: where it is sent, with its socket at hand, and
where it is received and looked up. The difference is all that observe adds to
it: two netfilter hooks, the lookup, and the counting.

Whatever else the machine does disturbs a turn far more than observe costs.
Turns are short, so that it mostly disturbs both of a pair, and the figure is
the median of many pairs, with its 95 % confidence interval.
"""
import ctypes
import math
import os
import socket
import statistics
import time
from contextlib import ExitStack
from dataclasses import dataclass

from counters import DIRECTIONS, NSMUX, Counters
from namespaces import enter, home
from sendmmsg import messages

MODE = "/proc/sys/net/nsmux/mode"
BURST = 20              # datagrams of one turn
PAIRS = 500             # of turns, before and again after changing places
ADDRESS = ("127.0.0.1", 9)


@dataclass(frozen=True)
class Cost:
    """Nanoseconds a datagram: what observe adds (with its interval), and all."""

    added: float
    low: float
    high: float
    off: float
    observe: float


class Sender:
    """Sends datagrams to itself in the namespace that it is made in."""

    def __init__(self, stack):
        self.mode = os.open(MODE, os.O_WRONLY)
        stack.callback(os.close, self.mode)
        self.counters = os.open(NSMUX, os.O_RDONLY)
        stack.callback(os.close, self.counters)
        # Nobody reads: all but the first few datagrams end at a full socket,
        # which costs the same in both modes.
        sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        stack.enter_context(sink)
        sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 0)
        sink.bind(ADDRESS)
        self.source = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        stack.enter_context(self.source)
        self.source.connect(ADDRESS)
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.messages = messages(BURST, b"x")

    def set_mode(self, mode):
        os.pwrite(self.mode, mode.encode(), 0)

    def seen(self):
        text = os.pread(self.counters, 65536, 0).decode()
        values = Counters(text).values
        return sum(values[direction, "udp", "packets"]
                   for direction in DIRECTIONS)

    def burst(self):
        """Nanoseconds for each of the datagrams."""
        begin = time.perf_counter_ns()
        sent = self.libc.sendmmsg(self.source.fileno(), self.messages,
                                  BURST, 0)
        end = time.perf_counter_ns()
        if sent != BURST:
            raise OSError(ctypes.get_errno(),
                          f"sendmmsg sent {sent} of {BURST} datagrams")
        return (end - begin) / BURST


def measure(one, other):
    """The cost, by taking turns in two namespaces."""
    times = {"off": [], "observe": []}
    with home(), ExitStack() as stack:
        senders = []
        for fd in (one, other):
            enter(fd)
            senders.append(Sender(stack))
        for modes in (("off", "observe"), ("observe", "off")):
            take_turns(dict(zip(modes, senders)), times)
    differences = sorted(observe - off for off, observe
                         in zip(times["off"], times["observe"]))
    # By the ranks of a sorted sample, without a guess about its distribution.
    reach = math.ceil(1.96 * math.sqrt(len(differences)) / 2)
    middle = len(differences) // 2
    return Cost(statistics.median(differences),
                differences[middle - reach], differences[middle + reach],
                statistics.median(times["off"]),
                statistics.median(times["observe"]))


def take_turns(senders, times):
    for mode, sender in senders.items():
        sender.set_mode(mode)
        # The first time, code and data are not where they will be.
        sender.burst()
    before = {mode: sender.seen() for mode, sender in senders.items()}
    for pair in range(PAIRS):
        for mode in sorted(senders, reverse=pair % 2):
            times[mode].append(senders[mode].burst())
    for mode, expected in (("off", 0), ("observe", 2 * BURST * PAIRS)):
        counted = senders[mode].seen() - before[mode]
        if counted != expected:
            raise ValueError(f"{expected} packets were timed in mode {mode}, "
                             f"but nsmux counted {counted}")
