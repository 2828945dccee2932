# SPDX-License-Identifier: GPL-2.0
"""What is computed from the times of lookups."""

import unittest
import xml.etree.ElementTree as ElementTree

from bench import lookup

# How many times as long as the kernel's functions each takes.
FACTORS = {"direct": 1, "direct again": 1, "by device": 1.02, "nsmux": 1.03, "noop": 0.98,
           "sk-lookup": 1.5, "direct repeated": 1, "nsmux repeated": 1.03, "bpf": 2.5}


def of_lookups(slower=()):
    """Ten boots of four turns, on a machine that becomes slower; `slower`: by how much more
    nsmux takes in some cells."""
    slower = dict(slower)

    def figure(name, cell, turn):
        factor = FACTORS[name] + name.startswith("nsmux") * slower.get(cell, 0)
        return 50_000 * factor * (1 + turn / 100)

    return [[{name: {f"{cell} {place}": figure(name, cell, turn)
                     for cell in lookup.CELLS for place in ("many", "one")}
              for name in FACTORS} for turn in range(4)] for _ in range(10)]


def part(boots=None, **options):
    """What results.json would have of them."""
    return dict(lookup.summary(boots or of_lookups(**options)), kernel="7.3.4", namespaces=16,
                sockets=64)


class LookupTest(unittest.TestCase):
    """bench.lookup"""

    def verdicts(self, **options):
        """Whether each goal is reached."""
        return [goal.is_reached for goal in lookup.goals(part(**options))]

    def test_pair_by_pair(self):
        """Whatever the machine does."""
        found = part()
        for of in found["cells"].values():
            self.assertAlmostEqual(of["ratio"]["nsmux"]["median"], 1.03)
            self.assertAlmostEqual(of["ratio"]["noop-one"]["median"], 0.98)
            self.assertAlmostEqual(of["ratio"]["again"]["low"], 1)
        self.assertAlmostEqual(found["by-stack"]["median"], 1.03 / 1.02)
        # 3 % of 50 ns, in turns that take 0 to 3 % longer.
        self.assertAlmostEqual(found["more"]["nsmux"]["median"], 1.5 * 1.015)

    def test_goals(self):
        """1.03 is more than 1.02, and a tenth less in half of the cells is enough."""
        self.assertEqual(self.verdicts(), [False, True])
        less = {cell: -0.1 for cell in lookup.CELLS[::2]}
        self.assertEqual(self.verdicts(slower=less), [True, True])
        more = {cell: 0.6 for cell in lookup.CELLS}
        self.assertEqual(self.verdicts(slower=more), [False, False])

    def test_helpers_without_time(self):
        """A turn in which the calls take nothing, or less, is left out, and that is told."""
        boots = of_lookups()
        boots[0][1]["bpf"]["udp ipv4 many"] = 0
        for turn in boots[3]:
            turn["bpf"]["listener ipv6 many"] = -2
        found = part(boots)
        self.assertEqual(found["left-out"], 5)
        self.assertAlmostEqual(found["by-helper"]["median"], 1.03 / 2.5)
        self.assertAlmostEqual(found["together"]["nsmux"]["median"], 1.03)
        self.assertIn("5 of 40 turns", "\n".join(lookup.table(found)))

    def test_shown(self):
        """Table, figures and picture have all of it."""
        found = part()
        text = "\n".join(lookup.table(found))
        for name in ("nsmux, both levels", "first level compiled out", "BPF's helpers", "missed"):
            self.assertIn(name, text)
        self.assertEqual(lookup.figures(found)["nsmux udp ipv4"], "1.030")
        self.assertEqual(lookup.figures(found)["direct udp ipv4 ns"][:2], "50")
        ElementTree.fromstring(lookup.picture(found))


if __name__ == "__main__":
    unittest.main()
