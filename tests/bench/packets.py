#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Takes the time of the packets whose instructions quick.py counts, in turns.

This is process 1 of user-mode Linux. A turn has every contender once, in both
namespaces, each with packets of all kinds; a figure is the median of some
rounds, in nanoseconds for one packet, from one system call to the socket's
queue. The first turn does not count. Prints a line of JSON for each turn, and a
last one without figures.
"""
import argparse
import contextlib
import ctypes
import os
import subprocess
from pathlib import Path

import contenders
from ground import Ground
from process_one import module, received, run, tell, ticks_in_a_nanosecond
from traffic import KINDS, NUMBER, ROUNDS, WARM_UP

FAMILIES = (4, 6)
# Bytes of a connection take two system calls each, and these all the time there
# is here: see native.py for some that do not.
ONE_WAY = {name: kind for name, kind in KINDS.items() if name != "tcp"}
# As quick.py has them.
WAYS = [("loopback", False), ("veth", False), ("veth", True)]
WARM_UP_TURNS = 1
JIT = Path("/proc/sys/net/core/bpf_jit_enable")


def library(folder):
    """counted.so, which reads the time stamp counter."""
    loaded = ctypes.CDLL(str(folder / "counted.so"), use_errno=True)
    loaded.loop.argtypes = [ctypes.c_uint64]
    for function in (loaded.loop, loaded.send_batch, loaded.pass_bytes,
                     loaded.counter):
        function.restype = ctypes.c_uint64
    return loaded


class Meter:
    """Takes times, in two namespaces."""

    def __init__(self, folder, ground):
        self.library = library(folder)
        self.frequency = ticks_in_a_nanosecond(self.library.counter)
        self.ground = ground

    def cells(self, ways, kinds):
        """Kinds of packets, each with its name, ready to be sent."""
        for way, demux in ways:
            self.ground.set_early_demux(demux)
            for name, kind in kinds.items():
                for family in FAMILIES:
                    with kind(self.library, self.ground, family,
                              way) as packets:
                        yield (f"{name} ipv{family} {way} early-demux-"
                               f"{'on' if demux else 'off'}"), packets

    @contextlib.contextmanager
    def standing(self, contender, places):
        """The contender is up in some namespaces."""
        for name in places:
            with self.ground.within(name):
                contender.put_up()
        try:
            yield
        finally:
            for name in places:
                with self.ground.within(name):
                    contender.take_down()

    def figures(self, contender, ways=tuple(WAYS), kinds=None,
                places=("near", "far")):
        """Those of a contender, by cell."""
        with self.standing(contender, places):
            cells = self.cells(ways, kinds or ONE_WAY)
            return {cell: round(packets.median() / self.frequency, 2)
                    for cell, packets in cells}

    def received_by(self, *those):
        """Those of contenders where packets are received only, and are not
        answered: name -> cell -> figure."""
        return {f"{contender.name} at the receiver": self.figures(
            contender, [("veth", False)], places=["far"])
            for contender in those}

    def in_mode(self, mode):
        """Those of a mode, in which nsmux has seen all that was sent."""
        before = self.received()
        figures = self.figures(mode)
        missing = (len(figures) * NUMBER * (WARM_UP + ROUNDS)
                   - (self.received() - before))
        if missing > 0:
            raise RuntimeError(f"{mode.name}: nsmux has not seen {missing}")
        return figures

    def received(self):
        """How many packets nsmux has counted, in both namespaces."""
        total = 0
        for name in self.ground.descriptors:
            with self.ground.within(name):
                total += sum(received().values())
        return total


def turn(meter, folder):
    """Every contender once: name -> figures."""
    found = {contender.name: meter.figures(contender)
             for contender in [contenders.NOTHING, *contenders.OTHERS]}
    found |= meter.received_by(*(contenders.BY_NAME[name] for name in (
        "direct", "slow", "fast", "tc")))
    with module(folder / "nsmux.ko"):
        found["off"] = meter.figures(contenders.OFF)
        for mode in contenders.MODES:
            found[mode.name] = meter.in_mode(mode)
        found |= meter.received_by(contenders.OBSERVE)
    found["again"] = meter.figures(contenders.NOTHING)
    return found


def programs_are_compiled():
    """Whether BPF's are, and not interpreted."""
    return JIT.exists() and JIT.read_text(encoding="ascii").strip() != "0"


def main(options):
    """All turns."""
    subprocess.run(["insmod", options.folder / "nsmux_contenders.ko"],
                   check=True)
    meter = Meter(options.folder, Ground())
    for number in range(-WARM_UP_TURNS, options.turns):
        figures = turn(meter, options.folder)
        if number >= 0:
            tell({"turn": number, "figures": figures})
    tell({"kernel": os.uname().release, "rounds": ROUNDS, "packets": NUMBER,
          "compiled": programs_are_compiled()})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("turns", type=int)
    run(main, parser.parse_args())
