#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Builds the command-line tool, and installs it where it is told to."""

import argparse
import sys

from environment import provision
from environment.failure import report
from tool import crate, installation


def main(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--install", metavar="PREFIX",
                        help="install it below this directory of the system, such as /usr/local")
    parser.add_argument("--uninstall", metavar="PREFIX", help="remove what was installed there")
    parser.add_argument("--destination", metavar="DIRECTORY", default="",
                        help="put it below this directory instead, as if it were the system")
    options = parser.parse_args(arguments)
    if options.uninstall:
        installation.remove(options.uninstall, options.destination)
        return
    # Installed by another user than the one who built it, it needs no set-up of its own.
    built = crate.current() if options.install else None
    built = built or crate.build(provision.ready())
    if options.install:
        installation.install(built, options.install, options.destination)
    else:
        print(built)


if __name__ == "__main__":
    sys.exit(report(lambda: main(sys.argv[1:])))
