# SPDX-License-Identifier: GPL-2.0
"""What one process changes and when, so that another one can tell whether
something has changed while it was looking.

There is one writer, and one reader, who can also hold the writer up.
"""

import contextlib
import ctypes
import mmap
import struct
import time

from .patience import end_after

RECORD = struct.Struct("=IHHQQ")
RECORDS = 1 << 18


class Head(ctypes.Structure):
    """What stands before the records.

    Each number is written at once. Not so by struct.pack_into(), which writes
    zeros first: the other process would now and then find no records.
    """

    _fields_ = [("counts", ctypes.c_uint64 * 2), ("hold", ctypes.c_uint32),
                ("held", ctypes.c_uint32), ("stop", ctypes.c_uint32),
                ("focus", ctypes.c_uint32)]


class Region:
    """Records of one kind, one after the other in the shared memory."""

    def __init__(self, memory, head, number):
        self._memory = memory
        self._counts = head.counts
        self._number = number
        self._start = ctypes.sizeof(Head) + RECORD.size * RECORDS * number

    @property
    def count(self):
        """How many there are."""
        return self._counts[self._number]

    def add(self, *record):
        """Write one more; returns its last field, which can be set."""
        if self.count == RECORDS:
            raise OverflowError("the change log is full")
        place = self._start + RECORD.size * self.count
        RECORD.pack_into(self._memory, place, *record)
        # Now the other process may read it.
        self._counts[self._number] += 1
        return ctypes.c_uint64.from_buffer(self._memory,
                                           place + RECORD.size - 8)

    def since(self, first):
        """All from that one on."""
        data = self._memory[self._start + RECORD.size * first:
                            self._start + RECORD.size * self.count]
        return RECORD.iter_unpack(data)


class ChangeLog:
    """Shared memory: make it before the process is forked."""

    def __init__(self):
        memory = mmap.mmap(
            -1, ctypes.sizeof(Head) + 2 * RECORD.size * RECORDS)
        self._head = Head.from_buffer(memory)
        self._ticket = 0
        self._changes, self._expected = (Region(memory, self._head, number)
                                         for number in range(2))

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
            end.value = time.monotonic_ns()

    def expect(self, subject, ports, begin, end):
        """The kernel will change something by itself, from `begin` to `end`,
        in nanoseconds of the monotonic clock."""
        self._expected.add(subject, ports[0], ports[-1], begin, end)

    def wait_if_held(self):
        """Stand still for as long as the reader wants it; returns whether to
        go on."""
        while (ticket := self._head.hold) and not self._head.stop:
            self._head.held = ticket
            time.sleep(0.001)
        return not self._head.stop

    @property
    def focus(self):
        """The subject that the reader looks at."""
        return self._head.focus

    # The reader's side.

    def look_at(self, subject):
        """Tell what is looked at: changes are wanted there."""
        self._head.focus = subject

    def stop(self):
        """End the writer's work."""
        self._head.stop = 1

    @contextlib.contextmanager
    def quiet(self, deadline=60):
        """Nothing is changed while the block runs."""
        # A number of its own each time, lest an earlier answer be believed.
        self._ticket += 1
        self._head.hold = self._ticket
        end = end_after(deadline)
        while self._head.held != self._ticket:
            if time.monotonic() > end:
                raise TimeoutError("the changes do not stop")
            time.sleep(0.001)
        try:
            yield
        finally:
            self._head.hold = 0

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
