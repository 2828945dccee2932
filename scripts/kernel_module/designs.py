# SPDX-License-Identifier: GPL-2.0
"""Builds nsmux_bench.ko, the designs that are compared: beside the sources, for any kernel."""

import shutil

from environment.cache import digest
from kernel_module import module
from kernel_module.scratch import PRODUCTS

SOURCE = module.PROJECT / module.OTHERS
NAME = "nsmux_bench.ko"
ROOT = "nsmux_bench_main.rs"
# The same for a program of user space: what stands for the kernel's crate, and the program.
IN_USER_SPACE = (SOURCE / "user_space/kernel.rs", SOURCE / "user_space_main.rs")
# Where a guest has it, and the test that wants it there.
PLACE = f"nsmux/{NAME}"
TEST = "bench_designs"


def build(environment, tree=module.PROJECT):
    """Builds what a copy of the project has of it for the environment's kernel, unless that was
    done; returns where it is."""
    source = tree / module.OTHERS
    folder = tree / "build/designs" / environment.tree.name
    # With the times that the sources have.
    shutil.copytree(source, folder, ignore=PRODUCTS, dirs_exist_ok=True)
    built, stamp = folder / NAME, folder / "stamp"
    if (built.exists() and stamp.exists()
            and stamp.read_text(encoding="ascii") == state(source, built)):
        return built
    warnings = module.run_make(environment, folder, "modules")
    if warnings.strip():
        print(warnings.rstrip())
    stamp.write_text(state(source, built), encoding="ascii")
    return built


def state(source, built):
    """A short name for what it is built from, and for itself."""
    sources = sorted(path for path in source.rglob("*")
                     if path.suffix in module.SOURCES or path.name == "Kbuild")
    return digest([str(path) for path in sources], *sources, built)


def wanted(names):
    """What a guest needs that runs these tests, or all."""
    return not names or any(name.removesuffix(".py") == TEST for name in names)
