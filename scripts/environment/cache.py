# SPDX-License-Identifier: GPL-2.0
"""The cache directory: everything that was made once and is used again.

An entry's name holds a digest of all that it was made from, so that an entry is either right or
not there. It is made under another name and renamed when it is complete and on the disk; what a
dead run left behind is removed by the next one. One run at a time makes entries.
"""

import fcntl
import hashlib
import json
import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from environment.chroot import namespace_options
from environment.failure import Failure
from environment.progress import say

PARTIAL = ".partial"

# Where entries of this project begin with one of these; nothing else is ever removed.
KINDS = (
    "build-root", "kernel-choice", "kernel-packages", "kernel-image", "kernel-tree",
    "guest-init", "guest-userland", "guest-modules", "accelerator", "crates", "crates-compiled",
    "debug-root", "debug-kernel", "undivided-kernel", "uml-kernel", "valgrind",
    "upstream-root", "upstream-tests", "upstream-userland", "upstream-modules",
)  # fmt: skip
FOLDERS = ("logs", "runs")
LOCKS = ("lock", "users")

# Entries that nothing has used for so many days are of versions long gone.
FORGET_DAYS = 30


def default_path():
    """Where the cache is unless the person says otherwise."""
    chosen = os.environ.get("NSMUX_CACHE")
    return Path(chosen).resolve() if chosen else Path.home() / ".cache/nsmux"


def digest(*parts):
    """A short name for the content of all parts: text, or paths of files."""
    total = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else json.dumps(part).encode()
        total.update(hashlib.sha256(data).digest())
    return total.hexdigest()[:16]


def remove(path):
    """Removes a file or a whole directory, also when its files belong to subordinate users."""
    command = ["rm", "-rf", "--one-file-system", str(path)]
    if os.geteuid() != 0:
        command = ["unshare"] + namespace_options() + command
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True)


class Cache:
    """The directory and its lock."""

    def __init__(self, path):
        self.path = path
        self.lock = None
        self.users = None
        try:
            for folder in FOLDERS:
                (path / folder).mkdir(parents=True, exist_ok=True)
            # Open as long as this program runs: whoever holds it uses the entries.
            self.users = os.open(path / "users", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise Failure(
                f"cannot write to the cache: {error}",
                "Set NSMUX_CACHE to a directory that this user may write to.",
            ) from error

    def mark_used(self, entries):
        """Says that this program uses these entries, now and until it ends."""
        fcntl.flock(self.users, fcntl.LOCK_SH)
        for entry in entries:
            os.utime(entry)

    def forget_old(self):
        """Removes entries that have not been used for long. Only while locked."""
        oldest = time.time() - FORGET_DAYS * 24 * 3600
        for entry in self.entries():
            if entry.name not in FOLDERS + LOCKS and entry.stat().st_mtime < oldest:
                say(f"removing what has not been used for {FORGET_DAYS} days: {entry.name}")
                remove(entry)

    def remove_all(self):
        """Removes all that this project has put into the directory, unless it is in use."""
        with self.locked():
            try:
                fcntl.flock(self.users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Failure(
                    f"another program is using the cache in {self.path}",
                    "Let it end first: a build, a guest or a shell in one.",
                ) from error
            for entry in self.entries():
                remove(entry)
        if not any(self.path.iterdir()):
            self.path.rmdir()

    def entry(self, kind, key):
        """Where an entry is, or would be."""
        return self.path / f"{kind}-{key}"

    @contextmanager
    def locked(self):
        """Keeps other runs from making entries.

        Programs that are started meanwhile inherit the lock: should this run be killed, the next
        one waits until the last of them is gone too.
        """
        with open(self.path / "lock", "a", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("another run is setting up in the same cache; waiting for it")
                fcntl.flock(file, fcntl.LOCK_EX)
            self.lock = file.fileno()
            try:
                for leftover in self.path.glob(f"*{PARTIAL}"):
                    say(f"removing what an interrupted run left: {leftover.name}")
                    remove(leftover)
                yield
            finally:
                self.lock = None

    def make(self, kind, key, build):
        """Makes an entry: `build` gets the path to make it at. Only while locked."""
        final = self.entry(kind, key)
        if not final.exists():
            partial = final.with_name(final.name + PARTIAL)
            build(partial)
            # A rename must not reach the disk before what it names.
            subprocess.run(["sync", "--file-system", partial], check=True)
            os.rename(partial, final)
        return final

    def entries(self):
        """All that this project has put into the directory."""
        beginnings = tuple(f"{kind}-" for kind in KINDS)
        return sorted(
            path
            for path in self.path.iterdir()
            if path.name in FOLDERS + LOCKS or path.name.startswith(beginnings)
        )
