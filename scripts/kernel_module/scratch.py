# SPDX-License-Identifier: GPL-2.0
"""A copy of the sources, so that the project's own build stays as it is."""

import contextlib
import shutil
import tempfile
from pathlib import Path

from kernel_module.module import PROJECT

# What a build leaves beside the sources.
PRODUCTS = shutil.ignore_patterns("*.o", "*.ko", "*.mod", "*.cmd", "*.d", "*_generated.rs")

# The tool's crate, which the module does not need.
TOOL = "tools/nsmux"


@contextlib.contextmanager
def copy(environment, source=PROJECT):
    """The directory with the copy of module and tool; gone afterwards."""
    runs = environment.cache.path / "runs"
    with tempfile.TemporaryDirectory(dir=runs, prefix="module-") as name:
        shutil.copy(source / "Kbuild", name)
        shutil.copytree(source / "rust", Path(name) / "rust", ignore=PRODUCTS)
        shutil.copytree(source / TOOL, Path(name) / TOOL, ignore=shutil.ignore_patterns("target"))
        yield Path(name)
