# SPDX-License-Identifier: GPL-2.0
"""What is computed from the times of packets and of namespaces, and which goals are reached."""

import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from unittest import mock

from bench import namespaces, packets, pages, per_instruction
from bench.figures import DEMUX, NOTHING, ONE_WAY, VETH
from bench.reached import Goal, goal_lines

ADDED = {name: 0.0 for name in (NOTHING, *packets.CONTENDERS)} | {
    "observe": 0.02, "verify": 0.10, "steer": 0.005, "nft": 0.2}
# 2 % are twice what the least lookup adds.
MISSED = ["observe, the socket is found early",
          "added to a received packet, by C: least lookup",
          "added to a received packet, by C: as observe"]
# Some contenders are measured where packets are received, and there is no answer.
RECEIVED = packets.cells(VETH, ONE_WAY)
CELLS = [name for way in packets.WAYS for name in packets.cells(way)]


def of_packets(slower=()):
    """Ten boots of four turns, on a machine that becomes slower; `slower`: by how much more
    observe takes for some cells."""
    slower = dict(slower)
    received = {f"{name} at the receiver": added for name, added in
                (("direct", 0.01), ("slow", 0.04), ("fast", 0.015), ("tc", 0.05),
                 ("observe", 0.02))}
    return [[{name: {cell: 1000 * (1 + added + (name == "observe") * slower.get(cell, 0))
                     * (1 + turn / 100) for cell in (CELLS if name in ADDED else RECEIVED)}
              for name, added in (ADDED | received).items()} for turn in range(4)]
            for _ in range(10)]


def packets_part(**options):
    """What results.json would have of them."""
    return dict(packets.summary(of_packets(**options)), kernel="7.3.4")


class PacketsTest(unittest.TestCase):
    """bench.packets"""

    def verdicts(self, **options):
        """goal -> whether it is reached"""
        return {goal.name: goal.is_reached for goal in packets.goals(packets_part(**options))}

    def test_ratio(self):
        """Pair by pair, whatever the machine does."""
        for found in packets_part()["cells"].values():
            for name, added in ADDED.items():
                if name != NOTHING:
                    self.assertAlmostEqual(found["ratio"][name]["median"], 1 + added)

    def test_reached(self):
        """2 % more time are 0.98 of the packets: too few where the socket is found early."""
        found = self.verdicts()
        self.assertEqual([name for name, reached in found.items() if not reached], MISSED)

    def test_missed(self):
        """A goal is about its own packets only."""
        syn = packets.cell("syn", 4, VETH)
        found = self.verdicts(slower={syn: 0.02, packets.cell("ack", 6, DEMUX): 0.01})
        self.assertEqual([name for name, reached in found.items() if not reached],
                         [MISSED[0], "observe, SYN flood, IPv4", *MISSED[1:]])

    def test_peers(self):
        """Of what is added, and not of the whole."""
        found = packets_part()["peers"]
        for peer, ratio in (("direct", 2), ("slow", 0.5), ("fast", 4 / 3), ("tc", 0.4)):
            self.assertAlmostEqual(found[peer]["median"], ratio)

    def test_off(self):
        """1 has to be within the interval."""
        part = packets_part()
        goal, = [goal for goal in packets.goals(part) if "packets" in goal.name]
        self.assertTrue(goal.is_reached)
        part["goals"][goal.name] = {"median": 0.99, "low": 0.985, "high": 0.995}
        goal, = [goal for goal in packets.goals(part) if "packets" in goal.name]
        self.assertFalse(goal.is_reached)

    def test_all_are_told(self):
        """Each contender has a row for each way, each goal one of its own."""
        text = list(packets.table(packets_part()))
        for name in packets.CONTENDERS.values():
            self.assertEqual(sum(line.startswith(name + " ") for line in text),
                             len(packets.WAYS), name)
        for name in packets.GOALS:
            self.assertEqual(sum(line.startswith(name + " ") for line in text), 1, name)

    def test_picture(self):
        """It is a picture, whose title says of what."""
        tree = ElementTree.fromstring(packets.picture(packets_part()))
        self.assertIn("over veth", tree.find("{http://www.w3.org/2000/svg}title").text)


def instructions_part():
    """What results.json would have of the same packets: 8000 instructions, and for each part of a
    thousand that a contender adds in time, 10."""
    return {"unit": "instructions", "kernel": "7.3.4-stock", "cells": {name: {
        NOTHING: 8000.0, "added": {contender: 10_000 * added for contender, added in ADDED.items()
                                   if contender in per_instruction.ROWS}} for name in CELLS}}


class PerInstructionTest(unittest.TestCase):
    """bench.per_instruction"""

    def test_beside(self):
        """Each contender has both in each cell."""
        text = list(per_instruction.table(instructions_part(), packets_part()))
        rows = [line for line in text if line.startswith("nsmux observe ")]
        self.assertEqual(len(rows), 6)
        # 2 % of 1000 ns, in turns that take 0 to 3 % longer.
        self.assertEqual(rows[0].split()[2:], len(ONE_WAY) * ["+200", "+20.3"])

    def test_alone(self):
        """Without the time of the packets there are the instructions."""
        row = next(line for line in per_instruction.table(instructions_part())
                   if line.startswith("nothing in the way"))
        self.assertEqual(row.split()[4:], len(ONE_WAY) * ["8,000"])
        self.assertEqual(per_instruction.figures(instructions_part()), {})
        self.assertIsNone(per_instruction.picture(instructions_part()))

    def test_each(self):
        """An instruction of the path takes 1015 / 8000 ns, and one that is added 0.8 times that."""
        found = per_instruction.figures(instructions_part(), packets_part())
        self.assertEqual(found["ns nothing"], "0.127")
        self.assertAlmostEqual(float(found["ns nft"]), 0.8 * 1015 / 8000, delta=0.001)
        self.assertEqual(found["nft"], "0.80")
        # It adds none.
        self.assertNotIn("off", found)


def of_namespaces(among=1.0, own=1.0, shared=2.0):
    """Six boots, in which one figure is so many times another one."""
    cells = {"udp ipv4 veth early-demux-off": 1000.0, "syn ipv4 veth early-demux-off": 900.0}

    def times(factor):
        return {cell: value * factor for cell, value in cells.items()}

    return 6 * [[{
        "making": {f"{name}{suffix}": 100.0 * factor for suffix in ("", namespaces.BY_PROGRAM)
                   for name, factor in (("not-loaded", 1), ("off", 1.02), ("observe", 1.1),
                                        ("again", 1))},
        "asking": {"nsmux": 1.5e6, "ss": 6e9},
        "namespaces": {f"{state}, {mode}": times(among if state == "among" else 1)
                       for state in ("before", "among", "after") for mode in namespaces.MODES},
        "neighbour": {f"{state}, {name}": times(
            {"own": own, "shared": shared}[name] if state == "neighbour" else 1)
            for state in ("alone", "neighbour") for name in namespaces.TABLES},
    }]]


def namespaces_part(**options):
    """What results.json would have of them."""
    return dict(namespaces.summary(of_namespaces(**options)), kernel="7.3.4", namespaces=10_000,
                sockets=262_144, asked=1000, made=200)


class NamespacesTest(unittest.TestCase):
    """bench.namespaces"""

    def test_reached(self):
        """All of them; the shared table is not ours to mend."""
        self.assertEqual([goal.name for goal in namespaces.goals(namespaces_part())
                          if not goal.is_reached], [])

    def test_missed(self):
        """Each by the figure that it is about."""
        for options, word in (({"among": 1.06}, "among"), ({"own": 1.2}, "own")):
            names = [goal.name for goal in namespaces.goals(namespaces_part(**options))
                     if not goal.is_reached]
            self.assertEqual(len(names), 1)
            self.assertIn(word, names[0])

    def test_is_told(self):
        """The figures, as a person reads them."""
        text = "\n".join(namespaces.table(namespaces_part()))
        self.assertIn("1.020 (1.020 … 1.020)", text)
        self.assertIn("4,000 (4,000 … 4,000)", text)
        ElementTree.fromstring(namespaces.picture(namespaces_part()))


class PagesTest(unittest.TestCase):
    """bench.pages"""

    def test_figures_have_names(self):
        """Texts can take any of them."""
        results = {"machine": {"processor": "A", "processors": 2, "kernel": "6.1", "load": [0.5]},
                   "parts": {"packets": packets_part(), "namespaces": namespaces_part(),
                             "per-instruction": instructions_part()}}
        with tempfile.TemporaryDirectory() as folder:
            with mock.patch.object(pages, "FOLDER", Path(folder)):
                pages.write({"packets": packets, "namespaces": namespaces,
                             "per-instruction": per_instruction}, results)
            text = Path(folder, "time-figures.txt").read_text(encoding="utf-8")
            goals = Path(folder, "goals.table").read_text(encoding="utf-8")
            beside = Path(folder, "per-instruction.table").read_text(encoding="utf-8")
            ElementTree.parse(Path(folder, "per-instruction.svg"))
        self.assertIn("+20.3", beside)
        for line in ("|packets observe udp ipv4 veth| replace:: 1.020",
                     "|packets steer ack ipv6 demux| replace:: 1.005",
                     "|packets goals observe, UDP flood, IPv4| replace:: 0.980",
                     "|per-instruction nft| replace:: 0.80",
                     "|namespaces ss| replace:: 4,000",
                     "|namespaces make program off| replace:: 1.020"):
            self.assertIn(f".. {line}\n", text)
        self.assertEqual(goals.count("reached") + goals.count("missed"),
                         len(list(packets.goals(packets_part())))
                         + len(list(namespaces.goals(namespaces_part()))))


class GoalTest(unittest.TestCase):
    """bench.reached"""

    def test_as_shown(self):
        """A figure is judged as it is shown with two decimals."""
        figure = {"median": 0.9951, "low": 0.9, "high": 1.1}
        self.assertTrue(Goal.at_least(1.0, "a", figure).is_reached)
        self.assertFalse(Goal.at_least(1.01, "a", figure).is_reached)
        self.assertTrue(Goal.at_most(0.99 + 0.01, "a", figure).is_reached)
        self.assertIn("missed", list(goal_lines([Goal.at_most(0.99, "a", figure)]))[1])


if __name__ == "__main__":
    unittest.main()
