#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Sends packets of some kinds past some contenders, to be looked at meanwhile.

This is process 1 of user-mode Linux. Prints lines of JSON: when packets of a
kind begin, and when and after how many they end; and where modules are.
"""
import argparse
import subprocess
import time
from pathlib import Path

import contenders
from ground import Ground
from packets import Meter
from process_one import module, run, tell
from traffic import KINDS, NUMBER

CONTENDERS = "nsmux_contenders"
OF_NSMUX = {contender.name for contender in (contenders.OFF,
                                             *contenders.MODES)}


def send(packets, name, seconds):
    """Packets for so long, with what has to be known of them."""
    packets.rounds()
    tell({"begin": name})
    sent, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        packets.round()
        sent += NUMBER
    tell({"end": name, "packets": sent})


def send_past(meter, options, names):
    """All kinds of packets past some contenders."""
    for name in names:
        contender = contenders.BY_NAME[name]
        for kind in options.kinds:
            with (meter.standing(contender, ("near", "far")),
                  KINDS[kind](meter.library, meter.ground, options.family,
                              options.way) as packets):
                send(packets, f"{kind} {name}", options.seconds)


def tell_place(name):
    """Where the code of a module is."""
    section = Path("/sys/module") / name / "sections/.text"
    tell({"module": name, "text": section.read_text(encoding="ascii").strip()})


def main(options):
    """Those that need nsmux come last."""
    subprocess.run(["insmod", options.folder / f"{CONTENDERS}.ko"], check=True)
    tell_place(CONTENDERS)
    meter = Meter(options.folder, Ground())
    meter.ground.set_early_demux(options.early_demux)
    send_past(meter, options, [name for name in options.contenders
                               if name not in OF_NSMUX])
    # It counts as on a processor of its own: see bench/uml_build.py.
    with module(options.folder / "inc/nsmux.ko"):
        tell_place("nsmux")
        send_past(meter, options, [name for name in options.contenders
                                   if name in OF_NSMUX])
    tell({"done": True})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("seconds", type=float)
    parser.add_argument("family", type=int)
    parser.add_argument("way")
    parser.add_argument("--early-demux", action="store_true")
    parser.add_argument("--kinds", nargs="+", choices=KINDS)
    parser.add_argument("--contenders", nargs="+", choices=contenders.BY_NAME)
    run(main, parser.parse_args())
