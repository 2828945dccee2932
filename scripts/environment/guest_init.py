# SPDX-License-Identifier: GPL-2.0
"""Builds the guest's process 1 and packs it as the first piece of the initramfs."""

from pathlib import Path

from environment.cache import digest
from environment.cpio import Archive
from environment.logged import run_logged

SOURCE = Path(__file__).resolve().parents[1] / "guest_init"

# Static, so that it runs before anything else of the guest is there.
FLAGS = (
    "--edition 2021 -D warnings -O -C target-feature=+crt-static -C panic=abort -C strip=symbols"
).split()


def key(root_key):
    """Changes with anything that changes the result."""
    return digest(Path(__file__), root_key, *sorted(SOURCE.glob("*.rs")))


def build(path, root, log, lock):
    """Writes the archive at `path`."""
    path.mkdir()
    command = ["rustc"] + FLAGS + ["-o", path / "init", SOURCE / "main.rs"]
    run_logged(root.command(command), log, lock)
    with Archive(path / "cpio") as archive:
        archive.path("init", path / "init")
