# SPDX-License-Identifier: GPL-2.0
"""What the project needs before it can build or boot anything, and where that is."""

import os
from dataclasses import dataclass
from pathlib import Path

from environment import guest_modules, guest_userland
from environment.chroot import BuildRoot

PROJECT = Path(__file__).resolve().parents[2]


@dataclass
class Environment:
    """Where everything is."""

    cache: Path
    build_root: BuildRoot
    source: Path
    kernel: Path
    modules: Path
    layers: list


def ready():
    """The environment, made first where it is not there yet."""
    cache = Path(os.environ.get("NSMUX_CACHE") or Path.home() / ".cache/nsmux")
    build_root = BuildRoot(cache / "root", [cache, PROJECT])
    modules = next((cache / "kernel/image/usr/lib/modules").iterdir())
    env = Environment(
        cache, build_root, cache / "kernel/src", modules / "vmlinuz", modules,
        [cache / "init.cpio", cache / "userland.cpio", cache / "modules.cpio"],
    )
    return env
