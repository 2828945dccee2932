# SPDX-License-Identifier: GPL-2.0
"""Which mistakes of tests/broken/ a log tells of."""

import unittest

from machine import console
from selftests import broken

FINDING = """\
[   30.1] ==================================================================
[   30.1] BUG: KASAN: slab-use-after-free in use_after_free+0x5c/0x70 [nsmux_broken]
[   30.1] Read of size 4 at addr ffff888007a4e2c0 by task sh/106
[   30.1] Call Trace:
[   30.1]  use_after_free+0x5c/0x70 [nsmux_broken]
"""


class MissedTest(unittest.TestCase):
    """broken.missed"""

    def test_silence(self):
        self.assertEqual(broken.missed("all is well\n"), list(broken.FINDINGS))

    def test_one_is_told(self):
        self.assertNotIn("use_after_free", broken.missed(FINDING))
        self.assertIn("leak", broken.missed(FINDING))

    def test_trouble_elsewhere(self):
        """The function that made the mistake has to be named."""
        elsewhere = FINDING.replace("use_after_free+", "somewhere_else+")
        self.assertEqual(broken.missed(elsewhere), list(broken.FINDINGS))

    def test_what_is_looked_for_fails_a_run(self):
        """What is found here is trouble in every run."""
        self.assertTrue(console.search(FINDING))


if __name__ == "__main__":
    unittest.main()
