# SPDX-License-Identifier: GPL-2.0
"""Installs the tests as the kernel's runner wants them, and finds tests by name."""

import subprocess
from pathlib import Path

from environment.failure import Failure
from kernel_module.module import alone, make_arguments

PROJECT = Path(__file__).resolve().parents[2]
COLLECTION = "nsmux"
SPECS = PROJECT / "Documentation/netlink/specs"


def install(environment, destination, tests=PROJECT / "tests"):
    """Leaves a complete tree, run_kselftest.sh included, in a directory."""
    command = ["make", "-s", "-C", tests, "kselftest", f"KSRC={environment.tree}",
               f"DEST={destination}", f"KDIR={environment.tree}"]  # fmt: skip
    command += make_arguments(environment)
    # A kernel module of the tests is built in place.
    with alone(environment, tests):
        result = environment.root.run(
            command, [tests, SPECS], check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    if result.returncode != 0:
        raise Failure(f"the tests cannot be installed:\n{result.stdout.decode(errors='replace')}")


def select(destination, names):
    """The runner's names of the tests that a person named, with or without suffix."""
    lines = (destination / "kselftest-list.txt").read_text(encoding="utf-8").split()
    known = [line.partition(":")[2] for line in lines]
    selected = []
    for name in names:
        matches = [test for test in known if name in (test, test.rpartition(".")[0])]
        if not matches:
            shown = " ".join(test.rpartition(".")[0] or test for test in known)
            raise Failure(f"there is no test {name}", f"There are: {shown}")
        selected += [f"{COLLECTION}:{test}" for test in matches]
    return selected
