# SPDX-License-Identifier: GPL-2.0
"""A copy of the module's sources, so that the project's own build stays as it is."""

import contextlib
import shutil
import tempfile
from pathlib import Path

from kernel_module.module import PROJECT

# What a build leaves beside the sources.
PRODUCTS = shutil.ignore_patterns("*.o", "*.ko", "*.mod", "*.cmd", "*.d", "*_generated.rs")


@contextlib.contextmanager
def copy(environment, source=PROJECT):
    """The directory with the copy of what Kbuild needs; gone afterwards."""
    runs = environment.cache.path / "runs"
    with tempfile.TemporaryDirectory(dir=runs, prefix="module-") as name:
        shutil.copy(source / "Kbuild", name)
        shutil.copytree(source / "rust", Path(name) / "rust", ignore=PRODUCTS)
        yield Path(name)
