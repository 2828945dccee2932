#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Measures what contenders cost, for packets of many kinds, and writes JSON.

The figures of a contender are by cell: kind, family, way, and whether early
demultiplexing is on. They are instructions for one packet, sent and received,
from one system call to the socket's queue; for a byte of a connection and its
acknowledgement, so for two, with a system call for either end. Over veth,
contenders are also put up in one of the two namespaces only, which tells what
is done for a packet where it is received from what is done where it is sent.
"""
import argparse
import contextlib
import json
import subprocess
import sys
from pathlib import Path

import contenders
import instructions
from ground import Ground
from traffic import KINDS

# What goes over loopback brings its route along, and the kernel looks for no
# socket before routing what has one.
WAYS = [("loopback", False), ("veth", False), ("veth", True)]
PLACES = {None: ("near", "far"), "receiver": ("far",), "sender": ("near",)}
TIMER = Path("/sys/module/nsmux_contenders/parameters/instructions")


class Meter:
    """Measures, and keeps the figures of each contender by cell."""

    def __init__(self, families):
        self.families = families
        self.library = instructions.ready()
        self.ground = Ground()
        self.figures = {}

    @contextlib.contextmanager
    def standing(self, contender, place=None):
        """The contender is up in the namespaces of the place."""
        for name in PLACES[place]:
            with self.ground.within(name):
                contender.put_up()
        try:
            yield
        finally:
            for name in PLACES[place]:
                with self.ground.within(name):
                    contender.take_down()

    def cells(self, ways=tuple(WAYS)):
        """All kinds of packets, each with its name, ready to be sent."""
        for way, demux in ways:
            self.ground.set_early_demux(demux)
            for name, kind in KINDS.items():
                for family in self.families:
                    with kind(self.library, self.ground, family,
                              way) as packets:
                        yield (f"{name} ipv{family} {way} early-demux-"
                               f"{'on' if demux else 'off'}"), packets

    def warm_up(self):
        """Send of everything, and forget what it took."""
        for _, packets in self.cells():
            packets.least()

    def measure(self, contender, place=None):
        """Take the figures of a contender, everywhere or in one place."""
        ways = [way for way in WAYS if not place or way[0] == "veth"]
        name = f"{contender.name} at the {place}" if place else contender.name
        with self.standing(contender, place):
            self.figures[name] = {cell: packets.least()
                                  for cell, packets in self.cells(ways)}

    def measure_lookups(self):
        """What the kernel's lookups for a received packet take."""
        def of_round(packets):
            TIMER.write_text("0", encoding="ascii")
            packets.round()
            return int(TIMER.read_text())

        with self.standing(contenders.TIMED):
            self.figures["lookups"] = {
                cell: packets.least(lambda: of_round(packets))
                for cell, packets in self.cells()}


def load():
    """Load the module of contenders, and what it needs."""
    for module in ("nf_socket_ipv4", "nf_socket_ipv6"):
        subprocess.run(["modprobe", module], check=True)
    subprocess.run(["insmod", "/nsmux/nsmux_contenders.ko"], check=True)


def main(families):
    """All of them; nsmux comes last, since nothing has to be without it."""
    load()
    meter = Meter(families)
    meter.warm_up()
    meter.measure(contenders.NOTHING)
    for contender in contenders.OTHERS:
        meter.measure(contender)
    meter.measure_lookups()
    subprocess.run(["insmod", "/nsmux/nsmux.ko"], check=True)
    meter.measure(contenders.OFF)
    for contender in contenders.MODES:
        meter.measure(contender)
    for contender in contenders.APART:
        for place in ("receiver", "sender"):
            meter.measure(contender, place)
    json.dump(meter.figures, sys.stdout)
    print()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", nargs="+", type=int, choices=(4, 6))
    main(parser.parse_args().families)
