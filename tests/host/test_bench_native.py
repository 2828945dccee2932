# SPDX-License-Identifier: GPL-2.0
"""What is computed from times, and how it is shown."""

import contextlib
import io
import json
import re
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from unittest import mock

from bench import intervals, native, plot, surroundings, turns as turns_of, uml_build
from environment import uml_kernel
from environment.failure import Failure
from kernel_module.module import PROJECT
from machine import uml

SVG = "{http://www.w3.org/2000/svg}"
DOCUMENTATION = PROJECT / "Documentation/performance/time.rst"

# What contenders add to a packet, in nanoseconds.
ADDED = {
    native.BASE: 0, native.AGAIN: 0, "empty-hooks": 20, "c-as-observe": 80, "off": 0,
    "observe": 120, "verify": 160, "steer": 100,
    "observe-inc": 90, "verify-inc": 130, "steer-inc": 80,
}
PATH = 1000


def turns(number, more):
    """Turns of a machine that becomes slower and slower, and in each fourth one is disturbed while
    one of the contenders is measured; each contender adds so much more."""
    found = []
    for turn in range(number):
        slower = 1 + turn / 1000
        figures = {name: {native.CALL: 500.0, **{
            kind: (PATH + added + (more if added else 0)) * slower for kind in native.KINDS}}
            for name, added in ADDED.items()}
        if turn % 4 == 0:
            disturbed = list(ADDED)[turn // 4 % len(ADDED)]
            for kind in native.KINDS:
                figures[disturbed][kind] *= 3
        found.append(figures)
    return found


def boots(number=9):
    """Boots in which what is added takes less and more, and 0 more in the middle one."""
    return [turns(40, more) for more in range(-(number // 2), number - number // 2)]


def part():
    """What results.json would have of them."""
    return dict(native.summary(boots()), kernel="7.3.4", batches=24, packets=1536)


class IntervalsTest(unittest.TestCase):
    """bench.intervals"""

    def test_rank(self):
        """As in tables of the sign test at 5 %, with both sides."""
        known = {6: 1, 8: 1, 9: 2, 10: 2, 20: 6, 25: 8, 50: 18, 100: 40}
        self.assertEqual({number: intervals.rank(number) for number in known}, known)

    def test_too_few(self):
        """Of five, the least and the greatest enclose the median in 94 % only."""
        with self.assertRaises(ValueError):
            intervals.rank(5)

    def test_median(self):
        """The order of the values does not matter, nor how far out the outer ones are."""
        found = intervals.Median.of([9, 1, 8, 2, 7, 3, 6, 4, 5, 1000000])
        self.assertEqual(found, intervals.Median(5.5, 2, 9))

    def test_pairs(self):
        """Within a pair, whatever one pair has against another."""
        boots = [[{"a": 3 * turn, "b": 2 * turn} for turn in (first, first + 1, 1000)]
                 for first in range(1, 11)]
        self.assertEqual(intervals.ratio(boots, "a", "b"), intervals.Median(1.5, 1.5, 1.5))
        self.assertEqual(intervals.difference(boots, "a", "b"), intervals.Median(6.5, 3, 10))


class SummaryTest(unittest.TestCase):
    """bench.native.summary"""

    def setUp(self):
        self.summary = native.summary(boots())

    def test_ratio(self):
        """Neither a machine that becomes slower nor disturbances change it; boots that differ make
        the interval, of nine the second from below and from above."""
        for kind in native.KINDS:
            for name, added in ADDED.items():
                if name != native.BASE:
                    found = self.summary["kinds"][kind]["ratio"][name]
                    self.assertAlmostEqual(found["median"], (PATH + added) / PATH)
                    more = 3 / PATH if added else 0
                    self.assertAlmostEqual(found["low"], found["median"] - more)
                    self.assertAlmostEqual(found["high"], found["median"] + more)

    def test_meter(self):
        """Of the 120 that observe adds, 30 are gone with another way to count."""
        found = self.summary["kinds"]["udp ipv4"]["meter"]["observe"]
        self.assertAlmostEqual(found["part"], 30 / 120, delta=0.02)

    def test_nothing_added(self):
        """There is no part of nothing."""
        same = 10 * [[{name: {kind: 1000.0 for kind in (native.CALL, *native.KINDS)}
                       for name in ADDED}]]
        self.assertIsNone(native.summary(same)["kinds"]["udp ipv4"]["meter"]["observe"]["part"])
        self.assertIn("counting is 0 (0 … 0) ns\n", "\n".join(
            native.table(dict(native.summary(same), kernel="7.3.4"))) + "\n")

    def test_signs(self):
        """Less is less, and nothing is neither more nor less."""
        figure = {"median": -0.3, "low": -1.6, "high": 1200.4}
        self.assertEqual(intervals.shown(figure, "+,.0f"), "0 (-2 … +1,200)")
        self.assertEqual(intervals.shown(figure, ",.3f"), "-0.300 (-1.600 … 1,200.400)")

    def test_too_few(self):
        """A handful of boots says nothing."""
        with self.assertRaisesRegex(Failure, "5 boots are too few"):
            turns_of.measured(None, "native.py", 5, native.TURNS, native.TURN)

    def test_all_contenders_are_told(self):
        """Each has a row for each kind."""
        text = "\n".join(native.table(part()))
        for name in native.CONTENDERS.values():
            rows = re.findall(rf"^ +{re.escape(name)} +[-+]?\d", text, re.MULTILINE)
            self.assertEqual(len(rows), len(native.KINDS), name)

    def test_is_documented(self):
        """The description of results.json names all that is in it."""
        text = DOCUMENTATION.read_text(encoding="utf-8")
        keys = set(part()) | set(part()["kinds"]["udp ipv4"]) | set(ADDED)
        keys |= set(surroundings.machine()) | {"median", "low", "high", "part"}
        self.assertEqual([key for key in sorted(keys) if f"``{key}``" not in text], [])


class ToldTest(unittest.TestCase):
    """bench.turns.told"""

    def test_between_other_lines(self):
        """The kernel may print too."""
        lines = ["Core dump limits :", json.dumps({"turn": 0, "figures": {"off": {}}}),
                 "[ 1.0] {something}", json.dumps({"kernel": "7.3.4"})]
        self.assertEqual(turns_of.told(lines), ([{"off": {}}], {"kernel": "7.3.4"}))

    def test_died(self):
        """What a guest has told before it died does not count."""
        for lines in ([], ["OSError: no"], [json.dumps({"turn": 0, "figures": {}})]):
            with self.assertRaises(Failure):
                turns_of.told(lines)


class MeasuredTest(unittest.TestCase):
    """bench.turns.measured"""

    def boots(self, seconds):
        """How many boots there are if each takes so many seconds, where 4 are expected."""
        clock = [0]

        def boot(*_):
            clock[0] += seconds
            return [json.dumps({"turn": 0, "figures": {}}), json.dumps({"kernel": "7.3.4"})]

        with (tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()),
              mock.patch.object(turns_of, "BUILD", Path(folder)),
              mock.patch.object(turns_of, "step", lambda _: contextlib.nullcontext()),
              mock.patch.object(turns_of, "prepared", lambda *_: (None, Path(folder))),
              mock.patch.object(turns_of.time, "monotonic", lambda: clock[0]),
              mock.patch.object(uml, "run", boot)):
            found, last = turns_of.measured(None, "native.py", 12, 2, 1)
        self.assertEqual(last, {"kernel": "7.3.4"})
        return len(found)

    def test_all(self):
        """On a machine that is not much slower than expected, there are all."""
        self.assertEqual(self.boots(4), 12)
        self.assertEqual(self.boots(6), 12)

    def test_too_slow(self):
        """On a slower one there are fewer, but as many as an interval takes."""
        self.assertEqual(self.boots(8), 10)
        self.assertEqual(self.boots(400), intervals.LEAST)


class SurroundingsTest(unittest.TestCase):
    """bench.surroundings"""

    def test_processor(self):
        """Its name, of the first one that there is; other machines have other lines."""
        text = "processor\t: 0\nmodel name\t: A 64: fast\nprocessor\t: 1\nmodel name\t: B\n"
        self.assertEqual(surroundings.processor(text), "A 64: fast")
        self.assertEqual(surroundings.processor("CPU part\t: 0xd0c\n"), "unknown")


class PlotTest(unittest.TestCase):
    """bench.plot and bench.native.picture"""

    def setUp(self):
        self.tree = ElementTree.fromstring(native.picture(part()))
        self.texts = [element.text for element in self.tree.iter(f"{SVG}text")]

    def test_says_what_it_shows(self):
        """The title, the unit, each contender in each panel, with its figures."""
        self.assertIn("95 % intervals", self.texts[0])
        self.assertIn("not loaded (no unit", self.texts[-1])
        for name in native.CONTENDERS.values():
            self.assertEqual(self.texts.count(name), len(native.KINDS))
        self.assertEqual(
            sum(text.startswith("1.120 (") for text in self.texts), len(native.KINDS))

    def test_needs_no_colour(self):
        """Black and white are all there is."""
        colours = {element.get(name) for element in self.tree.iter() for name in ("fill", "stroke")}
        self.assertEqual(colours - {None}, {"#000", "#fff"})

    def test_scale(self):
        """All rows are on it, and so is 1; where they are is in proportion."""
        scale = plot.Scale.over([plot.Row("a", 1.2, 1.17, 1.31), plot.Row("b", 1.1, 1.08, 1.11)])
        self.assertAlmostEqual(scale.low, 1)
        self.assertGreaterEqual(scale.high, 1.31)
        self.assertEqual(scale.place(scale.low), plot.LEFT)
        self.assertAlmostEqual(scale.place(scale.high), plot.WIDTH - plot.RIGHT)
        self.assertAlmostEqual(scale.place(1.2) - scale.place(1.1),
                               scale.place(1.1) - scale.place(1))

    def test_marks_are_where_the_medians_are(self):
        """In the order of the rows; those that count otherwise are not filled."""
        marks = list(self.tree.iter(f"{SVG}circle"))[:len(native.CONTENDERS)]
        names = list(native.CONTENDERS)
        places = {name: float(mark.get("cx")) for name, mark in zip(names, marks)}
        self.assertLess(places["off"], places["observe-inc"])
        self.assertLess(places["observe-inc"], places["observe"])
        self.assertLess(places["observe"], places["verify"])
        hollow = [name for name, mark in zip(names, marks) if mark.get("fill") == "#fff"]
        self.assertEqual(hollow, [name for name in names if name.endswith("-inc")])

    def test_one_row(self):
        """The line is from the least to the greatest, the mark between, and the figures beside."""
        row = plot.Row("a", 1.2, 1.1, 1.4)
        scale = plot.Scale.over([row])
        tree = ElementTree.fromstring(plot.svg("title", "unit", [("panel", [row])]))
        self.assertIn("1.200 (1.100 … 1.400)", [part.text for part in tree.iter(f"{SVG}text")])
        mark = tree.find(f"{SVG}circle")
        self.assertEqual(mark.get("cx"), f"{scale.place(1.2):.1f}")
        lines = {(part.get("x1"), part.get("x2")) for part in tree.iter(f"{SVG}line")
                 if part.get("y1") == part.get("y2")}
        self.assertEqual(lines, {(f"{scale.place(1.1):.1f}", f"{scale.place(1.4):.1f}")})


class Shell:
    """What stands for an environment, and for its build root: it runs a script of the shell's."""

    kernel = "/linux"

    def __init__(self, script):
        self.root = self
        self.script = script

    def command(self, _):
        """The command that is run instead."""
        return ["sh", "-c", self.script]


class RunTest(unittest.TestCase):
    """machine.uml.run"""

    def run_script(self, script, seconds=60):
        """What it returns, and the lines that it has passed on."""
        passed = []
        return uml.run(Shell(script), "/program", [], passed.append, seconds), passed

    def test_lines(self):
        """All of them, without their ends."""
        self.assertEqual(self.run_script(r"printf 'a\r\nb\n'"), (["a", "b"], ["a", "b"]))

    def test_late(self):
        """A guest that hangs is ended, and what it has said is shown."""
        with self.assertRaisesRegex(Failure, "not done in 0.2 s:\nfirst"):
            self.run_script("echo first; exec sleep 60", 0.2)

    def test_complaint(self):
        """What the kernel complains of counts, whatever comes after it."""
        with self.assertRaisesRegex(Failure, "complains"):
            self.run_script("echo 'WARNING: net/core/dev.c:1'; echo '{}'")

    def test_panic(self):
        """A kernel that has given up is not waited for."""
        with self.assertRaisesRegex(Failure, "complains"):
            self.run_script("echo 'Kernel panic - not syncing: x'; exec sleep 60", 20)


class BuildTest(unittest.TestCase):
    """bench.uml_build, environment.uml_kernel and machine.uml"""

    def test_counter_is_replaced(self):
        """What is replaced is in the source, once; anything else is refused."""
        text = (PROJECT / uml_build.COUNTER).read_text(encoding="utf-8")
        changed = uml_build.counting_by_instruction(text)
        self.assertNotIn(uml_build.AS_BUILT, changed)
        self.assertEqual(changed.count(uml_build.BY_INSTRUCTION), 1)
        for wrong in ("", text + uml_build.AS_BUILT):
            with self.assertRaises(Failure):
                uml_build.counting_by_instruction(wrong)

    def test_configuration(self):
        """One processor, and nothing that has a part in each figure."""
        options = uml_kernel.RECIPE.options()
        self.assertEqual(options["CONFIG_RUST"], "y")
        for name in ("SMP", "KASAN", "PROVE_LOCKING", "FUNCTION_TRACER", "DEBUG_NET"):
            self.assertNotIn(f"CONFIG_{name}", options)

    def test_writes_nothing(self):
        """The files are the host's."""
        command = uml.command_line("/linux", "/native.py", ["/folder", 3])
        kernels = command[:command.index("--")]
        self.assertIn("ro", kernels)
        self.assertNotIn("rw", kernels)

    def test_one_processor(self):
        """The kernel and its programs stay on one, of those that may be used."""
        with mock.patch("os.sched_getaffinity", lambda _: {2, 5}):
            command = uml.on_one_processor()
        self.assertEqual(command, ["/usr/bin/taskset", "--cpu-list", "5"])

    def test_is_on_one_processor(self):
        """All that is run is."""
        said = subprocess.run([*uml.on_one_processor(), "nproc"], check=True, text=True,
                              stdout=subprocess.PIPE).stdout
        self.assertEqual(said, "1\n")


if __name__ == "__main__":
    unittest.main()
