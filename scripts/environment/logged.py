# SPDX-License-Identifier: GPL-2.0
"""Runs the long commands of the set-up: quiet while all is well, telling when it is not."""

import re
import shutil
import subprocess

from environment.failure import CommandFailure, Failure

# Lines of a failed command's output that are shown.
SHOWN = 15

UNREACHABLE = re.compile(
    r"Could not resolve|Temporary failure resolving|Could not connect|Unable to connect|"
    r"Cannot initiate the connection|Network is unreachable|Connection timed out|"
    r"Connection refused|Connection failed"
)

# Less room than this on a full disk is taken as the reason for a failure.
NO_ROOM = 64 << 20


def command_text(command):
    """The last words of a command: what it runs inside, rather than how it gets there."""
    words = [str(part) for part in command]
    return " ".join(words[-6:])


def run_logged(command, log, lock=None):
    """Runs `command` with its output appended to `log`; fails with the reason if it fails."""
    with open(log, "a", encoding="utf-8") as file:
        begin = file.tell()
        result = subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            pass_fds=[] if lock is None else [lock],
            check=False,
        )
    if result.returncode == 0:
        return
    text = log.read_text(errors="replace")[begin:]
    if shutil.disk_usage(log.parent).free < NO_ROOM or "No space left on device" in text:
        raise Failure(
            f"the disk with {log.parent.parent} is full",
            "Make room there, or set NSMUX_CACHE to a directory on a larger disk.",
        )
    if UNREACHABLE.search(text):
        raise Failure(
            "the distribution's package mirror cannot be reached",
            "The first set-up needs the network. Connect this machine (behind a proxy, set "
            f"http_proxy and https_proxy) and run the same command again. Details: {log}",
        )
    shown = "\n".join("    " + line for line in text.splitlines()[-SHOWN:])
    raise CommandFailure(f"a command failed ({result.returncode}): {command_text(command)}",
                         f"The end of {log}:\n{shown}", text)
