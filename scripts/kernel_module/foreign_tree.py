# SPDX-License-Identifier: GPL-2.0
"""Builds the module with a kernel tree of a person's own, by the tools of this machine."""

import os
import re
import shutil
import subprocess

from environment.failure import Failure

# What a kernel tree has after `make modules_prepare` or a full build with CONFIG_RUST.
METADATA = ("libcore.rmeta", "libkernel.rmeta", "libbindings.rmeta", "libmacros.so")
TOOLS = ("make", "rustc", "bindgen")


def configuration(tree):
    """The options of a configured tree, name -> value."""
    file = tree / "include/config/auto.conf"
    if not file.exists():
        raise Failure(
            f"{tree} is not a configured kernel tree: it has no include/config/auto.conf",
            "Run `make modules_prepare` there (or a full build), or set KDIR to its output "
            "directory if it was built with O=.",
        )
    return dict(re.findall(r"^CONFIG_(\w+)=(.*)$", file.read_text(), re.MULTILINE))


def rust_available(tree):
    """What the kernel's own check of the Rust toolchain says."""
    result = subprocess.run(
        ["make", "-s", "-C", str(tree), "rustavailable"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    return result.stdout.decode(errors="replace").strip()


def check(tree):
    """Fails with all that is missing, if anything is."""
    options = configuration(tree)
    missing = [f"the program {tool}" for tool in TOOLS if shutil.which(tool) is None]
    if options.get("MODULES") != "y":
        missing.append("CONFIG_MODULES=y (support for loadable modules)")
    if options.get("RUST") != "y":
        missing.append("CONFIG_RUST=y (the kernel is built without Rust)")
    else:
        missing += [
            f"rust/{name} (Rust metadata; distributions' headers packages leave it out)"
            for name in METADATA
            if not (tree / "rust" / name).exists()
        ]
    if not (tree / "Module.symvers").exists():
        missing.append("Module.symvers (the kernel's exported symbols; a full build writes it)")
    if not missing:
        return
    raise Failure(
        f"{tree} cannot build Rust modules. Missing:\n"
        + "\n".join(f"         - {name}" for name in missing),
        "Build that kernel with CONFIG_RUST=y and its matching toolchain (at least "
        "`make modules_prepare`). Its own check says:\n"
        + "\n".join(f"         {line}" for line in rust_available(tree).splitlines()),
    )


def make(tree, directory):
    """Builds what the Kbuild in a directory says, in place."""
    command = ["make", "-C", str(tree), f"-j{os.cpu_count()}", f"M={directory}", "modules"]
    if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode != 0:
        raise Failure(f"the module does not build with {tree}; see above")


def build(tree, directory):
    """Builds the module in place; returns where it is."""
    check(tree)
    make(tree, directory)
    return directory / "nsmux.ko"
