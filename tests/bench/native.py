#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Takes the time of packets over loopback, with nsmux and without, in turns.

This is process 1 of user-mode Linux. A turn has every contender once, each with
all kinds of packets; a figure is the median of some batches, in nanoseconds for
one datagram, for one byte of a connection with its part of an acknowledgement,
or for one system call. The first turns do not count. Prints a line of JSON for
each turn, and a last one without figures.
"""
import argparse
import ctypes
import os
import socket
import statistics
import struct
import subprocess
import sys
from pathlib import Path

from process_one import module, received, run, tell, ticks_in_a_nanosecond

MODE = Path("/proc/sys/net/nsmux/mode")
ATTACH = Path("/sys/module/nsmux_contenders/parameters/attach")
MODES = ("observe", "verify", "steer")
CONTENDERS = {"empty-both": "empty-hooks", "fast": "c-as-observe"}

LOOPBACK = {4: (socket.AF_INET, "127.0.0.1"), 6: (socket.AF_INET6, "::1")}
# Ports are given: others would be in other chains.
PORT, SOURCE_PORT = 4000, 4001
# A machine that is busy may have the kernel deliver a packet later; one that
# has not arrived after so many seconds never will.
PATIENCE = struct.pack("ll", 5, 0)

WARM_UP, BATCHES = 4, 24
WARM_UP_TURNS = 2


def library(path):
    """native.so, whose functions write down how long each batch took."""
    loaded = ctypes.CDLL(str(path))
    loaded.counter.restype = ctypes.c_ulong
    return loaded


def datagram_ends(family, port, source_port):
    """Two sockets, of which none is connected, and the address of the second,
    as the kernel has it."""
    kind, address = LOOPBACK[family]
    ends = [socket.socket(kind, socket.SOCK_DGRAM) for _ in range(2)]
    for end, own in zip(ends, (source_port, port)):
        end.bind((address, own))
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, PATIENCE)
    packed = socket.inet_pton(kind, address)
    return ends, (kind.to_bytes(2, sys.byteorder) + port.to_bytes(2, "big")
                  + (packed + bytes(8) if family == 4
                     else bytes(4) + packed + bytes(4)))


class Meter:
    """Takes times, and keeps the sockets that packets go between."""

    def __init__(self, loaded):
        self.loaded = loaded
        self.at_once = loaded.at_once()
        self.ticks = (ctypes.c_ulong * (WARM_UP + BATCHES))()
        self.kinds = {"call": (loaded.calls,)}
        for family in LOOPBACK:
            self.kinds[f"udp ipv{family}"] = self.datagrams(family)
            self.kinds[f"tcp ipv{family}"] = self.connection(family)
        self.frequency = ticks_in_a_nanosecond(loaded.counter)

    def datagrams(self, family):
        """From one socket to the other."""
        ends, name = datagram_ends(family, PORT, SOURCE_PORT)
        return self.loaded.datagrams, ends, name, len(name)

    def connection(self, family):
        """The two ends of a connection."""
        kind, address = LOOPBACK[family]
        with socket.create_server((address, PORT), family=kind) as listener:
            sender = socket.create_connection((address, PORT))
            receiver, _ = listener.accept()
        sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, PATIENCE)
        return self.loaded.bytes, [sender, receiver]

    def figure(self, kind):
        """Nanoseconds that one of a kind takes."""
        function, *arguments = self.kinds[kind]
        numbers = []
        for argument in arguments:
            numbers += ([end.fileno() for end in argument]
                        if isinstance(argument, list) else [argument])
        if function(*numbers, WARM_UP + BATCHES, self.ticks) != 0:
            raise RuntimeError(f"{kind}: something did not arrive")
        ticks = statistics.median(self.ticks[WARM_UP:])
        return round(ticks / self.at_once / self.frequency, 2)

    def figures(self):
        """All of them."""
        return {kind: self.figure(kind) for kind in self.kinds}


def in_mode(meter, mode):
    """The figures of a mode, in which nsmux has seen all that was sent."""
    MODE.write_text(mode, encoding="ascii")
    before = received()
    figures = meter.figures()
    for protocol, packets in received().items():
        if packets - before[protocol] < len(meter.ticks) * meter.at_once:
            raise RuntimeError(f"{mode}: nsmux has not seen all of {protocol}")
    return figures


def turn(meter, folder):
    """Every contender once: name -> figures."""
    found = {"not-loaded": meter.figures()}
    for name, key in CONTENDERS.items():
        ATTACH.write_text(name, encoding="ascii")
        found[key] = meter.figures()
        ATTACH.write_text("none", encoding="ascii")
    with module(folder / "nsmux.ko"):
        found["off"] = meter.figures()
        for mode in MODES:
            found[mode] = in_mode(meter, mode)
    with module(folder / "inc" / "nsmux.ko"):
        for mode in MODES:
            found[f"{mode}-inc"] = in_mode(meter, mode)
    found["not-loaded-again"] = meter.figures()
    return found


def main(options):
    """All turns."""
    meter = Meter(library(options.folder / "native.so"))
    subprocess.run(["insmod", options.folder / "nsmux_contenders.ko"],
                   check=True)
    for number in range(-WARM_UP_TURNS, options.turns):
        figures = turn(meter, options.folder)
        if number >= 0:
            tell({"turn": number, "figures": figures})
    tell({"kernel": os.uname().release, "batches": BATCHES,
          "packets": BATCHES * meter.at_once})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("turns", type=int)
    run(main, parser.parse_args())
