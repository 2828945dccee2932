# SPDX-License-Identifier: GPL-2.0
"""What is computed from the designs' times, and how it is drawn and told."""

import json
import re
import unittest
import xml.etree.ElementTree as ElementTree

from bench import designs, designs_report, lines
from environment.failure import Failure
from kernel_module import designs as module

SVG = "{http://www.w3.org/2000/svg}"
KNOWN = module.SOURCE / "known.rs"


def figures(question, design, slower):
    """What a design takes: each the longer, the later it stands in the list."""
    names = designs.NAMES if question == "bind" else designs.DESIGNS
    time = int(10_000 * slower * (1 + list(names).index(design) / 10))
    if question == "bind":
        return {"bind": time, "accept": 2 * time}
    if question == "beside":
        return {"hit": time}
    if question == "mixed":
        return {f"{percent} %": time for percent in designs.PERCENT}
    if question == "cold":
        return {"hot": time, "cold": 10 * time}
    return {"hit uniform": time, "hit zipf": time, "miss uniform": time, "miss zipf": time,
            "change": time, "put": time, "make": time, "end": time, "bytes": 64}


def said(slower):
    """The lines of one boot, all of whose figures are larger by a factor."""
    for question, *numbers in designs.CELLS:
        for design in designs.ASKED[question]:
            if design != "noop/chain" or numbers[0] == 1:
                yield json.dumps({"question": question, "cell": numbers, "design": design,
                                  "figures": figures(question, design, slower)})
    yield json.dumps({"kernel": "7.3.4"})


def boots(number=8):
    """Boots that are slower and slower."""
    return [designs.told(["nsmux_bench: loading", *said(1 + boot)])[0] for boot in range(number)]


def part():
    """What results.json would have of them."""
    return dict(designs.summary(boots()), kernel="7.3.4", boots=8)


class SummaryTest(unittest.TestCase):
    """bench.designs"""

    def test_in_pairs(self):
        """A boot that is slow makes no ratio larger."""
        found = designs.summary(boots())["measure"]["1024 64"]["hash/chain"]
        self.assertAlmostEqual(found["ratio"]["hit uniform"]["low"], 1.2)
        self.assertAlmostEqual(found["ratio"]["hit uniform"]["high"], 1.2)
        self.assertAlmostEqual(found["time"]["hit uniform"]["median"], 4.5 * 12)

    def test_few_boots(self):
        """Of five boots there is no interval."""
        with self.assertRaises(Failure):
            designs.summary(boots(5))

    def test_broken_off(self):
        """A guest that does not come to its end has measured nothing."""
        with self.assertRaises(Failure):
            designs.told(list(said(1))[:-1])

    def test_all_designs(self):
        """The module knows these, and no others."""
        text = KNOWN.read_text(encoding="utf-8")
        known = re.findall(r'\bknown::<.*>\("(.*)"\)', text)
        self.assertEqual(sorted(known), sorted(designs.DESIGNS))
        known = re.findall(r'known_names::<.*>\("(.*)"\)', text)
        self.assertEqual(sorted(known), sorted(designs.NAMES))

    def test_table(self):
        """Every cell has a row for each design that is in it."""
        text = "\n".join(designs.table(part()))
        self.assertIn("16,384 namespaces, 64 sockets each", text)
        self.assertEqual(text.count(designs.DESIGNS["hash/chain"]),
                         sum(cell[0] in ("measure", "cold") for cell in designs.CELLS))

    def test_percent(self):
        """The module has these parts of changes."""
        text = (module.SOURCE / "mixed.rs").read_text(encoding="utf-8")
        known = re.search(r"PERCENT: .* = \[(.*)\];", text).group(1)
        self.assertEqual(known.split(", "), list(designs.PERCENT))


class ReportTest(unittest.TestCase):
    """bench.designs_report"""

    def test_pictures(self):
        """They are SVG, without colours, and name every line."""
        for name, picture in designs_report.pictures(part()).items():
            root = ElementTree.fromstring(picture)
            self.assertEqual(root.tag, f"{SVG}svg", name)
            self.assertFalse(set(re.findall(r'"(#\w+)"', picture)) - {"#000", "#fff"}, name)
        self.assertIn(designs.DESIGNS["hash/chain"],
                      designs_report.pictures(part())["first-level"])

    def test_costs_from(self):
        """The least size that takes longer for sure."""
        found = part()
        self.assertEqual(designs_report.costs_from(found, "hash/chain", 1), "1")
        found["measure"]["1 1"]["hash/chain"]["ratio"]["hit uniform"]["low"] = 0.9
        self.assertEqual(designs_report.costs_from(found, "hash/chain", 1), "16")
        self.assertEqual(designs_report.costs_from(found, "pointer/chain", 1), "no number")


class ScaleTest(unittest.TestCase):
    """bench.lines"""

    def test_factors(self):
        """Twice as much is as far everywhere."""
        points = [lines.Point(at, value, value, value) for at, value in ((1, 1), (16, 100))]
        scale = lines.Scale([lines.Panel("", [lines.Line("", points)])], 1)
        self.assertAlmostEqual(scale.down(2) - scale.down(4), scale.down(20) - scale.down(40))
        self.assertLess(scale.across(1), scale.across(16))
        self.assertEqual(scale.ticks(), [1, 2, 5, 10, 20, 50, 100])


if __name__ == "__main__":
    unittest.main()
