#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Sends packets of one kind for ever, one with each system call, to be traced.

First come the names and addresses of the kernel's functions, then READY.
"""
import argparse
import subprocess

import contenders
import traffic
from quick import Meter, load

READY = "READY"


def main(options):
    """Until the guest is ended."""
    traffic.NUMBER = 1
    load()
    subprocess.run(["insmod", "/nsmux/nsmux.ko"], check=True)
    meter = Meter([options.family])
    ground = meter.ground
    ground.set_early_demux(options.early_demux)
    contender = contenders.BY_NAME[options.contender]
    with meter.standing(contender), traffic.KINDS[options.kind](
            meter.library, ground, options.family, options.way) as packets:
        for _ in range(1000):
            packets.round()
        with open("/proc/kallsyms", encoding="ascii") as symbols:
            print(symbols.read())
        print(READY, flush=True)
        while True:
            packets.round()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=traffic.KINDS)
    parser.add_argument("family", type=int, choices=(4, 6))
    parser.add_argument("way", choices=("loopback", "veth"))
    parser.add_argument("contender", choices=contenders.BY_NAME)
    parser.add_argument("--early-demux", action="store_true")
    main(parser.parse_args())
