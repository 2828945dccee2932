# SPDX-License-Identifier: GPL-2.0
"""What one process changes and when, so that another one can tell whether
something has changed while it was looking.

There is one writer, and one reader, who can also hold the writer up.
"""

import contextlib
import mmap
import struct
import time

from .patience import end_after

# Behind the two numbers of records.
HOLD, HELD, STOP, FOCUS = 16, 20, 24, 28
RECORD = struct.Struct("=IHHQQ")
RECORDS = 1 << 18
START = 64


class Region:
    """Records of one kind, one after the other in the shared memory."""

    def __init__(self, memory, number):
        self._memory = memory
        self._count_at = 8 * number
        self._start = START + RECORD.size * RECORDS * number

    @property
    def count(self):
        """How many there are."""
        return struct.unpack_from("=Q", self._memory, self._count_at)[0]

    def add(self, *record):
        """Write one more; returns where its last field is."""
        place = self._start + RECORD.size * self.count
        RECORD.pack_into(self._memory, place, *record)
        struct.pack_into("=Q", self._memory, self._count_at, self.count + 1)
        return place + RECORD.size - 8

    def since(self, first):
        """All from that one on."""
        data = self._memory[self._start + RECORD.size * first:
                            self._start + RECORD.size * self.count]
        return RECORD.iter_unpack(data)


class ChangeLog:
    """Shared memory: make it before the process is forked."""

    def __init__(self):
        self._memory = mmap.mmap(-1, START + 2 * RECORD.size * RECORDS)
        self._ticket = 0
        self._changes, self._expected = (Region(self._memory, number)
                                         for number in range(2))

    def _flag(self, place, value=None):
        if value is not None:
            struct.pack_into("=I", self._memory, place, value)
        return struct.unpack_from("=I", self._memory, place)[0]

    @property
    def count(self):
        """How many changes there were."""
        return self._changes.count

    # The writer's side.

    @contextlib.contextmanager
    def change(self, subject, *ports):
        """The block changes sockets with these ports (one or two) of a
        subject."""
        end = self._changes.add(subject, ports[0], ports[-1],
                                time.monotonic_ns(), 0)
        try:
            yield
        finally:
            struct.pack_into("=Q", self._memory, end, time.monotonic_ns())

    def expect(self, subject, ports, begin, end):
        """The kernel will change something by itself, from `begin` to `end`,
        in nanoseconds of the monotonic clock."""
        self._expected.add(subject, ports[0], ports[-1], begin, end)

    def wait_if_held(self):
        """Stand still for as long as the reader wants it; returns whether to
        go on."""
        while (ticket := self._flag(HOLD)) and not self._flag(STOP):
            self._flag(HELD, ticket)
            time.sleep(0.001)
        return not self._flag(STOP)

    @property
    def focus(self):
        """The subject that the reader looks at."""
        return self._flag(FOCUS)

    # The reader's side.

    def look_at(self, subject):
        """Tell what is looked at: changes are wanted there."""
        self._flag(FOCUS, subject)

    def stop(self):
        """End the writer's work."""
        self._flag(STOP, 1)

    @contextlib.contextmanager
    def quiet(self, deadline=60):
        """Nothing is changed while the block runs."""
        # A number of its own each time, lest an earlier answer be believed.
        self._ticket += 1
        self._flag(HOLD, self._ticket)
        end = end_after(deadline)
        while self._flag(HELD) != self._ticket:
            if time.monotonic() > end:
                raise TimeoutError("the changes do not stop")
            time.sleep(0.001)
        try:
            yield
        finally:
            self._flag(HOLD, 0)

    def changed(self, subject, mark, begin, end):
        """The ports whose sockets have changed in that time, in nanoseconds of
        the monotonic clock; mark is the number of changes at its begin."""
        ports = set()
        # The last one before may not have been over.
        for region, first in ((self._changes, max(mark - 1, 0)),
                              (self._expected, 0)):
            for where, port, other, start, finish in region.since(first):
                if where == subject and start <= end and (
                        not finish or finish >= begin):
                    ports |= {port, other}
        return ports
