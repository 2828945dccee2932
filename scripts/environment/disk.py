# SPDX-License-Identifier: GPL-2.0
"""Checks that there is room before anything large is made."""

import os

from environment.failure import Failure

# Measured, in megabytes: what each takes while it is being made.
BUILD_ROOT = 1900
KERNEL = 1700
GUEST = 200
CRATES = 300
DEBUG = 6500
UNDIVIDED = 2500
UML = 2500
VALGRIND = 200
UPSTREAM = 2500

# What remains free for logs, builds and runs.
RESERVE_MEGABYTES = 500


def check(path, megabytes):
    """Fails, with figures, if the disk with `path` cannot take so much more."""
    status = os.statvfs(path)
    free = status.f_bavail * status.f_frsize >> 20
    needed = megabytes + RESERVE_MEGABYTES
    if free < needed:
        raise Failure(
            f"too little disk space at {path}: {needed} MB are needed, {free} MB are free",
            "Make room there, or set NSMUX_CACHE to a directory on a larger disk.",
        )
