# SPDX-License-Identifier: GPL-2.0
"""The designs' own sources, compiled for user space."""

import subprocess

from bench.guest import BUILD
from environment.failure import Failure
from environment.progress import step
from kernel_module import designs

FOLDER = BUILD / "user-space"
FLAGS = ["--edition", "2021", "-Copt-level=2", "-Cpanic=abort", "-Coverflow-checks=off"]
SEED = 2006


def built(environment, names):
    """The program, which is built in the build root, and passes the test with these designs."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    library, program = FOLDER / "libkernel.rlib", FOLDER / "designs"
    shim, root = designs.IN_USER_SPACE
    with step("building and testing the designs for user space"):
        for command in (
                ["--crate-type", "rlib", "--crate-name", "kernel", "-o", library, shim],
                ["--crate-name", "designs", "--extern", f"kernel={library}", "-o", program, root]):
            said(environment, ["rustc", *FLAGS, *command])
        for name in names:
            said(environment, [program, "trial", name, str(SEED)])
    return program


def said(environment, command):
    """What a command in the build root says, that must not fail."""
    result = environment.root.run(command, check=False, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
    text = result.stdout.decode(errors="replace")
    if result.returncode != 0:
        raise Failure(f"{command[0]} fails:\n{text}")
    return text
