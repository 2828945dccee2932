# SPDX-License-Identifier: GPL-2.0
"""Which packet a person asks about, and what may be in its way."""

import argparse

from bench.figures import FAMILIES, NOTHING
from bench.table import ROWS

# As programs of tests/bench are told.
WAYS = {"loopback": ["loopback"], "veth": ["veth"], "veth-demux": ["veth", "--early-demux"]}
CONTENDERS = [NOTHING, *ROWS]


def parser(description):
    """Options for all that is no kind of packet and no contender."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--family", type=int, choices=FAMILIES, default=4)
    options.add_argument("--way", choices=WAYS, default="veth")
    return options


def packet(kind, options):
    """What it is called."""
    return f"{kind} IPv{options.family} {options.way}"
