# SPDX-License-Identifier: GPL-2.0
"""When `make bench HOST=1` refuses to begin, and that nothing begins before somebody has agreed."""

import contextlib
import io
import os
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import bench_host
from bench import host
from environment.failure import Failure


class Machine:
    """A machine on which nothing is against it, but for what is changed."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.files = {"LOADED": "veth 45056 0 - Live 0x0\n", "SIGNED": "N\n", "TAINTED": "0\n"}
        self.user, self.processor, self.tools = 0, "x86_64", {
            *host.TOOLS, *host.foreign_tree.TOOLS, "cc"}
        self.is_python_new = True

    def make_tree(self, options):
        """What modules are built with."""
        tree = self.folder / "build"
        (tree / "include/config").mkdir(parents=True)
        (tree / "rust").mkdir()
        (tree / "include/config/auto.conf").write_text(options, encoding="ascii")
        for name in ["Module.symvers"] + [f"rust/{name}" for name in host.foreign_tree.METADATA]:
            (tree / name).touch()

    def here(self):
        """While inside, that machine is this one."""
        stack = contextlib.ExitStack()
        for name, text in self.files.items():
            path = self.folder / name
            path.write_text(text, encoding="ascii")
            stack.enter_context(mock.patch.object(host, name, path))
        stack.enter_context(mock.patch.object(os, "geteuid", lambda: self.user))
        if self.is_python_new:
            stack.enter_context(mock.patch.object(os, "unshare", None, create=True))
        stack.enter_context(mock.patch.object(host.platform, "machine", lambda: self.processor))
        stack.enter_context(mock.patch.object(
            host.shutil, "which", lambda tool: tool if tool in self.tools else None))
        stack.enter_context(mock.patch.object(host, "tree", lambda: self.folder / "build"))
        return stack


class CheckTest(unittest.TestCase):
    """bench.host.check"""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.machine = Machine(folder.name)

    def with_tree(self, options="CONFIG_MODULES=y\nCONFIG_RUST=y\n"):
        """It has a tree."""
        self.machine.make_tree(options)
        return self.machine

    def refusal(self):
        """What it says."""
        with self.machine.here(), self.assertRaises(Failure) as caught:
            host.check(None)
        return f"{caught.exception.problem} {caught.exception.advice}"

    def test_good(self):
        """It refuses nothing."""
        with self.with_tree().here():
            host.check(None)

    def test_not_root(self):
        """It says how to be."""
        self.with_tree().user = 1000
        self.assertIn("sudo make bench HOST=1", self.refusal())

    def test_other_processor(self):
        """It has another counter."""
        self.machine.processor = "aarch64"
        self.assertIn("aarch64", self.refusal())

    def test_missing_program(self):
        """All are named."""
        self.with_tree().tools -= {"nft", "ip"}
        self.assertIn("ip, nft", self.refusal())

    @unittest.skipIf(hasattr(os, "unshare"), "this Python can do it")
    def test_old_python(self):
        """It cannot make namespaces."""
        self.with_tree().is_python_new = False
        self.assertIn("3.12", self.refusal())

    def test_loaded_already(self):
        """Who uses it would lose it."""
        self.with_tree().files["LOADED"] += "nsmux 90112 3 - Live 0x0 (O)\n"
        self.assertIn("rmmod nsmux", self.refusal())

    def test_signed_alone(self):
        """It would fail in the midst."""
        self.with_tree().files["SIGNED"] = "Y\n"
        self.assertIn("signed", self.refusal())

    def test_no_tree(self):
        """There is nothing to build with, for root neither."""
        self.machine.user = 1000
        self.assertIn("is missing", self.refusal())

    def test_no_rust(self):
        """As make KDIR= says it."""
        self.with_tree("CONFIG_MODULES=y\n")
        with mock.patch.object(host.foreign_tree, "rust_available", lambda tree: "no"):
            self.assertIn("CONFIG_RUST=y", self.refusal())

    def test_built_for_another(self):
        """Modules that were built before have to fit."""
        folder = self.machine.folder
        for name in host.MODULES:
            (folder / name).touch()
        told = SimpleNamespace(stdout="1.2.3-other SMP\n")
        with self.machine.here(), mock.patch.object(host.subprocess, "run", lambda *_, **__: told):
            with self.assertRaisesRegex(Failure, "built for Linux 1.2.3-other"):
                host.check(folder)


class QuestionTest(unittest.TestCase):
    """bench_host.main"""

    def answered(self, answer, is_terminal=True):
        """Whether something is prepared, and what is said."""
        terminal = io.StringIO(answer)
        terminal.isatty = lambda: is_terminal
        said = io.StringIO()
        with mock.patch.object(host, "check"), mock.patch("sys.stdin", terminal), \
                mock.patch.object(host, "prepared", side_effect=InterruptedError) as prepared, \
                contextlib.redirect_stdout(said), contextlib.suppress(InterruptedError):
            bench_host.main(["native"])
        return prepared.called, said.getvalue()

    def test_yes_alone_begins(self):
        """Neither a letter nor an empty line does."""
        self.assertTrue(self.answered("yes\n")[0])
        for answer in ("", "\n", "y\n", "Yes, but\n", "no\n"):
            is_prepared, said = self.answered(answer)
            self.assertFalse(is_prepared, answer)
            self.assertIn("nothing was loaded", said)

    def test_says_what_it_is_about(self):
        """Before it is answered."""
        _, said = self.answered("no\n")
        for word in ("nsmux.ko", "tainted", "namespaces", os.uname().release, "minutes"):
            self.assertIn(word, said)

    def test_no_terminal(self):
        """A pipe does not agree to anything."""
        with self.assertRaisesRegex(Failure, "no terminal"):
            self.answered("yes\n", is_terminal=False)

    def test_unknown_part(self):
        """Those that measure what is the same anywhere are not for here."""
        with self.assertRaisesRegex(Failure, "no part designs"):
            bench_host.main(["designs"])


if __name__ == "__main__":
    unittest.main()
