#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Makes the C files of the generic netlink family from its specification.

The kernel's own generator does it. It looks for the root of a kernel tree above the
specification, and takes the schema from beside it: it is run on a copy in a scratch tree.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SPECIFICATION = PROJECT / "Documentation/netlink/specs/nsmux.yaml"
BINDINGS = PROJECT / "rust/bindings"

# What is generated: the file, and the arguments of the generator.
FILES = {
    "uapi/linux/nsmux.h": ["--mode", "uapi", "--header"],
    "netlink.h": ["--mode", "kernel", "--header"],
    "netlink.c": ["--mode", "kernel", "--source"],
}


def generate(kernel, name, arguments):
    """The text of one file; its name decides which header it includes."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        (root / "MAINTAINERS").touch()
        specs = root / "Documentation/netlink/specs"
        specs.mkdir(parents=True)
        shutil.copy(SPECIFICATION, specs)
        shutil.copy(kernel / "Documentation/netlink/genetlink.yaml", specs.parent)
        command = [sys.executable, kernel / "tools/net/ynl/pyynl/ynl_gen_c.py",
                   "--spec", specs / SPECIFICATION.name, "-o", root / Path(name).name, *arguments]
        subprocess.run(command, check=True)
        return (root / Path(name).name).read_text()


def main():
    """Writes the files, or says which of them differ."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("kernel", type=Path, help="source of the kernel whose generator is used")
    parser.add_argument("--check", action="store_true",
                        help="write nothing; fail if a file is not what would be written")
    options = parser.parse_args()
    stale = []
    for name, arguments in FILES.items():
        text = generate(options.kernel, name, arguments)
        path = BINDINGS / name
        if path.exists() and path.read_text() == text:
            continue
        stale.append(name)
        if not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"wrote {path.relative_to(PROJECT)}")
    if options.check and stale:
        sys.exit(f"{', '.join(stale)}: not what {SPECIFICATION.relative_to(PROJECT)} says; "
                 "run scripts/netlink_codes.py")


if __name__ == "__main__":
    main()
