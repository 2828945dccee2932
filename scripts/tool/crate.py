# SPDX-License-Identifier: GPL-2.0
"""Builds the command-line tool, in the build root."""

import filecmp
import os
import shutil
import subprocess
from pathlib import Path

from environment import crates
from environment.failure import Failure
from kernel_module.module import alone

PROJECT = Path(__file__).resolve().parents[2]
CRATE = PROJECT / "tools/nsmux"
BUILD = PROJECT / "build/tool"

# What the crate is made of, as Cargo sees it beside its own files.
PARTS = ("Cargo.toml", "src", "fixtures")


def workspace(environment):
    """The directory in which Cargo builds: the crate, with what it depends on compiled before.

    Cargo writes its lock there and not beside the manifest, where it would name a registry.
    """
    compiled = environment.compiled_crates
    place = BUILD / compiled.name
    # The file says where the crates are: in another cache, if NSMUX_CACHE has changed.
    config = Path("home/config.toml")
    if place.exists() and filecmp.cmp(compiled / config, place / config, shallow=False):
        return place
    shutil.rmtree(BUILD, ignore_errors=True)
    partial = place.with_suffix(".partial")
    # Cargo takes what is newer than it was for changed.
    shutil.copytree(compiled, partial, copy_function=shutil.copy2)
    (partial / "Cargo.toml").unlink()
    for part in PARTS:
        (partial / part).symlink_to(CRATE / part)
    partial.rename(place)
    return place


def target(environment):
    """Where Cargo leaves what it makes."""
    return workspace(environment) / "target" / crates.TARGET


def run_cargo(environment, *arguments, variables=None):
    """Runs Cargo on the crate; returns its exit status and all that it wrote."""
    with alone(environment, CRATE):
        result = environment.root.run(
            crates.cargo(workspace(environment), *arguments), check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, environment=variables,
        )
    return result.returncode, result.stdout.decode(errors="replace")


def current():
    """Where the tool is, if it is built from what is in the crate now."""
    built = BUILD / "nsmux"
    files = [file for part in PARTS for file in [CRATE / part, *(CRATE / part).rglob("*")]]
    newest = max(file.stat().st_mtime for file in files)
    return built if built.exists() and built.stat().st_mtime >= newest else None


def build(environment):
    """Builds the tool; returns where it is."""
    status, text = run_cargo(environment, "build", "--release", "--quiet")
    if status:
        raise Failure(f"the tool does not build:\n{text}")
    if text.strip():
        print(text.rstrip())
    built = target(environment) / "release/nsmux"
    partial = BUILD / f"nsmux.{os.getpid()}"
    shutil.copy2(built, partial)
    partial.rename(BUILD / "nsmux")
    return BUILD / "nsmux"
