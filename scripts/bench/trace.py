# SPDX-License-Identifier: GPL-2.0
"""Has a guest executed instruction by instruction while it sends packets, and takes down where.

QEMU logs the address of each block of instructions that it executes. Told to put one instruction
into a block, it logs all of them; only the kernel's addresses are asked for. Both are switched on
when the guest sends its packets already, since they make it slow.
"""

import re
import secrets
import socket
import threading
import time

from bench import guest
from environment.failure import Failure

# Kernel and modules. Their addresses are the same in each run: the guest is booted with nokaslr.
ADDRESSES = "0xffffffff81000000+0x7effffff"
ENTRY = re.compile(rb"\[[0-9a-f]+/([0-9a-f]{16})/")
SYMBOL = re.compile(r"^([0-9a-f]{16}) [tTwW] (\S+)(?:\t\[(\w+)\])?$", re.MULTILINE)
READY = b"READY"

# What is enough: some 20 packets, most of which no interrupt has disturbed.
BYTES, SECONDS = 60_000_000, 120


class Tracer:
    """One guest, whose instructions are written to a file."""

    def __init__(self, environment, contents):
        self.environment = environment
        self.contents = contents
        self.file = guest.BUILD / f"trace-{secrets.token_hex(4)}"
        self.ours, self.theirs = socket.socketpair()
        self.output = bytearray()
        self.watch = None

    def record(self, *arguments):
        """Runs where.py with arguments. Returns the symbols, and the addresses of what was
        executed in order."""
        number = self.theirs.fileno()
        trouble = []
        try:
            guest.run(
                self.environment, "where.py", *arguments, contents=self.contents,
                on_output=self._take, on_trouble=trouble.append,
                more=["-D", str(self.file), "-dfilter", ADDRESSES,
                      "-chardev", f"socket,id=monitor,fd={number}",
                      "-mon", "chardev=monitor,mode=readline"],
                descriptors=[number])
            if self.watch:
                self.watch.join()
            # The guest is ended in the midst of its work, for which it is to blame no one.
            if not self.watch or not self.file.exists():
                raise Failure("the guest sent no packets:\n" + "\n".join(trouble)
                              + self.output[-4000:].decode(errors="replace"))
            symbols = SYMBOL.findall(self.output.decode(errors="replace"))
            return symbols, [int(address, 16) for address in ENTRY.findall(self.file.read_bytes())]
        finally:
            self.file.unlink(missing_ok=True)
            self.ours.close()
            self.theirs.close()

    def _take(self, data):
        """Output of the guest; when it is ready, the log is switched on."""
        self.output += data
        if not self.watch and self.output.rstrip().endswith(READY):
            self.watch = threading.Thread(target=self._watch)
            self.watch.start()

    def _watch(self):
        """Lets the guest run until enough is written, and ends it."""
        self.ours.sendall(b"one-insn-per-tb on\nlog exec,nochain\n")
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if self.file.exists() and self.file.stat().st_size > BYTES:
                break
            time.sleep(0.1)
        self.ours.sendall(b"log none\nquit\n")
