#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Removes what was built in the project's directory, or all that was put into the cache."""

import argparse
import fnmatch
import os
import shutil
import sys
from pathlib import Path

from environment.cache import Cache, default_path
from environment.failure import report

PROJECT = Path(__file__).resolve().parent.parent

# What the kernel's build system, Python and `make doc` leave behind.
FILES = ("*.cmd", "*.ko", "*.mod", "*.mod.c", "*.o", "*.d", "Module.symvers", "modules.order",
         "bindings_generated.rs")  # fmt: skip
DIRECTORIES = ("__pycache__", "build")

# Other people's: the history, and what Cargo builds.
KEPT = (".git", "target")


def clean():
    """Removes what was built from this directory."""
    for folder, directories, files in os.walk(PROJECT):
        for name in [name for name in directories if name in DIRECTORIES]:
            shutil.rmtree(os.path.join(folder, name))
        directories[:] = [name for name in directories if name not in DIRECTORIES + KEPT]
        for name in files:
            if any(fnmatch.fnmatch(name, pattern) for pattern in FILES):
                os.unlink(os.path.join(folder, name))


def main(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", action="store_true", help="the cache instead")
    if not parser.parse_args(arguments).cache:
        clean()
    elif default_path().exists():
        Cache(default_path()).remove_all()


if __name__ == "__main__":
    sys.exit(report(lambda: main(sys.argv[1:])))
