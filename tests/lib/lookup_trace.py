# SPDX-License-Identifier: GPL-2.0
"""The events of the nsmux_lookup tracepoint, as records."""

import contextlib
import re
import secrets
import time
from pathlib import Path
from typing import NamedTuple

from net.lib.py import ksft_pr
from .patience import end_after

TRACEFS = Path("/sys/kernel/tracing")
EVENT = "events/nsmux/nsmux_lookup"
LINE = re.compile(r"nsmux_lookup: (.*)")


class Lookup(NamedTuple):
    """One second-level lookup."""

    namespace: int
    direction: str
    by: str
    protocol: str
    outcome: str
    socket: int
    sport: int
    dport: int

    @classmethod
    def parse(cls, text):
        """Read one event as it is printed."""
        fields = dict(word.split("=") for word in text.split())
        if tuple(fields) != cls._fields:
            raise ValueError(f"unexpected fields of nsmux_lookup: {text}")
        return cls(**{name: cls.__annotations__[name](value)
                      for name, value in fields.items()})


class LookupTrace:
    """The lookups in some namespaces, from the start of the capture.

    Each capture has a trace instance, and so a buffer, of its own. Nothing
    is recorded while it is being read: under traffic that goes on, reading
    would never come to an end.
    """

    def __init__(self, instance, namespaces):
        self._instance = instance
        self._cookies = {namespace.cookie for namespace in namespaces}

    def lookups(self, **fields):
        """The lookups so far, those that have the given fields."""
        text = (self._instance / "trace").read_text(encoding="utf-8")
        found = map(Lookup.parse, LINE.findall(text))
        return [lookup for lookup in found
                if lookup.namespace in self._cookies
                and all(getattr(lookup, name) == value
                        for name, value in fields.items())]

    def wait(self, count=1, deadline=20, **fields):
        """Wait for that many lookups with the fields; returns them all."""
        end = end_after(deadline)
        while True:
            found = self.lookups(**fields)
            if len(found) >= count:
                return found
            if time.monotonic() > end:
                ksft_pr(f"waiting for {count} of {fields}, seen:",
                        *self.lookups(), sep="\n")
                raise TimeoutError(f"{len(found)} of {count} lookups {fields}")
            time.sleep(0.005)

    def switch(self, enabled):
        """Record lookups, or none from now on."""
        (self._instance / EVENT / "enable").write_text(
            str(int(enabled)), encoding="ascii")

    def filter(self, expression):
        """Record only the lookups for which the expression holds."""
        (self._instance / EVENT / "filter").write_text(expression,
                                                       encoding="ascii")

    def clear(self):
        """Forget the lookups so far."""
        (self._instance / "trace").write_text("", encoding="ascii")


@contextlib.contextmanager
def capture(*namespaces):
    """Capture the lookups in the namespaces while the block runs."""
    instance = TRACEFS / "instances" / ("nsmux-" + secrets.token_hex(4))
    instance.mkdir()
    try:
        trace = LookupTrace(instance, namespaces)
        (instance / "options/pause-on-trace").write_text("1",
                                                         encoding="ascii")
        trace.switch(True)
        yield trace
        # Where the module was unloaded meanwhile, its event is gone.
        if (instance / EVENT).exists():
            trace.switch(False)
    finally:
        instance.rmdir()
