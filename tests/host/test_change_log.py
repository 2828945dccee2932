# SPDX-License-Identifier: GPL-2.0
"""What one process writes into a change log, and another one reads."""

import os
import unittest

from lib.change_log import ChangeLog

# Enough for numbers that are not written at once to be seen.
CHANGES = 200_000


def change_in_child(log, count):
    """Another process makes so many changes; returns its number."""
    child = os.fork()
    if not child:
        for port in range(count):
            with log.change(7, port & 1):
                pass
        os._exit(0)
    return child


class ChangeLogTest(unittest.TestCase):
    """lib.change_log.ChangeLog"""

    def test_what_has_changed(self):
        """That which was not over before, of this subject alone."""
        log = ChangeLog()
        with log.change(1, 10):
            pass
        with log.change(1, 20, 21):
            mark = log.count
            with log.change(2, 30):
                pass
            self.assertEqual(log.changed(1, mark, 0, 1 << 63), {20, 21})
        log.expect(1, (40,), 100, 200)
        self.assertEqual(log.changed(1, log.count, 150, 160), {40})
        self.assertEqual(log.changed(1, log.count, 201, 300), set())

    def test_count_while_it_is_written(self):
        """The reader never finds fewer changes than there were."""
        log = ChangeLog()
        child = change_in_child(log, CHANGES)
        counts = [0]
        while counts[-1] < CHANGES:
            counts.append(log.count)
            self.assertGreaterEqual(counts[-1], counts[-2])
        self.assertEqual(os.waitpid(child, 0), (child, 0))
        self.assertEqual(log.changed(7, 0, 0, 1 << 63), {0, 1})

    def test_full(self):
        """A change too many is refused, and overwrites nothing."""
        log = ChangeLog()
        log.expect(1, (40,), 100, 200)
        with self.assertRaises(OverflowError):
            while True:
                with log.change(2, 30):
                    pass
        self.assertEqual(log.changed(1, log.count, 150, 160), {40})


if __name__ == "__main__":
    unittest.main()
