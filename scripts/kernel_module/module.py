# SPDX-License-Identifier: GPL-2.0
"""Builds the module for the stock kernel, in the build root."""

import fcntl
import json
import os
import subprocess
from contextlib import contextmanager
from pathlib import Path

from environment.cache import digest
from environment.failure import Failure

PROJECT = Path(__file__).resolve().parents[2]
ROOT = "nsmux"
MODULE = f"{ROOT}.ko"
# The other root of its crate, which takes the time of lookups.
LOOKUP = "nsmux_lookup"
SOURCES = {".rs", ".c", ".h", ".txt"}
# The sources of another module: see designs.py.
OTHERS = "rust/bench"


def make_arguments(environment):
    """What the kernel's make has to be told, so that what it builds fits the kernel."""
    return json.loads((environment.tree / "nsmux-make-arguments.json").read_text())


def make_command(environment, directory, *targets):
    """The command, to be run in the build root, that makes targets of the module."""
    make = ["make", "-s", "-C", environment.tree, f"-j{os.cpu_count()}", f"M={directory}"]
    return make + make_arguments(environment) + list(targets)


@contextmanager
def alone(environment, directory):
    """Keeps two builds out of one directory."""
    lock = environment.cache.path / "runs" / f"build-{digest(str(directory))}.lock"
    with open(lock, "a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run_make(environment, directory, *targets, variables=()):
    """Runs make on the module, for the environment's kernel; returns what it wrote."""
    command = make_command(environment, directory, *variables, *targets)
    with alone(environment, directory):
        result = environment.root.run(
            command, [directory], check=False, stderr=subprocess.PIPE, stdout=subprocess.PIPE
        )
    text = result.stdout.decode(errors="replace") + result.stderr.decode(errors="replace")
    if result.returncode != 0:
        raise Failure(f"the module in {directory} does not build:\n{text}")
    return text


def build(environment, directory=PROJECT, root=ROOT, first_level=None):
    """Builds the module in a directory, in place, or another one by another root of its crate;
    returns where it is."""
    chosen = first_level or os.environ.get("NSMUX_FIRST_LEVEL")
    variables = [f"NSMUX_FIRST_LEVEL={chosen}"] if chosen else []
    variables += [f"NSMUX_ROOT={root}"] if root != ROOT else []
    built = directory / f"{root}.ko"
    # The kernel's makefiles compile a crate again each time.
    stamp = directory / "build/module.stamp"
    if built.exists() and stamp.exists() and stamp.read_text(encoding="ascii") == state(
            environment, built, variables):
        return built
    warnings = run_make(environment, directory, "modules", variables=variables)
    if warnings.strip():
        print(warnings.rstrip())
    else:
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(state(environment, built, variables), encoding="ascii")
    return built


def state(environment, built, variables):
    """A short name for what the module is built from, and for itself."""
    directory = built.parent
    sources = sorted(path for path in (directory / "rust").rglob("*")
                     if path.suffix in SOURCES and not path.name.endswith("_generated.rs")
                     and (built.name != MODULE or (directory / OTHERS) not in path.parents))
    return digest(str(environment.tree), variables, [str(path) for path in sources],
                  *sources, directory / "Kbuild", built)
