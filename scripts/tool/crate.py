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
# Where the crate is, and what is built of it, in the project or in a copy of it.
CRATE = Path("tools/nsmux")
BUILD = Path("build/tool")

# What the crate is made of, as Cargo sees it beside its own files.
PARTS = ("Cargo.toml", "src", "fixtures")


def workspace(environment, project=PROJECT):
    """The directory in which Cargo builds: the crate, with what it depends on compiled before.

    Cargo writes its lock there and not beside the manifest, where it would name a registry.
    """
    compiled = environment.compiled_crates
    place = project / BUILD / compiled.name
    # The file says where the crates are: in another cache, if NSMUX_CACHE has changed.
    config = Path("home/config.toml")
    if place.exists() and filecmp.cmp(compiled / config, place / config, shallow=False):
        return place
    shutil.rmtree(project / BUILD, ignore_errors=True)
    partial = place.with_suffix(".partial")
    # Cargo takes what is newer than it was for changed.
    shutil.copytree(compiled, partial, copy_function=shutil.copy2)
    (partial / "Cargo.toml").unlink()
    for part in PARTS:
        (partial / part).symlink_to(project / CRATE / part)
    partial.rename(place)
    return place


def target(environment, project=PROJECT):
    """Where Cargo leaves what it makes."""
    return workspace(environment, project) / "target" / crates.TARGET


def run_cargo(environment, *arguments, project=PROJECT, variables=None):
    """Runs Cargo on the crate; returns its exit status and all that it wrote."""
    with alone(environment, project / CRATE):
        result = environment.root.run(
            crates.cargo(workspace(environment, project), *arguments), check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, environment=variables,
        )
    return result.returncode, result.stdout.decode(errors="replace")


def current():
    """Where the tool is, if it is built from what is in the crate now."""
    built = PROJECT / BUILD / "nsmux"
    parts = [PROJECT / CRATE / part for part in PARTS]
    files = [file for part in parts for file in [part, *part.rglob("*")]]
    newest = max(file.stat().st_mtime for file in files)
    return built if built.exists() and built.stat().st_mtime >= newest else None


def build(environment, project=PROJECT):
    """Builds the tool; returns where it is."""
    status, text = run_cargo(environment, "build", "--release", "--quiet", project=project)
    if status:
        raise Failure(f"the tool does not build:\n{text}")
    if text.strip():
        print(text.rstrip())
    built = target(environment, project) / "release/nsmux"
    place = project / BUILD / "nsmux"
    partial = place.with_name(f"nsmux.{os.getpid()}")
    shutil.copy2(built, partial)
    partial.rename(place)
    return place
