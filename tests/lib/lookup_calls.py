# SPDX-License-Identifier: GPL-2.0
"""Who calls functions of the kernel, by the function tracer: those that look
sockets up, or others."""

import collections
import contextlib
import os
import re
import secrets

from net.lib.py import KsftSkipEx
from .lookup_trace import TRACEFS

FUNCTIONS = ("__inet_lookup_established", "__inet_lookup_listener",
             "__inet6_lookup_established", "inet6_lookup_listener",
             "__udp4_lib_lookup", "__udp6_lib_lookup")
LINE = re.compile(r": (\w+) <-(\S.*)$", re.MULTILINE)


class LookupCalls:
    """The calls that the calling process has made, also on its way through
    the kernel: a packet written to a tun device is received in it."""

    def __init__(self, instance, functions):
        self._instance = instance
        self._functions = functions

    def _write(self, name, text):
        (self._instance / name).write_text(text, encoding="ascii")

    def start(self):
        """Begin."""
        self._write("set_ftrace_filter", "\n".join(self._functions))
        traced = (self._instance / "set_ftrace_filter").read_text("ascii")
        if missing := set(self._functions) - set(traced.split()):
            raise KsftSkipEx(f"cannot be traced: {missing}")
        self._write("set_ftrace_pid", str(os.getpid()))
        self._write("current_tracer", "function")

    def stop(self):
        """End."""
        self._write("current_tracer", "nop")

    def clear(self):
        """Forget the calls so far."""
        self._write("trace", "")

    def by_others(self):
        """How often each function was called, except by nsmux; with the
        names of the callers."""
        return self._count(lambda caller: "nsmux" not in caller)

    def by_nsmux(self):
        """The same by nsmux."""
        return self._count(lambda caller: "nsmux" in caller)

    def _count(self, is_meant):
        text = (self._instance / "trace").read_text("ascii")
        return collections.Counter(
            call for call in LINE.findall(text) if is_meant(call[1]))


@contextlib.contextmanager
def lookup_calls(functions=FUNCTIONS):
    """They are recorded while the block runs."""
    instance = TRACEFS / "instances" / ("nsmux-" + secrets.token_hex(4))
    instance.mkdir()
    try:
        calls = LookupCalls(instance, functions)
        calls.start()
        yield calls
        calls.stop()
    finally:
        instance.rmdir()
