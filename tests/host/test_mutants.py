# SPDX-License-Identifier: GPL-2.0
"""Every mutant still applies to the sources, so that `make mutants` has them all."""

import shutil
import tempfile
import unittest
from pathlib import Path

import mutants
from kernel_module import scratch
from selftests import on_host


class MutantsApply(unittest.TestCase):
    """What a mutant replaces stands in the sources once, and is found again afterwards."""

    def test_each(self):
        """Each is applied to a copy, and taken back."""
        with tempfile.TemporaryDirectory() as folder:
            tree = Path(folder)
            for source in mutants.SOURCES:
                shutil.copytree(mutants.PROJECT / source, tree / source, ignore=scratch.PRODUCTS)
            before = self.texts(tree)
            chosen = mutants.select([])
            self.assertGreaterEqual(len(chosen), 8)
            for mutant in chosen:
                with self.subTest(mutant.name):
                    changed = mutant.apply(tree)
                    self.assertNotEqual(self.texts(tree), before)
                    mutants.restore(changed)
                    self.assertEqual(self.texts(tree), before)

    def test_tests_exist(self):
        """The tests that must notice are there."""
        for mutant in mutants.select([]):
            for test in mutant.tests:
                path = mutants.PROJECT / f"tests/{test}.py"
                self.assertTrue(test in on_host.TESTS or path.exists(), f"{mutant.name}: {test}")

    @staticmethod
    def texts(tree):
        """All sources, by their paths."""
        return {path: path.read_text(encoding="utf-8") for path in tree.rglob("*.rs")}


if __name__ == "__main__":
    unittest.main()
