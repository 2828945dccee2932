#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Boots the guest and runs one command in it."""

import argparse
import sys
from pathlib import Path

from environment import provision
from environment.failure import report
from machine import boot, qemu
from machine.session import Limits


def parse(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, usage="%(prog)s [options] -- COMMAND [ARGUMENT]..."
    )
    parser.add_argument("--module", type=Path, metavar="FILE",
                        help="use this as /nsmux/nsmux.ko (default: the built one, if any)")
    parser.add_argument("--add", action="append", default=[], metavar="PATH=PLACE",
                        help="put this file or directory at PLACE in the guest")
    parser.add_argument("--boot", default="", metavar="WORDS",
                        help="more words for the kernel's command line")
    parser.add_argument("--timeout", type=float, default=Limits.total, metavar="SECONDS",
                        help="end a guest that runs longer (default: %(default)s)")
    parser.add_argument("--silence", type=float, default=Limits.silence, metavar="SECONDS",
                        help="end a guest that says nothing for so long (default: %(default)s)")
    parser.add_argument("--memory", type=int, default=qemu.MEGABYTES, metavar="MEGABYTES")
    parser.add_argument("--processors", type=int, default=qemu.PROCESSORS, metavar="NUMBER")
    parser.add_argument("--counting", action="store_true",
                        help="one processor, of whose clock a nanosecond is an instruction")
    parser.add_argument("--interactive", action="store_true",
                        help="connect the command to this terminal")
    parser.add_argument("--log", type=Path, metavar="FILE", help="write the console's log here")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")
    options = parser.parse_args(arguments)
    if options.command[:1] == ["--"]:
        options.command = options.command[1:]
    if not options.command:
        parser.error("no command")
    return options


def main(arguments):
    """Boots, runs, judges."""
    options = parse(arguments)
    contents = boot.default_contents()
    if options.module:
        contents.insert(0, ("nsmux/nsmux.ko", options.module))
    for pair in options.add:
        source, _, place = pair.partition("=")
        contents.append((place, Path(source)))
    run = boot.Run(
        command=options.command,
        contents=contents,
        boot=options.boot,
        limits=Limits(options.timeout, options.silence),
        megabytes=options.memory,
        processors=options.processors,
        interactive=options.interactive,
        counting=options.counting,
        log=options.log,
    )
    status = boot.boot(provision.ready(), run)
    return 1 if status is None else status


if __name__ == "__main__":
    sys.exit(report(lambda: main(sys.argv[1:])))
