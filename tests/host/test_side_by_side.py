# SPDX-License-Identifier: GPL-2.0
"""Tests that run in several guests at a time: their output, their results, their names."""

import unittest

from environment.failure import Failure
from selftests import side_by_side, tree
from selftests.ktap import Counter


class InTurnTest(unittest.TestCase):
    """selftests.side_by_side.InTurn"""

    def setUp(self):
        self.shown = []
        self.turns = side_by_side.InTurn(3, self.shown.append)

    def text(self):
        """All that was shown."""
        return b"".join(self.shown)

    def test_first_is_shown_at_once(self):
        """What the first says comes as it is said, the others' when it has ended."""
        self.turns.take(0, b"a")
        self.turns.take(1, b"x")
        self.turns.take(0, b"b")
        self.assertEqual(self.text(), b"ab")
        self.turns.end(0)
        self.assertEqual(self.text(), b"abx")
        self.turns.take(1, b"y")
        self.assertEqual(self.text(), b"abxy")

    def test_nothing_is_lost(self):
        """Whichever of them ends first."""
        self.turns.take(2, b"3")
        self.turns.end(2)
        self.turns.take(1, b"2")
        self.turns.end(1)
        self.assertEqual(self.text(), b"")
        self.turns.take(0, b"1")
        self.turns.end(0)
        self.assertEqual(self.text(), b"123")


class GuestsTest(unittest.TestCase):
    """How many guests there are, and what they give together."""

    def test_room(self):
        """As many as there is memory for, one at least."""
        self.assertEqual(side_by_side.guests(2048, available=100), 1)
        self.assertEqual(side_by_side.guests(2048, available=6000), 1)
        self.assertLessEqual(side_by_side.guests(2048, available=1 << 20), side_by_side.AT_MOST)

    def test_counts_are_added(self):
        """Passed, failed and skipped, and the names of those that failed."""
        whole, part = Counter(passed=1, failed=1, failures=["a"]), Counter(passed=2, skipped=1)
        part.add_failure("b")
        whole.add(part)
        self.assertEqual(whole.summary(), "3 passed, 2 failed, 1 skipped")
        self.assertEqual(whole.failures, ["a", "b"])

    def test_names(self):
        """With or without suffix; one that there is not is told."""
        self.assertEqual(tree.select(["vrf", "load.py"]), ["nsmux:vrf.py", "nsmux:load.py"])
        with self.assertRaises(Failure):
            tree.select(["vrf", "nosuch"])
