# SPDX-License-Identifier: GPL-2.0
"""What is computed from what two processors pass."""

import unittest
import xml.etree.ElementTree as ElementTree

from bench import two_processors

# How many times as many both pass as one.
SPEEDUPS = {"off": 1.9, "observe": 1.862, "shared": 1.52, "again": 1.9}


def part(**others):
    """What results.json would have, of a machine that becomes slower."""
    speedups = SPEEDUPS | others
    boots = [[{name: [70_000 / (1 + turn), 70_000 / (1 + turn) * speedup]
               for name, speedup in speedups.items()} for turn in range(4)] for _ in range(6)]
    return dict(two_processors.summary(boots), kernel="7.3.4", accelerator="tcg")


class TwoProcessorsTest(unittest.TestCase):
    """bench.two_processors"""

    def test_pair_by_pair(self):
        """Whatever the machine does."""
        found = part()
        self.assertAlmostEqual(found["speedup"]["off"]["high"], 1.9)
        self.assertAlmostEqual(found["kept"]["observe"]["low"], 0.98)
        self.assertAlmostEqual(found["kept"]["shared"]["median"], 0.8)

    def test_goal(self):
        """Nearly all is kept, or not."""
        for speedup, is_reached in ((1.862, True), (1.8, False)):
            goal, = two_processors.goals(part(observe=speedup))
            self.assertEqual(goal.is_reached, is_reached)

    def test_goal_of_interval(self):
        """A median that is good says nothing if the interval is wide."""
        found = part()
        found["kept"]["observe"]["low"] = 0.9
        goal, = two_processors.goals(found)
        self.assertFalse(goal.is_reached)

    def test_shown(self):
        """Table, figures and picture have it."""
        text = "\n".join(two_processors.table(part()))
        for name in two_processors.CONTENDERS.values():
            self.assertIn(name, text)
        self.assertEqual(two_processors.figures(part())["observe kept"], "0.980")
        ElementTree.fromstring(two_processors.picture(part()))


if __name__ == "__main__":
    unittest.main()
