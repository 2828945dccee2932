# SPDX-License-Identifier: GPL-2.0
"""The guest's user space with what the kernel's own selftests call, as a cpio.

Run as a program inside the overlay, where both parts of the root are seen as one.
"""

import os
import sys
from pathlib import Path

from environment import cpio, guest_userland, upstream_root
from environment.cache import digest
from environment.chroot import BuildRoot
from environment.logged import run_logged

KIND = "upstream-userland"
ALTERNATIVES = "/etc/alternatives/"
SCRIPTS = Path(__file__).resolve().parents[1]


def key(root_key):
    """Changes with anything that changes the result; `root_key` is that of the overlay."""
    return digest(Path(__file__), guest_userland.key(root_key))


def build(path, root, log, lock):
    """Writes the archive at `path`."""
    run_logged(root.command(["python3", "-B", "-m", "environment.upstream_userland", path],
                            [SCRIPTS], {"PYTHONPATH": SCRIPTS}), log, lock)


def add_links(path, folders=("/usr/bin", "/usr/sbin")):
    """Adds the names that programs have by Debian's alternatives: no package owns those."""
    with cpio.Archive(path / "links") as archive:
        for folder in map(Path, folders):
            for entry in sorted(folder.iterdir()):
                if entry.is_symlink() and os.readlink(entry).startswith(ALTERNATIVES):
                    archive.path(str(entry), entry)
    with open(path / "cpio", "ab") as whole:
        whole.write((path / "links").read_bytes())
    (path / "links").unlink()


if __name__ == "__main__":
    guest_userland.PACKAGES += upstream_root.RUN
    guest_userland.build(Path(sys.argv[1]), BuildRoot("/"), None, None)
    add_links(Path(sys.argv[1]))
