# SPDX-License-Identifier: GPL-2.0
"""Builds the kernel module of hooks in C that nsmux is compared with."""

import shutil

from bench.guest import BUILD, SOURCE
from kernel_module import module

NAME = "nsmux_contenders.ko"


def build(environment):
    """Builds it beside the sources' copy; returns what a guest needs for it."""
    folder = BUILD / "contenders"
    # With the times that the sources have, so that nothing is compiled again in vain.
    shutil.copytree(SOURCE / "contenders", folder, dirs_exist_ok=True)
    module.run_make(environment, folder, "modules")
    return [(f"nsmux/{NAME}", folder / NAME)]
