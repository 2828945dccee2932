# SPDX-License-Identifier: GPL-2.0
"""The cache: complete entries or none, one maker at a time, nothing of others removed."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from environment.cache import Cache, digest
from environment.failure import Failure

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"

# Makes an entry, tells that it has begun, and then takes for ever.
NEVER_READY = """
import sys, time
from pathlib import Path
from environment.cache import Cache

def build(path):
    path.mkdir()
    (path / "half").touch()
    print("begun", flush=True)
    time.sleep(1000)

cache = Cache(Path(sys.argv[1]))
with cache.locked():
    cache.make("build-root", "1", build)
"""

# Locks the cache, and tells so.
LOCKS = """
import sys
from pathlib import Path
from environment.cache import Cache

with Cache(Path(sys.argv[1])).locked():
    print("locked", flush=True)
"""


def start(program, path):
    """Runs a program with the scripts' modules."""
    return subprocess.Popen(
        [sys.executable, "-c", program, path],
        env=dict(os.environ, PYTHONPATH=str(SCRIPTS)),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,  # it says what it waits for
    )


class CacheTest(unittest.TestCase):
    """environment.cache"""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "cache"

    def start(self, program):
        process = start(program, self.path)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_entry_is_made_once(self):
        made = []
        cache = Cache(self.path)
        with cache.locked():
            for _ in range(2):
                cache.make("build-root", "1", lambda path: made.append(path.mkdir()))
        self.assertEqual(len(made), 1)
        self.assertTrue(cache.entry("build-root", "1").is_dir())

    def test_failed_entry_is_not_there(self):
        def build(path):
            path.mkdir()
            raise Failure("no")

        cache = Cache(self.path)
        with self.assertRaises(Failure), cache.locked():
            cache.make("build-root", "1", build)
        self.assertFalse(cache.entry("build-root", "1").exists())
        with cache.locked():
            pass
        self.assertEqual([path.name for path in self.path.glob("build-root*")], [])

    def test_killed_run_leaves_nothing_that_is_trusted(self):
        process = self.start(NEVER_READY)
        self.assertEqual(process.stdout.readline(), "begun\n")
        process.send_signal(signal.SIGKILL)
        process.wait()
        cache = Cache(self.path)
        self.assertFalse(cache.entry("build-root", "1").exists())
        with cache.locked():
            cache.make("build-root", "1", lambda path: path.mkdir())
        self.assertEqual(list(cache.entry("build-root", "1").iterdir()), [])

    def test_second_run_waits(self):
        cache = Cache(self.path)
        with cache.locked():
            process = self.start(LOCKS)
            # It cannot say that it has the lock. That it tries is seen in the kernel's table,
            # where a waiting lock is marked by an arrow.
            deadline = time.monotonic() + 30
            waiting = f"-> FLOCK  ADVISORY  WRITE {process.pid} "
            while waiting not in Path("/proc/locks").read_text():
                self.assertLess(time.monotonic(), deadline, "the other run does not wait")
                time.sleep(0.01)
        self.assertEqual(process.stdout.readline(), "locked\n")

    def test_only_own_entries_are_removed(self):
        cache = Cache(self.path)
        with cache.locked():
            cache.make("kernel-tree", "1", lambda path: path.mkdir())
        (self.path / "mine").mkdir()
        cache.remove_all()
        self.assertEqual([path.name for path in self.path.iterdir()], ["mine"])

    def test_nothing_is_removed_while_in_use(self):
        user = Cache(self.path)
        user.mark_used([])
        with self.assertRaises(Failure):
            Cache(self.path).remove_all()
        self.assertTrue((self.path / "logs").is_dir())

    def test_digest_sees_every_part(self):
        file = Path(self.path.parent / "file")
        file.write_text("a")
        first = digest(file, ["x"], "y")
        self.assertEqual(first, digest(file, ["x"], "y"))
        self.assertNotEqual(first, digest(file, ["x", "y"], ""))
        file.write_text("b")
        self.assertNotEqual(first, digest(file, ["x"], "y"))
