#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Builds nsmux.ko: in the build root for the stock kernel, or with a kernel tree of one's own."""

import argparse
import sys
from pathlib import Path

from environment import provision
from environment.failure import report
from kernel_module import foreign_tree, module


def main(arguments):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernel-tree", type=Path, metavar="DIRECTORY",
                        help="a built kernel tree with Rust, instead of the stock kernel's")
    parser.add_argument("--directory", type=Path, default=module.PROJECT,
                        help="where the module's Kbuild is (default: this project)")
    options = parser.parse_args(arguments)
    if options.kernel_tree:
        built = foreign_tree.build(options.kernel_tree.resolve(), options.directory.resolve())
    else:
        built = module.build(provision.ready(), options.directory.resolve())
    print(built)


if __name__ == "__main__":
    sys.exit(report(lambda: main(sys.argv[1:])))
