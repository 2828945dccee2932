# SPDX-License-Identifier: GPL-2.0
"""What is compared: ways to find the socket of a packet, or parts of one.

Each is put up in a namespace, and taken down again.
"""
import os
import socket
import subprocess
from pathlib import Path

import bpf
from ground import DEVICE

ATTACH = Path("/sys/module/nsmux_contenders/parameters/attach")
MODE = Path("/proc/sys/net/nsmux/mode")

RULES = """
table {family} nsmux-bench {{
    chain input {{
        type filter hook input priority 0; socket mark 1 counter
    }}
    chain output {{
        type filter hook output priority 0; socket mark 1 counter
    }}
}}
"""


class Nothing:
    """Nobody looks."""

    def __init__(self, name):
        self.name = name

    def put_up(self):
        """In the current namespace."""

    def take_down(self):
        """In the same one."""


class Module(Nothing):
    """Hooks in C, of the module of contenders."""

    def put_up(self):
        ATTACH.write_text(self.name, encoding="ascii")

    def take_down(self):
        ATTACH.write_text("none", encoding="ascii")


class Rule(Nothing):
    """nftables' expression for sockets."""

    def put_up(self):
        self._nft("".join(RULES.format(family=family)
                          for family in ("ip", "ip6")))

    def take_down(self):
        self._nft("flush ruleset")

    @staticmethod
    def _nft(text):
        subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True)


class Program(Nothing):
    """A BPF program; it goes from everywhere at once."""

    def __init__(self, name):
        super().__init__(name)
        self.links = []

    def put_up(self):
        self.links += self.links_of_namespace()

    def take_down(self):
        while self.links:
            os.close(self.links.pop())


class AtLookup(Program):
    """Asked by each lookup of the kernel."""

    @staticmethod
    def links_of_namespace():
        """The attachment to the current namespace."""
        namespace = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            return [bpf.attach(bpf.SK_LOOKUP, bpf.passes(), namespace)]
        finally:
            os.close(namespace)


class AtDevices(Program):
    """Looks up itself, when a device has received."""

    @staticmethod
    def links_of_namespace():
        """The attachments to the devices of the current namespace."""
        return [bpf.attach(bpf.TCX_INGRESS, bpf.looks_up(),
                           socket.if_nametoindex(device))
                for device in ("lo", DEVICE)]


class Mode(Nothing):
    """nsmux."""

    def put_up(self):
        MODE.write_text(self.name, encoding="ascii")

    def take_down(self):
        MODE.write_text("off", encoding="ascii")


NOTHING = Nothing("nothing")
OFF = Nothing("off")
EMPTY = Module("empty-both")
FAST = Module("fast")
TIMED = Module("timed")
SHARED = Module("shared")
OBSERVE, VERIFY, STEER = Mode("observe"), Mode("verify"), Mode("steer")

OTHERS = [Module("empty-in"), EMPTY, Module("direct"), Module("slow"), FAST,
          Rule("nft"), AtLookup("sk-lookup"), AtDevices("tc")]
MODES = [OBSERVE, VERIFY, STEER]
BY_NAME = {contender.name: contender
           for contender in [NOTHING, OFF, *OTHERS, *MODES]}

# Those of which is told what they do with a received packet, and what with a
# transmitted one.
APART = [EMPTY, FAST, OBSERVE, VERIFY, STEER]
