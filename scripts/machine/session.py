# SPDX-License-Identifier: GPL-2.0
"""One run of a guest: starts QEMU, passes on the output as it comes, and judges the end.

Three channels come out of the guest, each a socket: the kernel's console, the command's output,
and the verdict. Only a verdict with this run's own nonce counts.
"""

import math
import re
import selectors
import socket
import subprocess
import time
from dataclasses import dataclass

from machine import console, qemu

CHANNELS = ("console", "output", "verdict")
READ_SIZE = 65536


@dataclass
class Limits:
    """How long a guest may run, and how long it may say nothing, in seconds."""

    total: float = 600
    silence: float = 120


@dataclass
class Outcome:
    """How a run ended. `status` is the command's, or None when there was no verdict."""

    status: int = None
    reason: str = ""
    console: str = ""

    def trouble(self):
        """What is wrong, as lines to show; empty when all is well with the guest itself."""
        lines = []
        for piece in console.search(self.console):
            lines += ["The kernel's log has:"] + ["    " + line for line in piece]
        if self.status is None:
            lines.append(f"The guest gave no verdict: {self.reason}. The end of its log:")
            lines += ["    " + line for line in console.last_lines(self.console)]
        return lines


class Session:
    """Runs a machine inside the build root."""

    def __init__(self, build_root, machine, nonce, log):
        self.build_root = build_root
        self.machine = machine
        self.nonce = nonce
        self.log = log

    def run(self, on_output, limits):
        """Runs the guest to its end; `on_output` gets the bytes that the command writes."""
        ours, theirs = {}, {}
        for name in CHANNELS:
            if name == "output" and self.machine.interactive:
                continue
            ours[name], theirs[name] = socket.socketpair()
        self.machine.ports = {name: end.fileno() for name, end in theirs.items()}
        arguments = self.build_root.command(qemu.command_line(self.machine))
        with open(self.log, "wb", buffering=0) as log:
            with subprocess.Popen(
                arguments,
                stdin=None if self.machine.interactive else subprocess.DEVNULL,
                stdout=None if self.machine.interactive else log,
                stderr=log,
                pass_fds=[*self.machine.ports.values(), *self.machine.descriptors],
            ) as process:
                try:
                    for end in theirs.values():
                        end.close()
                    received, reason = self._collect(ours, log, on_output, limits)
                finally:
                    process.kill()
        text = self.log.read_text(errors="replace")
        return Outcome(self._verdict(received), reason, text)

    def _verdict(self, received):
        match = re.search(
            rf"^NSMUX-VERDICT {re.escape(self.nonce)} (\d+)$", received.decode(), re.MULTILINE
        )
        return int(match.group(1)) if match else None

    def _collect(self, channels, log, on_output, limits):
        """Reads all channels until QEMU has closed them or the time is up."""
        verdict = b""
        start = last = time.monotonic()
        with selectors.DefaultSelector() as selector:
            for name, channel in channels.items():
                selector.register(channel, selectors.EVENT_READ, name)
            while selector.get_map():
                now = time.monotonic()
                wait = min(start + limits.total, last + limits.silence) - now
                if wait <= 0:
                    if now >= start + limits.total:
                        return verdict, f"it ran for more than {limits.total:.0f} s"
                    return verdict, f"it said nothing for {limits.silence:.0f} s"
                for key, _ in selector.select(None if math.isinf(wait) else wait):
                    try:
                        data = key.fileobj.recv(READ_SIZE)
                    except ConnectionResetError:
                        data = b""  # QEMU ended with data of ours unread
                    if not data:
                        selector.unregister(key.fileobj)
                        key.fileobj.close()
                        continue
                    last = time.monotonic()
                    if key.data == "console":
                        log.write(data)
                    elif key.data == "output":
                        on_output(data)
                    else:
                        verdict += data
        return verdict, "it ended by itself"
