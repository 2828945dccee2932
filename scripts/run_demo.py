#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Builds module and tool, boots the guest and runs the demo in it."""

import argparse
import sys

from environment import provision
from environment.failure import Failure, report
from kernel_module import module
from machine import boot
from machine.session import Limits
from tool import crate

MOST = 2000
MODES = ("observe", "verify", "steer")

# Seconds for the boot and the report, and for each namespace, on the slowest machine.
SECONDS, SECONDS_EACH = 300, 2
SILENCE = 300


def main(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("namespaces", type=int, help=f"how many: 1 to {MOST}")
    parser.add_argument("mode", choices=MODES, help="what nsmux does in the namespaces")
    options = parser.parse_args(arguments)
    number = options.namespaces
    if not 1 <= number <= MOST:
        raise Failure(f"N={number} is out of range", f"Give N from 1 to {MOST}.")
    environment = provision.ready()
    module.build(environment)
    crate.build(environment)
    run = boot.Run(
        command=["/nsmux/demo/demo.py", "--mode", options.mode, str(number)],
        contents=boot.default_contents(),
        limits=Limits(SECONDS + number * SECONDS_EACH, SILENCE),
    )
    status = boot.boot(environment, run)
    return 1 if status is None else status


if __name__ == "__main__":
    sys.exit(report(lambda: main(sys.argv[1:])))
