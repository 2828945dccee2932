# SPDX-License-Identifier: GPL-2.0
"""Valgrind of the distribution, whose cachegrind simulates the caches of a processor.

It lies beside the build root, and runs in there: were it installed there, everybody would have it
and all that the build root has made would be made anew, for one part of `make bench`.
"""

from pathlib import Path

from environment import debian_kernel, disk
from environment.cache import digest
from environment.chroot import check_privilege
from environment.failure import CommandFailure
from environment.logged import run_logged
from environment.progress import step

KIND = "valgrind"
UNPACK = ('mkdir "$0" && cd "$0" && apt-get download valgrind && dpkg-deb -x valgrind_*.deb . '
          '&& rm valgrind_*.deb')


def build(path, root, log, lock):
    """Downloads and unpacks it."""
    try:
        run_logged(root.command(["sh", "-c", UNPACK, path]), log, lock)
    except CommandFailure as failure:
        if not debian_kernel.GONE.search(failure.output):
            raise
        debian_kernel.refresh(root, log, lock)
        run_logged(root.command(["sh", "-c", f'rm -rf "$0" && {UNPACK}', path]), log, lock)


def ready(stock):
    """The folder that has it, made first where it is not there yet."""
    cache, key = stock.cache, digest(Path(__file__), stock.root_key)
    entry = cache.entry(KIND, key)
    if not entry.exists():
        check_privilege()
        with cache.locked(), step("downloading Valgrind"):
            disk.check(cache.path, disk.VALGRIND)
            log = cache.path / "logs" / f"{KIND}.log"
            cache.make(KIND, key, lambda path: build(path, stock.root, log, cache.lock))
    cache.mark_used([entry])
    return entry


def command(folder, *arguments):
    """The command inside the build root."""
    return ["env", f"VALGRIND_LIB={folder}/usr/libexec/valgrind", f"{folder}/usr/bin/valgrind",
            *arguments]
