# SPDX-License-Identifier: GPL-2.0
"""What a lookup costs here: the same datagrams with and without nsmux.

Datagrams go over the loopback device of a server's namespace, many with one
system call, so that Python's time is no part of the figure. Each is looked up
twice: where it is sent, by its socket, and where it is received, by its
device. Bursts in mode off and in mode observe take turns; the figure is half
of the difference between the two of a pair, and the median of all pairs.
It is all that observing adds to a packet: the netfilter hook, both levels of
the lookup, and the counting.
"""
import ctypes
import socket
import statistics
import time
from dataclasses import dataclass

import plan
from counters import Counters, NSMUX, packets
from namespaces import write_sysctl

MODE = "nsmux/mode"
BURST = 500
PAIRS = 40
SINK_PORT = 9           # the discard service


class IoVector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_char_p), ("length", ctypes.c_size_t)]


class MessageHeader(ctypes.Structure):
    """struct mmsghdr: a struct msghdr, and what was sent of it."""

    _fields_ = [("name", ctypes.c_void_p), ("name_length", ctypes.c_uint32),
                ("vector", ctypes.POINTER(IoVector)),
                ("vectors", ctypes.c_size_t),
                ("control", ctypes.c_void_p),
                ("control_length", ctypes.c_size_t),
                ("flags", ctypes.c_int), ("sent", ctypes.c_uint)]


@dataclass(frozen=True)
class Cost:
    """Nanoseconds: of one lookup (with quartiles), and of one datagram."""

    lookup: float
    low: float
    high: float
    off: float
    observe: float


def burst_of(sock):
    """A function that sends BURST datagrams on a connected socket."""
    libc = ctypes.CDLL(None, use_errno=True)
    vector = IoVector(b"x", 1)
    messages = (MessageHeader * BURST)()
    for message in messages:
        message.vector = ctypes.pointer(vector)
        message.vectors = 1

    def burst():
        begin = time.perf_counter_ns()
        sent = libc.sendmmsg(sock.fileno(), messages, BURST, 0)
        end = time.perf_counter_ns()
        if sent != BURST:
            raise OSError(ctypes.get_errno(),
                          f"sendmmsg sent {sent} of {BURST} datagrams")
        return (end - begin) / BURST
    return burst


def measure():
    """The cost in the namespace that the process is in."""
    with (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink,
          socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source):
        # Nobody reads: all but the first few datagrams end at a full socket,
        # which costs the same in both modes.
        sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 0)
        sink.bind((plan.INNER4, SINK_PORT))
        source.connect((plan.INNER4, SINK_PORT))
        burst = burst_of(source)
        before = lookups()
        times = {"off": [], "observe": []}
        for pair in range(-2, PAIRS):
            for mode in ("off", "observe") if pair % 2 else ("observe", "off"):
                write_sysctl(MODE, mode)
                spent = burst()
                # The first pairs only warm up.
                if pair >= 0:
                    times[mode].append(spent)
        write_sysctl(MODE, "observe")
        counted = lookups() - before
    expected = 2 * BURST * (PAIRS + 2)
    if counted != expected:
        raise ValueError(f"{expected} lookups were timed, but nsmux counted "
                         f"{counted}")
    differences = [(observe - off) / 2 for off, observe
                   in zip(times["off"], times["observe"])]
    low, middle, high = statistics.quantiles(differences, n=4)
    return Cost(middle, low, high, statistics.median(times["off"]),
                statistics.median(times["observe"]))


def lookups():
    values = Counters(NSMUX.read_text()).values
    return packets(values, "receive") + packets(values, "transmit")
