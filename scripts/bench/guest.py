# SPDX-License-Identifier: GPL-2.0
"""Runs a program of tests/bench in a guest whose clock counts instructions."""

import shutil
import subprocess

from environment.failure import Failure
from kernel_module.module import MODULE, PROJECT, alone
from machine import boot
from machine.session import Limits

SOURCE = PROJECT / "tests/bench"
BUILD = PROJECT / "build/bench"
PLACE = "nsmux/bench"

# Nothing moves that can stay: addresses are the same in every run.
WORDS = "nokaslr"

COMPILE = ["gcc-14", "-O2", "-Wall", "-Werror", "-shared", "-fPIC"]
LIBRARY = "counted.so"


def prepared(environment):
    """The folder that is put into the guest: the programs, and the library that they count with."""
    folder = BUILD / "guest"
    with alone(environment, SOURCE):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for path in SOURCE.glob("*.py"):
            shutil.copy2(path, folder)
        result = environment.root.run(
            COMPILE + ["-o", folder / LIBRARY, SOURCE / "counted.c"], [PROJECT], check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode != 0:
        raise Failure(f"counted.c does not build:\n{result.stdout.decode(errors='replace')}")
    return folder


def run(environment, program, *arguments, on_output=boot.print_output, contents=(), words="",
        limits=Limits(total=900, silence=300)):
    """Runs the program with the built module at hand; returns its exit status, or None."""
    return boot.boot(environment, boot.Run(
        command=["python3", f"/{PLACE}/{program}", *map(str, arguments)],
        contents=[("nsmux/nsmux.ko", PROJECT / MODULE), (PLACE, prepared(environment)), *contents],
        boot=f"{WORDS} {words}".strip(),
        limits=limits,
        counting=True,
    ), on_output)
