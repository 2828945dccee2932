# SPDX-License-Identifier: GPL-2.0
"""The counting of results in nested KTAP."""

import unittest

from selftests.ktap import Counter

TWO_PROGRAMS = """\
TAP version 13
1..2
# timeout set to 120
# selftests: nsmux: load.py
# TAP version 13
# 1..3
# ok 1 load.first
# # a word of explanation, 1 of 2
# ok 2 load.second # SKIP no such device
# ok 3 load.third
ok 1 selftests: nsmux: load.py
# selftests: nsmux: vrf.py
# TAP version 13
# 1..2
# ok 1 vrf.first
# not ok 2 vrf.second
not ok 2 selftests: nsmux: vrf.py # exit=1
# Totals: pass:1 fail:1 xfail:0 xpass:0 skip:0 error:0
"""


def count(text):
    """The counter after the whole text."""
    counter = Counter()
    counter.feed(text.encode())
    counter.close()
    return counter


class CounterTest(unittest.TestCase):
    """selftests.ktap.Counter"""

    def test_innermost_results_count(self):
        counter = count(TWO_PROGRAMS)
        self.assertEqual(counter.summary(), "3 passed, 1 failed, 1 skipped")
        self.assertEqual(counter.failures, ["vrf.second"])

    def test_split_anywhere(self):
        for length in (1, 7, 64):
            counter = Counter()
            data = TWO_PROGRAMS.encode()
            for start in range(0, len(data), length):
                counter.feed(data[start:start + length])
            counter.close()
            self.assertEqual(counter.summary(), "3 passed, 1 failed, 1 skipped")

    def test_program_without_results(self):
        counter = count("1..2\nok 1 selftests: nsmux: a\nnot ok 2 selftests: nsmux: b # exit=1\n")
        self.assertEqual(counter.summary(), "1 passed, 1 failed")

    def test_skipped_program(self):
        self.assertEqual(count("1..1\nok 1 a # SKIP\n").summary(), "0 passed, 0 failed, 1 skipped")

    def test_program_fails_though_its_results_are_good(self):
        counter = count("1..1\n# 1..1\n# ok 1 a.first\nnot ok 1 a # exit=1\n")
        self.assertEqual(counter.summary(), "1 passed, 1 failed")

    def test_program_crashes_in_the_middle(self):
        counter = count("1..1\n# 1..3\n# ok 1 a.first\nnot ok 1 a # TIMEOUT 120 seconds\n")
        self.assertEqual(counter.passed, 1)
        self.assertEqual(counter.failed, 1)

    def test_results_are_missing_though_the_program_is_content(self):
        counter = count("1..1\n# 1..3\n# ok 1 a.first\n# ok 2 a.second\nok 1 a\n")
        self.assertEqual(counter.passed, 2)
        self.assertEqual(counter.failed, 1)

    def test_programs_are_missing(self):
        counter = count("1..2\n# 1..1\n# ok 1 a.first\nok 1 a\n")
        self.assertEqual(counter.passed, 1)
        self.assertEqual(counter.failed, 1)

    def test_three_levels(self):
        counter = count(
            "1..1\n# 1..1\n# # 1..2\n# # ok 1 x\n# # not ok 2 y\n# not ok 1 middle\nnot ok 1 top\n"
        )
        self.assertEqual(counter.summary(), "1 passed, 1 failed")
        self.assertEqual(counter.failures, ["y"])

    def test_expected_failure_passes(self):
        self.assertEqual(count("1..1\nnot ok 1 a # XFAIL\n").summary(), "1 passed, 0 failed")

    def test_nothing(self):
        self.assertEqual(count("").summary(), "0 passed, 0 failed")
