#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs the kernel's own selftests without nsmux and with it, and tells what passes only without."""

import argparse
import functools
import sys

from environment import upstream_tests
from environment.failure import Failure, report
from kernel_module import module
from upstream import comparison, guest, record, result, tests


def main(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="*",
                        help="a test, or a collection such as net/mptcp (default: all)")
    parser.add_argument("--modes", default=",".join(result.MODES),
                        help="none (without the module), verify, steer (default: all)")
    parser.add_argument("--record", action="store_true",
                        help="write the table of all results so far into the documentation")
    options = parser.parse_args(arguments)
    modes = options.modes.split(",")
    unknown = [mode for mode in modes if mode not in result.MODES]
    if unknown:
        raise Failure(f"there is no mode {unknown[0]}", f"There are: {', '.join(result.MODES)}")
    chosen = tests.select(options.name)
    environment = upstream_tests.ready()
    module.build(environment.stock)
    release = environment.image.release
    for mode in modes:
        keep = functools.partial(record.keep, release, mode)
        made = guest.run(environment, mode, chosen, keep)
        record.keep_end(release, mode, made)
    kept = record.read(release)
    if options.record:
        record.write_table(kept)
    return comparison.tell(kept, [test.name for test in chosen], modes)


if __name__ == "__main__":
    sys.exit(report(lambda: main(sys.argv[1:])))
