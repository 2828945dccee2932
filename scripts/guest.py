#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Boots the guest and runs one command in it."""

import argparse
import secrets
import shutil
import sys
from pathlib import Path

from environment import ready
from environment.cpio import Archive
from environment.failure import report
from machine import qemu
from machine.session import Limits, Session

PROJECT = Path(__file__).resolve().parent.parent


def parse(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, usage="%(prog)s [options] -- COMMAND [ARGUMENT]..."
    )
    parser.add_argument("--module", type=Path, default=PROJECT / "nsmux.ko",
                        help="module to install as /nsmux/nsmux.ko (default: the built one)")
    parser.add_argument("--add", action="append", default=[], metavar="PATH=PLACE",
                        help="also put this file or directory at PLACE in the guest")
    parser.add_argument("--boot", default="", help="more words for the kernel's command line")
    parser.add_argument("--timeout", type=float, default=Limits.total, metavar="SECONDS",
                        help="end a guest that runs longer (default: %(default)s)")
    parser.add_argument("--silence", type=float, default=Limits.silence, metavar="SECONDS",
                        help="end a guest that says nothing for so long (default: %(default)s)")
    parser.add_argument("--memory", type=int, default=qemu.MEGABYTES, metavar="MEGABYTES")
    parser.add_argument("--processors", type=int, default=qemu.PROCESSORS)
    parser.add_argument("--interactive", action="store_true",
                        help="connect the command to this terminal")
    parser.add_argument("--log", type=Path, help="where to write the console's log")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")
    options = parser.parse_args(arguments)
    if options.command[:1] == ["--"]:
        options.command = options.command[1:]
    if not options.command:
        parser.error("no command")
    return options


def write_run(path, nonce, options):
    """The part of the initramfs that is this run's own."""
    with Archive(path) as archive:
        archive.data("nsmux/run/nonce", f"{nonce}\n".encode())
        archive.data("nsmux/run/command", "".join(f"{part}\0" for part in options.command).encode())
        if options.interactive:
            archive.data("nsmux/run/interactive", b"")
        if options.module.exists():
            archive.path("nsmux/nsmux.ko", options.module)
        demo = PROJECT / "tests/demo"
        if demo.exists():
            archive.tree("nsmux/demo", demo)
        for pair in options.add:
            source, _, place = pair.partition("=")
            archive.tree(place.strip("/"), source)


def run(arguments):
    """Boots, runs, judges."""
    options = parse(arguments)
    env = ready()
    nonce = secrets.token_hex(8)
    scratch = env.cache / "runs" / nonce
    scratch.mkdir(parents=True)
    try:
        write_run(scratch / "run.cpio", nonce, options)
        with open(scratch / "initramfs", "wb") as whole:
            for layer in env.layers + [scratch / "run.cpio"]:
                with open(layer, "rb") as part:
                    shutil.copyfileobj(part, whole, 1 << 20)
        machine = qemu.Machine(
            kernel=str(env.kernel),
            initramfs=str(scratch / "initramfs"),
            accelerator=qemu.choose_accelerator(),
            boot=options.boot,
            megabytes=options.memory,
            processors=options.processors,
            interactive=options.interactive,
        )
        log = options.log or env.cache / "runs" / f"{nonce}.log"

        def show(data):
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()

        outcome = Session(env.build_root, machine, nonce, log).run(
            show, Limits(options.timeout, options.silence)
        )
    finally:
        shutil.rmtree(scratch)
    trouble = outcome.trouble()
    if trouble:
        print("\n".join(trouble), file=sys.stderr)
        print(f"nsmux: the guest failed; its whole log is {log}", file=sys.stderr)
        return 1
    return outcome.status


if __name__ == "__main__":
    sys.exit(report(lambda: run(sys.argv[1:])))
