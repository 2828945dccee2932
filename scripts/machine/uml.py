# SPDX-License-Identifier: GPL-2.0
"""Runs a program as process 1 of user-mode Linux, in the build root.

The guest sees the files of the build root, and those of the host that are visible there, and can
write to none. What the program and the kernel print comes out line by line.
"""

import os
import subprocess
import threading

from environment.failure import Failure
from machine import console

MEGABYTES = 512
PYTHON = "/usr/bin/python3"
PANIC = "Kernel panic"
# Lines shown of a guest that failed.
SHOWN = 30


def on_one_processor():
    """Has a command and all that it starts stay on one of the processors that may be used.

    A program in the guest is a process of the host's, and the kernel another, of which one waits
    for the other at each system call. If they are on two processors that have nothing else to do,
    both fall asleep each time, and one has to wake up the other: where there is a hypervisor below,
    an empty system call takes 20 to 45 us, and 5 to 12 us on one processor.
    """
    return ["/usr/bin/taskset", "--cpu-list", str(max(os.sched_getaffinity(0)))]


def command_line(kernel, program, arguments, megabytes=MEGABYTES, words=()):
    """The command inside the build root."""
    return [
        kernel, f"mem={megabytes}M", *words,
        "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro",
        # Only what the kernel has to complain of stands between the program's lines.
        "console=tty0", "con=null", "con0=null,fd:1", "loglevel=5",
        # Its sockets for consoles of its own go where they end with it.
        "uml_dir=/tmp",
        # System calls by seccomp where the host lets it: the other way takes twice as long.
        "seccomp=auto",
        # Loading and unloading waits for many grace periods.
        "rcupdate.rcu_expedited=1",
        "PATH=/usr/sbin:/usr/bin", f"init={PYTHON}", "--", "-B", program, *arguments,
    ]  # fmt: skip


def run(environment, program, arguments, on_line, seconds, under=(), **machine):
    """Runs the program, which powers the guest off at its end; `on_line` gets each line. Fails if
    it takes longer, or if the kernel complains. `machine`: memory, and words for the kernel, which
    is run by the command `under`, if that is given."""
    kernel = command_line(environment.kernel, program, arguments, **machine)
    command = environment.root.command([*under, *on_one_processor(), *kernel])
    lines, late = [], threading.Event()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:

        def give_up():
            late.set()
            process.kill()

        timer = threading.Timer(seconds, give_up)
        timer.start()
        try:
            for line in process.stdout:
                lines.append(line.decode(errors="replace").rstrip())
                on_line(lines[-1])
                # After that it would hang.
                if PANIC in lines[-1]:
                    break
        finally:
            timer.cancel()
            process.kill()
    if late.is_set():
        raise Failure(f"user-mode Linux was not done in {seconds} s:\n" + shown(lines))
    if console.search("\n".join(lines)):
        raise Failure("user-mode Linux complains:\n" + shown(lines))
    return lines


def shown(lines):
    """The end of what was printed."""
    return "\n".join(lines[-SHOWN:])
