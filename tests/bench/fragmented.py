#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tells which tables can be had, the less of memory is in one piece.

Prints a line of JSON for each distance of pages that are in use; a distance
of 0 is memory as it is.
"""

import argparse
import json
import os
import subprocess
from pathlib import Path

DEVICE = Path("/dev/nsmux_bench")


def main(options):
    """Ask for each."""
    subprocess.run(["insmod", options.module], check=True)
    pages = os.sysconf("SC_PHYS_PAGES")
    for distance in options.distances:
        with open(DEVICE, "r+b", buffering=0) as device:
            device.write(f"fragmented {distance} {pages}".encode())
            found = json.loads(device.read(1 << 16))
        print(json.dumps({"distance": distance, "release": os.uname().release,
                          "pages": pages, **found}), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module", type=Path)
    parser.add_argument("distances", type=int, nargs="+")
    main(parser.parse_args())
