# SPDX-License-Identifier: GPL-2.0
"""When the module counts as built already."""

import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace

from kernel_module import module


class State(unittest.TestCase):
    """The name for what a module was built from."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.directory = Path(folder.name)
        (self.directory / "rust").mkdir()
        for name in ("Kbuild", module.MODULE, "rust/a.rs", "rust/b.h"):
            (self.directory / name).write_text(name, encoding="ascii")

    def state(self, tree="tree", variables=(), name=module.MODULE):
        """Its state now."""
        return module.state(SimpleNamespace(tree=tree), self.directory / name, list(variables))

    def test_nothing_has_changed(self):
        """Products of a build do not count."""
        before = self.state()
        for name in ("rust/a.o", "rust/bindings_generated.rs"):
            (self.directory / name).write_text("product", encoding="ascii")
        self.assertEqual(self.state(), before)

    def test_everything_counts(self):
        """Sources, their names, the module itself, tree and variables."""
        seen = {self.state(), self.state(tree="other"), self.state(variables=["A=b"])}
        for name in ("Kbuild", module.MODULE, "rust/a.rs", "rust/b.h", "rust/new.rs"):
            (self.directory / name).write_text("changed", encoding="ascii")
            seen.add(self.state())
        (self.directory / "rust/a.rs").rename(self.directory / "rust/c.rs")
        seen.add(self.state())
        self.assertEqual(len(seen), 9)

    def test_of_another_module(self):
        """What is in the other module's folder counts for another root, and not for nsmux."""
        (self.directory / "other.ko").write_text("other", encoding="ascii")
        before = self.state(), self.state(name="other.ko")
        folder = self.directory / module.OTHERS
        folder.mkdir()
        (folder / "a.rs").write_text("new", encoding="ascii")
        self.assertEqual(self.state(), before[0])
        self.assertNotEqual(self.state(name="other.ko"), before[1])


if __name__ == "__main__":
    unittest.main()
