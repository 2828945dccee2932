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


def programs(tests=PROJECT / "tests"):
    """The names of all tests that run in a guest, as tests/Makefile finds them."""
    return sorted(path.stem for path in tests.glob("*.py"))


def select(names):
    """The runner's names of the tests that a person named, with or without suffix."""
    known = programs()
    unknown = [name for name in names if name.removesuffix(".py") not in known]
    if unknown:
        raise Failure(f"there is no test {unknown[0]}", f"There are: {' '.join(known)}")
    return [f"{COLLECTION}:{name.removesuffix('.py')}.py" for name in names]
