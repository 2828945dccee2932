#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Builds the module, boots the guest and runs the tests in it."""

import argparse
import sys

from environment import provision
from environment.failure import report
from kernel_module import module
from selftests.run import run_tests


def main(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", nargs="*", help="a test, with or without suffix (default: all)")
    options = parser.parse_args(arguments)
    environment = provision.ready()
    built = module.build(environment)
    results = run_tests(environment, options.name, built)
    sys.stdout.flush()
    if results.failures:
        print("\nFailed:", *results.failures, sep="\n    ")
    print(f"\n{results.summary()}")
    return 0 if results.passed and not results.failed else 1


if __name__ == "__main__":
    sys.exit(report(lambda: main(sys.argv[1:])))
