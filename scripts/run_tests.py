#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs the tests: those of what compiles here, all others with module and tool in guests."""

import argparse
import sys

from environment import provision
from environment.failure import report
from kernel_module import module
from selftests import on_host
from selftests.run import conclude
from selftests.side_by_side import run_side_by_side
from tool import crate


def main(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="*", help="a test, with or without suffix (default: all)")
    options = parser.parse_args(arguments)
    environment = provision.ready()
    here, in_guest = on_host.select(options.name)
    results = on_host.run(environment, here, asked=bool(options.name))
    if in_guest or not options.name:
        built = module.build(environment)
        crate.build(environment)
        results = run_side_by_side(environment, in_guest, built, counter=results)
    return conclude(results)


if __name__ == "__main__":
    sys.exit(report(lambda: main(sys.argv[1:])))
