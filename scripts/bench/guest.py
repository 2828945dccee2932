# SPDX-License-Identifier: GPL-2.0
"""Runs a program of tests/bench in a guest, whose clock counts instructions if it is not told
otherwise."""

import shutil
import subprocess
from pathlib import Path

from environment.failure import Failure
from kernel_module.module import MODULE, PROJECT, alone
from machine import boot
from machine.session import Limits

SOURCE = PROJECT / "tests/bench"
# What the demo sends with as well.
SENDMMSG = PROJECT / "tests/demo/sendmmsg.py"
BUILD = PROJECT / "build/bench"
FOLDER = BUILD / "guest"
PLACE = "nsmux/bench"

# Nothing moves that can stay: addresses are the same in every run.
WORDS = "nokaslr"

LIMITS = Limits(total=900, silence=600)

COMPILE = ["gcc-14", "-O2", "-Wall", "-Werror", "-shared", "-fPIC"]


def prepared(environment):
    """The folder that is put into the guest, made anew: the programs, and what they count with."""
    with alone(environment, SOURCE):
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        for path in [*SOURCE.glob("*.py"), SENDMMSG]:
            shutil.copy2(path, FOLDER)
        compile_library(environment, SOURCE / "counted.c", FOLDER)
        # Not beside native.py, which Python would take it for.
        (FOLDER / "libraries").mkdir()
        compile_library(environment, SOURCE / "native.c", FOLDER / "libraries")
    return FOLDER


def compile_library(environment, source, folder):
    """Makes a library in C for programs in Python."""
    result = environment.root.run(
        COMPILE + ["-o", folder / f"{source.stem}.so", source], [PROJECT], check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode != 0:
        raise Failure(f"{source.name} does not build:\n"
                      f"{result.stdout.decode(errors='replace')}")


def run(environment, program, *arguments, on_output=boot.print_output,
        on_trouble=boot.print_trouble, contents=(), counting=True, **options):
    """Runs the program, once all is prepared, with the built module at hand; returns its exit
    status, or None. What is left are fields of boot.Run."""
    # A guest that only counts writes nothing to its log for so long that others would forget it.
    log = BUILD / f"console-{'-'.join([Path(program).stem, *map(str, arguments)])}.log"
    return boot.boot(environment, boot.Run(
        command=["python3", f"/{PLACE}/{program}", *map(str, arguments)],
        contents=[("nsmux/nsmux.ko", PROJECT / MODULE), (PLACE, FOLDER), *contents],
        boot=WORDS, limits=LIMITS, log=log, counting=counting, **options,
    ), on_output, on_trouble)
