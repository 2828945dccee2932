#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Opens a shell in the guest, with the module loaded and a few namespaces ready."""

import math
import shutil
import sys
import termios
from pathlib import Path

from environment import provision
from environment.failure import Failure, report
from kernel_module import module
from machine import boot
from machine.session import Limits
from tool import crate

WELCOME = Path(__file__).with_name("guest_shell") / "welcome.sh"
PLACE = "nsmux/welcome.sh"

# A person may take as long as they like.
NO_LIMITS = Limits(total=math.inf, silence=math.inf)


def shell_command():
    """The shell as a session of its own, on a terminal as large as this one."""
    size = shutil.get_terminal_size()
    script = f"stty rows {size.lines} columns {size.columns}; exec bash --rcfile /{PLACE} -i"
    return ["setsid", "--ctty", "--wait", "sh", "-c", script]


def main():
    """Boots, and hands over the terminal."""
    if not sys.stdin.isatty():
        raise Failure(
            "a shell needs a terminal",
            "For a single command use: python3 scripts/guest.py -- COMMAND…",
        )
    environment = provision.ready()
    module.build(environment)
    crate.build(environment)
    run = boot.Run(
        command=shell_command(),
        contents=boot.default_contents() + [(PLACE, WELCOME)],
        limits=NO_LIMITS,
        interactive=True,
    )
    settings = termios.tcgetattr(sys.stdin)
    try:
        status = boot.boot(environment, run)
    finally:
        # QEMU gives the terminal back as it was, unless it is killed.
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, settings)
    return 1 if status is None else 0


if __name__ == "__main__":
    sys.exit(report(main))
