# SPDX-License-Identifier: GPL-2.0
"""What is computed from simulated caches, two processors and fragmented memory, and what the report
has of it."""

import json
import re
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from bench import at_once, caches, fragmented, huge_pages, report, surroundings
from environment.failure import Failure
from kernel_module import designs as module
from kernel_module.module import PROJECT
from test_bench_designs import part as designs_part

REPORT = PROJECT / "Documentation/performance/report.rst"

# The end of what cachegrind writes, with another function that is called much the same.
COUNTED = """desc: I1 cache:         32768 B, 64 B, 8-way associative
events: Ir I1mr ILmr Dr D1mr DLmr Dw D1mw DLmw
fn=caches::counted
0 4600 5 5 1000 80 20 0 10 1
12 400
fn=caches::look_up
0 6288522 24 24 503947 2027 2 602423 50258 49152
summary: 1 2 3 4 5 6 7 8 9
"""


def had(pages, distance):
    """Tables of so many pages, where there are no pieces of more than half of the distance."""
    tables = 8 if not distance or pages < distance else 0
    return {"bytes": pages * 4096, "piece": tables, "kernel piece": tables, "kernel huge": 0,
            "kernel mapped": 8 - tables, "huge": 0, "huge mapped": 8, "mapped": 8, "pages": 8}


def told(distances=fragmented.DISTANCES):
    """What a guest tells."""
    yield "nsmux_bench: loading"
    for distance in distances:
        yield json.dumps({
            "distance": distance, "release": "7.3.4", "pages": 1 << 18, "held": 1000, "tables": 8,
            "sizes": [had(1 << order, distance) for order in (0, *range(2, 11))],
            "designs": {"pointer/chain": True, "hash/chain": distance == 0}})


def caches_part():
    """What results.json would have of caches: one more miss for each design."""
    return {"simulator": "valgrind-3", "processors": caches.PROCESSORS, "misses": {
        caches.key(size): {design: {processor: {"instructions": 100, "D1": number, "LL": 0}
                                    for processor in caches.PROCESSORS}
                           for number, design in enumerate(caches.SIMULATED)}
        for size in caches.SIZES}}


def at_once_runs(common):
    """Runs in which the one counter makes a lookup so many times as long at once as alone."""
    both = {name: common if name == at_once.COMMON else 1 for name in at_once.CONTENDERS}
    return [{(size, name): [{"alone": 10 + number, "both": (10 + number) * both[name]}] * 3
             for size in at_once.SIZES for name in at_once.CONTENDERS} for number in range(6)]


def huge_pages_runs():
    """Runs of which each takes longer, but a tenth less with huge pages."""
    return [{(size, name): number * (9 if name == huge_pages.HUGE else 10)
             for size in huge_pages.SIZES for name in huge_pages.CONTENDERS}
            for number in range(1, 7)]


def results():
    """All of results.json."""
    return {"machine": surroundings.machine(), "parts": {
        "designs": designs_part(), "fragmented": fragmented.summary(list(told())),
        "caches": caches_part(), "at-once": at_once.summary(at_once_runs(1.5)),
        huge_pages.NAME: huge_pages.summary(huge_pages_runs())}}


class CachesTest(unittest.TestCase):
    """bench.caches"""

    def test_counted(self):
        """Only what the one function has counts, reads and writes alike."""
        found = caches.counted(COUNTED, 10)
        self.assertEqual(found, {"instructions": 500, "D1": 9, "LL": 2.1})

    def test_not_counted(self):
        """Without that function there is nothing to tell."""
        with self.assertRaises(Failure):
            caches.counted(COUNTED.replace("counted", "accounted"), 10)

    def test_all_simulated(self):
        """The program has these designs and what controls them, and no others."""
        text = module.IN_USER_SPACE[1].read_text(encoding="utf-8")
        known = re.findall(r'\bknown::<.*>\("(.*)"\)', text)
        told = [*caches.SIMULATED, *at_once.CONTROLS, *huge_pages.CONTENDERS]
        self.assertEqual(sorted(known), sorted(told))

    def test_table(self):
        """Every size has a row for each design."""
        rows = list(caches.table(caches_part()))
        self.assertEqual(sum("a trie" in row for row in rows), len(caches.SIZES))


class AtOnceTest(unittest.TestCase):
    """bench.at_once"""

    def test_rounds(self):
        """Both processors count alike."""
        found = list(at_once.rounds("10000 20000 30000 50000\n1000 1000 1000 1000\n"))
        self.assertEqual(found, [{"alone": 15, "both": 40}, {"alone": 1, "both": 1}])

    def test_ratio(self):
        """It is of the same round, and the median of all."""
        part = at_once.summary(at_once_runs(1.5))
        found = part["cells"]["16 64"]
        self.assertEqual(found["pointer/chain"]["ratio"], {"median": 1, "low": 1, "high": 1})
        self.assertEqual(found[at_once.COMMON]["ratio"]["median"], 1.5)
        self.assertEqual(found[at_once.COMMON]["alone"]["median"], 12.5)

    def test_is_seen(self):
        """Where two processors that write to one line are not slower, nothing is told."""
        self.assertTrue(at_once.is_seen(at_once.summary(at_once_runs(1.5))))
        self.assertFalse(at_once.is_seen(at_once.summary(at_once_runs(1))))

    def test_table(self):
        """Every size has a row for each design, and the two that control them."""
        rows = list(at_once.table(at_once.summary(at_once_runs(1.5))))
        self.assertEqual(sum("1.50" in row for row in rows), len(at_once.SIZES))
        self.assertEqual(sum("a trie" in row for row in rows), len(at_once.SIZES))

    def test_one_processor(self):
        """With one there is nothing to measure."""
        with mock.patch("os.sched_getaffinity", lambda _: {3}), self.assertRaises(Failure):
            at_once.processors()


class HugePagesTest(unittest.TestCase):
    """bench.huge_pages"""

    def test_ratio(self):
        """It is of one run."""
        found = huge_pages.summary(huge_pages_runs())["cells"]["4096 64"]
        self.assertEqual(found[huge_pages.HUGE]["ratio"], {"median": 0.9, "low": 0.9, "high": 0.9})
        self.assertEqual(found[huge_pages.MAPPED]["time"], {"median": 35, "low": 10, "high": 60})

    def test_table(self):
        """Every size says how large the table is."""
        text = "\n".join(huge_pages.table(huge_pages.summary(huge_pages_runs())))
        self.assertIn("16,384 namespaces, 64 sockets each, so 8,192 KiB", text)

    def test_none(self):
        """Where programs get none, it says so before anything is built."""
        with tempfile.TemporaryDirectory() as folder:
            enabled = Path(folder, "enabled")
            enabled.write_text("always madvise [never]\n", encoding="ascii")
            with (mock.patch.object(huge_pages, "ENABLED", enabled),
                  self.assertRaisesRegex(Failure, "no huge pages")):
                huge_pages.measure(None)


class FragmentedTest(unittest.TestCase):
    """bench.fragmented"""

    def setUp(self):
        self.part = fragmented.summary(list(told()))

    def test_largest(self):
        """The largest size of which none failed."""
        self.assertEqual(fragmented.largest(self.part, 64, "in one piece"), 32 * 4096)
        self.assertEqual(fragmented.largest(self.part, 2, "in one piece"), 4096)
        self.assertEqual(fragmented.largest(self.part, 2, "mapped"), 1024 * 4096)
        self.assertEqual(fragmented.failed(self.part, 64, 64, "in one piece"), 8)

    def test_some_failed(self):
        """One table that is missing is as bad as all."""
        sizes = self.part["distances"]["64"]["sizes"]
        sizes[4]["piece"] = 7
        self.assertEqual(fragmented.largest(self.part, 64, "in one piece"), 16 * 4096)

    def test_not_fragmented(self):
        """Where there is a piece that there cannot be, nothing is known."""
        lines = [line.replace('"piece": 0', '"piece": 1', 1) for line in told()]
        with self.assertRaisesRegex(Failure, "not fragmented"):
            fragmented.summary(lines)

    def test_broken_off(self):
        """A guest that does not come to its end has told nothing."""
        with self.assertRaises(Failure):
            fragmented.summary(list(told(fragmented.DISTANCES[:-1])))

    def test_table(self):
        """Each state of memory says which designs could be made."""
        text = "\n".join(fragmented.table(self.part))
        self.assertIn("0 of 1,024 pages in use, 1,000 in all; designs that could be made: 2 of 2",
                      text)
        self.assertIn("could be made: 1 of 2", text)


class ReportTest(unittest.TestCase):
    """bench.report"""

    def test_sentences(self):
        """Every figure that the report has is filled in."""
        used = report.used(REPORT.read_text(encoding="utf-8"))
        known = report.replaced(results())
        self.assertTrue(used)
        self.assertEqual(sorted(used - set(known)), [])
        with self.assertRaises(Failure):
            list(report.substitutions({"no such figure"}, known))

    def test_is_documented(self):
        """The description of results.json names all that is in it."""
        text = REPORT.read_text(encoding="utf-8")
        parts = results()["parts"]
        keys = {key for part in parts.values() for key in part} | set(parts) | {"unit", "bases"}
        keys |= set(parts["designs"]["measure"]["1 1"]["hash/chain"])
        keys |= set(parts["designs"]["mixed"]["1024 64"]["pointer/chain"])
        keys |= set(parts["fragmented"]["distances"]["0"])
        keys |= set(parts["fragmented"]["distances"]["0"]["sizes"][0])
        keys |= set(parts["at-once"]["cells"]["16 64"]) & set(at_once.CONTROLS)
        keys |= set(parts["at-once"]["cells"]["16 64"]["pointer/chain"])
        keys |= set(parts[huge_pages.NAME]["cells"]["4096 64"])
        keys |= set(parts[huge_pages.NAME]["cells"]["4096 64"][huge_pages.HUGE])
        keys |= set(parts["caches"]["misses"]["16 64"]["hash/chain"]["2006"])
        self.assertEqual([key for key in sorted(keys) if f"``{key}``" not in text], [])

    def test_plots(self):
        """Every plot is in the report."""
        shown = re.findall(r"image:: ([\w-]+)\.svg", REPORT.read_text(encoding="utf-8"))
        drawn = [name for part, module_of in report.PARTS.items()
                 for name in module_of.pictures(results()["parts"][part])]
        self.assertEqual(sorted(shown), sorted(drawn))


if __name__ == "__main__":
    unittest.main()
