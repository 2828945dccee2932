#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs a program that is process 1 of user-mode Linux elsewhere on the running
kernel: in network namespaces that it makes, and that end with it.

Whatever happens, the modules that it has loaded are unloaded.
"""
import argparse
import contextlib
import importlib.util
import os
import subprocess
from pathlib import Path

OURS = ("nsmux", "nsmux_contenders")
# What the hooks in C call.
NEEDED = ("nf_socket_ipv4", "nf_socket_ipv6")


def loaded():
    """The names of all modules that are."""
    lines = Path("/proc/modules").read_text(encoding="ascii").splitlines()
    return {line.split()[0] for line in lines}


@contextlib.contextmanager
def as_before():
    """What is loaded inside is unloaded at the end."""
    before = loaded()
    try:
        subprocess.run(["modprobe", "-a", *NEEDED], check=True)
        yield
    finally:
        for name in OURS + NEEDED:
            if name in loaded() - before:
                subprocess.run(["rmmod", name], check=True)


def program(path):
    """The program as a module. By its path: a library has its name as well."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    loaded_program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded_program)
    return loaded_program


def main(options):
    """In a namespace of one's own, on one processor, as the counter of time
    stamps wants it."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.unshare(os.CLONE_NEWNET)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with as_before():
        program(options.folder / options.program).main(options)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("folder", type=Path)
    parser.add_argument("turns", type=int)
    main(parser.parse_args())
