# SPDX-License-Identifier: GPL-2.0
"""Boots one guest: puts its initramfs together, runs it, and shows what is wrong with it."""

import os
import secrets
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from environment.cpio import Archive
from machine import accelerator, qemu
from machine.session import Limits, Session

PROJECT = Path(__file__).resolve().parents[2]

# Console logs that are kept; older ones are removed.
LOGS = 40


@dataclass
class Run:
    """What is special about one run. `contents` are pairs of a place in the guest and a path."""

    command: list
    contents: list = field(default_factory=list)
    boot: str = ""
    limits: Limits = field(default_factory=Limits)
    megabytes: int = qemu.MEGABYTES
    processors: int = qemu.PROCESSORS
    interactive: bool = False
    log: Path = None
    kernel: Path = None
    # Whether its clock goes by the instructions that its one processor executes.
    counting: bool = False
    # More arguments for QEMU, and the open descriptors that they name.
    more: list = field(default_factory=list)
    descriptors: list = field(default_factory=list)


def print_output(data):
    """Passes the guest's output on as it comes."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def write_run(path, nonce, run):
    """The last part of the initramfs, which is this run's own."""
    with Archive(path) as archive:
        archive.data("nsmux/run/nonce", nonce.encode())
        archive.data("nsmux/run/command", "".join(f"{part}\0" for part in run.command).encode())
        if run.interactive:
            archive.data("nsmux/run/interactive", b"")
        for place, source in run.contents:
            archive.tree(place.strip("/"), source, skip=lambda path: "__pycache__" in path)


def write_initramfs(path, layers, nonce, run):
    """All archives in one file."""
    own = path.with_suffix(".own")
    write_run(own, nonce, run)
    with open(path, "wb") as whole:
        for layer in [layer / "cpio" for layer in layers] + [own]:
            with open(layer, "rb") as part:
                shutil.copyfileobj(part, whole, 1 << 20)


def new_log(folder):
    """A place for this run's console log; forgets the oldest ones."""
    logs = sorted(folder.glob("console-*.log"), key=lambda log: log.stat().st_mtime)
    for old in logs[: -LOGS + 1]:
        # Another run may be forgetting the same one.
        old.unlink(missing_ok=True)
    return folder / f"console-{os.getpid()}-{secrets.token_hex(4)}.log"


def print_trouble(text):
    """Tells a person what is wrong with a guest."""
    print(text, file=sys.stderr)


def boot(environment, run, on_output=print_output, on_trouble=print_trouble):
    """Runs the guest. Returns the command's exit status, or None after telling what went wrong."""
    nonce = secrets.token_hex(8)
    scratch = environment.cache.path / "runs" / nonce
    scratch.mkdir(parents=True)
    log = run.log or new_log(environment.cache.path / "logs")
    try:
        initramfs = scratch / "initramfs"
        write_initramfs(initramfs, environment.layers, nonce, run)
        machine = qemu.Machine(
            kernel=str(run.kernel or environment.image.kernel),
            initramfs=str(initramfs),
            accelerator=qemu.COUNTING if run.counting else accelerator.choose(environment),
            boot=run.boot,
            megabytes=run.megabytes,
            processors=1 if run.counting else run.processors,
            interactive=run.interactive,
            more=run.more,
            descriptors=run.descriptors,
        )
        outcome = Session(environment.root, machine, nonce, log).run(on_output, run.limits)
    finally:
        shutil.rmtree(scratch)
    trouble = outcome.trouble()
    if trouble:
        on_trouble("\n".join(trouble + [f"nsmux: the guest failed; its whole log: {log}"]))
        return None
    return outcome.status


def default_contents():
    """The built module and tool, and the demo, where they are there."""
    places = {"nsmux/nsmux.ko": PROJECT / "nsmux.ko", "nsmux/demo": PROJECT / "tests/demo",
              "usr/bin/nsmux": PROJECT / "build/tool/nsmux"}
    return [(place, path) for place, path in places.items() if path.exists()]
