# SPDX-License-Identifier: GPL-2.0
"""The archives that become the guest's initramfs."""

import os
import tempfile
import unittest
from pathlib import Path

from environment.cpio import Archive

HEADER = 110


def read(data):
    """A plain reader of the format: name -> (mode, content), and whether the end was marked."""
    entries, place = {}, 0
    while place < len(data):
        assert data[place:place + 6] == b"070701", place
        fields = [int(data[place + 6 + 8 * i:place + 14 + 8 * i], 16) for i in range(13)]
        mode, size, name_size = fields[1], fields[6], fields[11]
        name = data[place + HEADER:place + HEADER + name_size - 1].decode()
        content = place + (HEADER + name_size + 3) // 4 * 4
        place = content + (size + 3) // 4 * 4
        if name == "TRAILER!!!":
            return entries, data[place:].strip(b"\0") == b""
        assert name not in entries, name
        entries[name] = (mode, data[content:content + size])
    return entries, False


class ArchiveTest(unittest.TestCase):
    """environment.cpio.Archive"""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, fill):
        """What is in an archive that `fill` has filled."""
        path = self.folder / "archive"
        with Archive(path) as archive:
            fill(archive)
        data = path.read_bytes()
        self.assertEqual(len(data) % 512, 0)
        entries, ended = read(data)
        self.assertTrue(ended)
        return entries

    def test_parents_come_first_and_once(self):
        def fill(archive):
            archive.data("a/b/c", b"text")
            archive.data("a/b/d", b"")

        entries = self.write(fill)
        self.assertEqual(list(entries), ["a", "a/b", "a/b/c", "a/b/d"])
        self.assertEqual(entries["a"], (0o40755, b""))
        self.assertEqual(entries["a/b/c"], (0o100644, b"text"))

    def test_tree(self):
        source = self.folder / "source"
        (source / "deep").mkdir(parents=True)
        (source / "deep/program").write_text("#!/bin/sh\n")
        os.chmod(source / "deep/program", 0o755)
        (source / "link").symlink_to("deep/program")
        (source / "skipped").write_text("")
        entries = self.write(
            lambda archive: archive.tree("/place/", source, skip=lambda path: "skipped" in path)
        )
        self.assertEqual(entries["place/deep/program"], (0o100755, b"#!/bin/sh\n"))
        self.assertEqual(entries["place/link"], (0o120777, b"deep/program"))
        self.assertNotIn("place/skipped", entries)

    def test_what_is_first_stays(self):
        def fill(archive):
            archive.data("a", b"first")
            archive.data("/a", b"second")

        self.assertEqual(self.write(fill), {"a": (0o100644, b"first")})
