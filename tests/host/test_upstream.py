# SPDX-License-Identifier: GPL-2.0
"""What is read from the runs of the kernel's selftests, and what is concluded."""

import importlib.machinery
import importlib.util
import json
import unittest
from pathlib import Path

from upstream import comparison, counted, guest, parts, result, table, tests
from upstream.result import Result

TEXT = """mode verify
namespace {cookie}

resolved        by-socket    by-device      by-hook     disagree     unparsed
receive                 0           {received}            0            {disagree}            0
transmit                2            0            1            0            0

modes         demux-other sender-other         twin      steered
receive                 {disputes}            0            3            4
transmit                0            0            0            0

receive           packets  established
tcp                    30           -
"""


def reading(cookie, received=5, disagree=0, disputes=0):
    """What /proc/net/nsmux says in a namespace."""
    return TEXT.format(cookie=cookie, received=received, disagree=disagree, disputes=disputes)


class Counted(unittest.TestCase):
    """counted.py"""

    def test_sums(self):
        """Over namespaces, each as it was read last."""
        made = counted.total(counted.latest(reading(7, 1) + reading(8, 10) + reading(7, 2)))
        self.assertEqual((made.namespaces, made.packets), (2, 2 + 3 + 10 + 3))
        self.assertEqual((made.twins, made.steered), (6, 8))
        self.assertEqual((made.disputes, made.disagreements, made.where), (0, 0, {}))

    def test_nothing(self):
        """Without the module no namespace has a text."""
        self.assertEqual(counted.total(counted.latest("")), counted.Counted())

    def test_where(self):
        """What should be 0 is told with its place."""
        made = counted.total(counted.latest(reading(1, disagree=2) + reading(2, disputes=3)))
        self.assertEqual((made.disagreements, made.disputes), (2, 3))
        self.assertEqual(made.where, {"receive disagree": 2, "receive demux-other": 3})


class Parts(unittest.TestCase):
    """parts.py"""

    def test_ktap(self):
        """Results of KTAP, also with directives."""
        found = parts.read("1..3\nok 1 one\nnot ok 2 - two\n# ok 3 three # SKIP no tool\n")
        self.assertEqual(found, {"one": "passed", "two": "failed", "three": "skipped"})

    def test_columns(self):
        """Lines that end with the result, in colours or not."""
        found = parts.read("TEST: ping        [ OK ]\n    \x1b[31mTEST: tcp [FAIL]\x1b[0m\n"
                           "TEST: ping [SKIP]\nno result [here\n")
        self.assertEqual(found, {"ping": "passed", "tcp": "failed", "ping (2)": "skipped"})

    def test_random(self):
        """A name is the same in each run."""
        found = parts.read("ok 1 in ns1-Ab3dEf took 27 ms\n")
        self.assertEqual(list(found), ["in ns1* took * ms"])


class Verdicts(unittest.TestCase):
    """result.py and comparison.py"""

    def test_statuses(self):
        """kselftest's exit statuses."""
        self.assertEqual([result.verdict(status) for status in (0, 1, 2, 4, 124, 137, None)],
                         ["passed", "failed", "passed", "skipped", "timeout", "timeout", "timeout"])

    def compared(self, without, verify):
        """What is wrong with a test."""
        return list(comparison.lines("t", {"none": {"t": without}, "verify": {"t": verify}},
                                     without))

    def made(self, verdict, failures=(), **counts):
        """A result."""
        fields = {"disagreements": 0, "disputes": 0, "where": {}} | counts
        return Result(verdict, failures=list(failures), counted=fields)

    def test_alike(self):
        """What fails alike, or fails without nsmux alone, is not its mistake."""
        failed, passed = self.made("failed", ["a"]), self.made("passed")
        for without, verify in ((passed, passed), (failed, failed), (failed, passed)):
            self.assertEqual(self.compared(without, verify), [])

    def test_newly_failing(self):
        """A test, or a part of one, that passes without only."""
        found = self.compared(self.made("passed"), self.made("timeout"))
        self.assertEqual(found, ["verify: timeout; without nsmux: passed"])
        found = self.compared(self.made("failed", ["a"]), self.made("failed", ["a", "b"]))
        self.assertIn("verify: only with nsmux fails: b", found)

    def test_counted(self):
        """Disputes and disagreements count although the test passes."""
        passed = self.made("passed")
        for what in ("disputes", "disagreements"):
            found = self.compared(passed, self.made("passed", **{what: 1, "where": {"x": 1}}))
            self.assertEqual(found, [f"verify: 1 {what}: {{'x': 1}}"])

    def test_not_run(self):
        """A test that a guest did not come to is no success."""
        found = list(comparison.lines("t", {"steer": {}}, self.made("passed")))
        self.assertEqual(found, ["steer: it was not run to its end"])


class Guest(unittest.TestCase):
    """guest.py, and what the guest finds in its path"""

    def test_reader(self):
        """Objects may come in pieces, and beside what others write."""
        run, said, seen = guest.Run(), [], []
        reader = guest.Reader("verify", run, seen.append, said.append)
        reader.keep = lambda name, text: None
        line = json.dumps({"name": "net/one", "status": 0, "seconds": 3, "output": "ok 1 a\n",
                           "counts": reading(4), "tainted": 0}).encode() + b"\nnoise\n"
        for at in range(0, len(line), 7):
            reader.take(line[at:at + 7])
        self.assertEqual(run.results["net/one"].verdict, "passed")
        self.assertEqual(run.results["net/one"].counted["packets"], 8)
        self.assertEqual((len(said), said[1]), (2, "# noise"))
        self.assertEqual(seen, [run])

    def test_longer_timeout(self):
        """The duration is multiplied, and nothing else."""
        place = Path(guest.PROGRAMS / "slower/timeout")
        loader = importlib.machinery.SourceFileLoader("timeout", str(place))
        spec = importlib.util.spec_from_loader("timeout", loader)
        timeout = importlib.util.module_from_spec(spec)
        loader.exec_module(timeout)
        self.assertEqual(timeout.longer(["-s", "9", "--foreground", "2m", "nc", "5"], 10),
                         ["-s", "9", "--foreground", "20m", "nc", "5"])
        self.assertEqual(timeout.longer(["0.5", "true"], 3), ["1.5", "true"])


class Lists(unittest.TestCase):
    """tests.py and table.py"""

    def test_names(self):
        """Each name is there once, and found by what people call it."""
        names = [test.name for test in tests.ALL]
        self.assertEqual(len(names), len(set(names)))
        for name in ("net/icmp.sh", "icmp.sh", "icmp"):
            self.assertEqual([test.name for test in tests.select([name])], ["net/icmp.sh"])
        self.assertGreater(len(tests.select(["net/tcp_ao"])), 20)

    def test_grid(self):
        """Columns are as wide as the widest cell."""
        self.assertEqual(table.grid([["a", "bb"], ["ccc", "d"]]),
                         "a    bb\nccc  d")


if __name__ == "__main__":
    unittest.main()
