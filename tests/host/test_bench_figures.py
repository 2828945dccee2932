# SPDX-License-Identifier: GPL-2.0
"""What is computed from counted instructions, and how it is judged."""

import unittest

from bench import figures as f
from bench import goals, recorded, table
from bench.figures import Figures

# What contenders add to a packet: where it is received, and where it is sent.
ADDED = {
    f.NOTHING: (0, 0), "off": (0, 0), f.EMPTY: (100, 90), "empty-in": (100, 0),
    "direct": (350, 0), "slow": (400, 0), "fast": (350, 120), "nft": (500, 400),
    "sk-lookup": (160, 0), "tc": (500, 0), "observe": (340, 130), "verify": (700, 300),
    "steer": (200, 130),
}
LOOKUP = 200
PATH = 8000


def measured():
    """Figures of guests, one of each family, in which each contender adds the same everywhere."""
    parts = []
    for family in f.FAMILIES:
        part = {f.LOOKUPS: {}}
        for kind in f.KINDS:
            for way in f.WAYS:
                name = f.cell(kind, family, way)
                is_found = way == f.DEMUX and kind in f.DEMULTIPLEXED
                part[f.LOOKUPS][name] = 0 if is_found else LOOKUP
                for contender, (received, sent) in ADDED.items():
                    received -= LOOKUP if is_found and received > LOOKUP else 0
                    for place, more in (("", received + sent), (" at the receiver", received),
                                        (" at the sender", sent)):
                        part.setdefault(contender + place, {})[name] = PATH + more
        parts.append(part)
    return Figures.merged(parts)


class FiguresTest(unittest.TestCase):
    """bench.figures.Figures"""

    def test_cost(self):
        """The difference that a contender makes."""
        self.assertEqual(measured().cost("observe", "udp", 6, f.LOOPBACK), 470)
        self.assertEqual(measured().cost("observe", "udp", 4, f.VETH, f.SENDER), 130)

    def test_own(self):
        """Less dispatch, less what the kernel's lookups take, if there are any."""
        figures = measured()
        self.assertEqual(figures.received("observe", "syn", 4, f.VETH), 340 - 100 - 200)
        self.assertEqual(figures.received("observe", "ack", 4, f.DEMUX), 140 - 100)
        self.assertEqual(figures.transmitted("observe", "udp", 6), 130 - 90)

    def test_merged(self):
        """Each guest gives cells of its own for the same contenders."""
        figures = Figures.merged([{"observe": {"one": 1}}, {"observe": {"two": 2}, "off": {}}])
        self.assertEqual(figures.measured, {"observe": {"one": 1, "two": 2}, "off": {}})

    def test_whole_paths_are_not_costs(self):
        """A path is what was measured, with all that is not nsmux's."""
        self.assertEqual(measured().path("observe", "udp", 4, f.VETH), PATH + 470)
        self.assertEqual(measured().lookups("udp", 4, f.VETH), LOOKUP)
        self.assertEqual(measured().lookups("udp-connected", 4, f.DEMUX), 0)

    def test_steer_is_judged_where_it_saves_nothing(self):
        """Its own instructions are told of packets alone that bring their socket or are sent."""
        self.assertFalse([name for name in measured().own()
                          if name.startswith("steer, received") and "demux-on" not in name])

    def test_all_are_named(self):
        """Every figure that is judged has a name of its own."""
        figures = measured()
        self.assertEqual(len(figures.own()), 2 * (5 + 2 * (2 + 2)))
        self.assertEqual(len(figures.costs()), 4 * 2 * 3 * 6)


class GoalsTest(unittest.TestCase):
    """bench.goals"""

    def setUp(self):
        self.figures = measured()

    def by_name(self):
        """name without the kind -> goal, of IPv4"""
        return {goal.name.split(" (")[0]: goal for goal in goals.goals(self.figures)
                if goal.name.startswith("IPv4: ")}

    def test_worst_kind_counts(self):
        """A goal is reached if it is for every kind of packets."""
        name = "IPv4: own, received and looked up"
        self.assertEqual(self.by_name()[name].figure, 40)
        self.assertTrue(self.by_name()[name].reached)
        worse = self.figures.measured["observe at the receiver"]
        worse[f.cell("miss", 4, f.VETH)] += 11
        self.assertEqual(self.by_name()[name].figure, 51)
        self.assertFalse(self.by_name()[name].reached)

    def test_off_costs_nothing(self):
        """One instruction is too much."""
        self.assertTrue(self.by_name()["IPv4: off, anywhere"].reached)
        self.figures.measured["off"][f.cell("tcp", 4, f.LOOPBACK)] += 1
        self.assertFalse(self.by_name()["IPv4: off, anywhere"].reached)

    def test_reached_as_shown(self):
        """A figure counts as far as it is shown: to the instruction, and a ratio to 1 %."""
        for most, figure, is_ratio, reached in (
                (50, 50.4, False, True), (50, 50.6, False, False), (0, 0.4, False, True),
                (0, 0.6, False, False), (0, -3, False, True), (1, 1.004, True, True),
                (1, 1.006, True, False), (1, 1.4, False, True), (1.5, 1.504, True, True)):
            goal = goals.Goal("a goal", most, figure, is_ratio)
            self.assertEqual(goal.reached, reached, goal)

    def test_one_goal_is_a_ratio(self):
        """And is shown as one; a goal of one instruction would not be."""
        shown = list(table.goals(goals.goals(self.figures)))
        self.assertEqual([goal.is_ratio for goal in self.by_name().values()], 8 * [False] + [True])
        self.assertTrue(any(line.split()[-3:] == ["1.00", "1.33", "missed"] for line in shown))
        lines = list(table.goals([goals.Goal("one instruction", 1, 1)]))
        self.assertEqual(lines[1].split()[-3:], ["1", "1", "reached"])

    def test_ratio(self):
        """Against the hook in C, part by part: here 40 of 50, 40 of 50, and 40 of 30 sent."""
        goal = self.by_name()["IPv4: own, by that of the same hook in C"]
        self.assertAlmostEqual(goal.figure, 40 / 30)
        self.assertFalse(goal.reached)


class RecordedTest(unittest.TestCase):
    """bench.recorded"""

    def setUp(self):
        self.record = recorded.contents(measured(), "7.3.4")
        self.now = recorded.contents(measured(), "7.3.4")
        self.cost = f"observe: {f.cell('udp', 6, f.VETH)}"
        self.tcp = f"off: {f.cell('tcp', 6, f.VETH)}"
        self.own = f"observe, received: {f.cell('udp', 4, f.VETH)}"

    def names(self):
        """What is found to be too much."""
        return [excess.name for excess in recorded.excesses(self.record, self.now)]

    def said(self):
        """The same in words."""
        return [str(excess) for excess in recorded.excesses(self.record, self.now)]

    def test_same(self):
        """The same is not too much, and less is not."""
        self.assertEqual(self.names(), [])
        self.now["cost"][self.cost] -= 100
        self.assertEqual(self.names(), [])

    def test_more(self):
        """2 % are let pass, more is not."""
        before = self.record["cost"][self.cost]
        self.now["cost"][self.cost] = before * 1.0199
        self.assertEqual(self.names(), [])
        self.now["cost"][self.cost] = before * 1.0201
        self.assertEqual(self.names(), [f"cost {self.cost}"])

    def test_small(self):
        """Of small figures, two instructions are let pass."""
        self.now["own"][self.own] += 2
        self.assertEqual(self.names(), [])
        self.now["own"][self.own] += 0.1
        self.assertEqual(self.names(), [f"own {self.own}"])

    def test_connection(self):
        """Of what a byte of a connection costs, twelve are."""
        self.record["cost"][self.tcp] = 0
        self.now["cost"][self.tcp] = 12
        self.assertEqual(self.names(), [])
        self.record["cost"][self.tcp] = 11
        self.now["cost"][self.tcp] = 12.1
        self.assertEqual(self.names(), [f"cost {self.tcp}"])

    def test_off(self):
        """In mode off, two instructions more than nothing are, whatever is recorded."""
        name = f"off: {f.cell('udp', 4, f.LOOPBACK)}"
        self.record["cost"][name] = 2
        self.now["cost"][name] = 2
        self.assertEqual(self.names(), [])
        self.now["cost"][name] = 2.01
        self.assertEqual(self.names(), [f"cost {name}"])

    def test_other_kernel(self):
        """On another kernel, only what is nsmux's own is judged."""
        self.now["kernel"] = "7.3.5"
        self.now["cost"][self.cost] += 1000
        self.assertEqual(self.names(), [])
        self.now["own"][self.own] += 1000
        self.assertEqual(self.names(), [f"own {self.own}"])

    def test_new_figure(self):
        """What is not recorded is told."""
        del self.record["own"][self.own]
        self.assertEqual(self.said(), [f"own {self.own}: 40.0, which is not recorded"])

    def test_lost_figure(self):
        """So is what is recorded and not measured any more."""
        del self.now["cost"][self.cost]
        self.assertEqual(self.said(), [f"cost {self.cost}: recorded 470.0, and not measured any "
                                       "more"])

    def test_said(self):
        """Of what is too much, both figures are told."""
        self.now["own"][self.own] += 8
        self.assertEqual(self.said(), [f"own {self.own}: 48.0, recorded 40.0"])


class TableTest(unittest.TestCase):
    """bench.table"""

    def test_page(self):
        """Every contender, every kind and every goal is in it."""
        figures = measured()
        reached = goals.goals(figures)
        lines = list(table.page(figures, reached))
        for text in list(table.ROWS.values()) + [goal.name for goal in reached]:
            self.assertTrue(any(line.startswith(text) for line in lines), text)
        row, = [line for line in lines if line.startswith("nsmux steer")][:1]
        self.assertEqual(row.split()[2:], ["+330"] * 12)

    def test_number(self):
        """0 has no sign, thousands are set apart."""
        self.assertEqual(table.number(-0.2), "0")
        self.assertEqual(table.number(1303.6), "+1,304")
        self.assertEqual(table.number(7806.4, signed=False), "7,806")


if __name__ == "__main__":
    unittest.main()
