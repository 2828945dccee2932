#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs a program, and takes down a thousand times a second where it is and what is on its stack.

It does so as a debugger would: the program is stopped, read, and let go on. That is possible where
perf is not, whose system call containers refuse and which would have to be installed; it works in
the build root, and for an ordinary user. A stop takes some 50 us. A program that waits, be it for a
processor, is left alone: what is told is where a processor was busy.

    sampler.py FILE COMMAND...
"""

import ctypes
import os
import random
import signal
import struct
import sys
import time

# Seconds between two samples: on average, since what the program does regularly is not to be met
# always or never.
INTERVAL = 0.001
# Nanoseconds of a processor without which, between two times, it is not looked at.
HARDLY = 100_000
# A sample begins with when it was taken, how much time of processors the program had had until
# then, both in nanoseconds, three registers, and how many bytes of its stack follow.
HEAD = struct.Struct("=5QI")
# Kernel stacks are 4 pages, and lie at multiples of that.
STACK = 4 * 4096

PTRACE_CONT, PTRACE_GETREGS, PTRACE_SEIZE, PTRACE_INTERRUPT = 7, 12, 0x4206, 0x4207
PTRACE_O_EXITKILL = 1 << 20
PTRACE_EVENT_STOP = 128
# Of struct user_regs_struct, which has only such numbers.
REGISTERS, RBP, RIP, RSP = 27, 4, 16, 19
# Stops of all threads, the main one's too.
WALL = 0x40000000
# What CPU clock of a process it is: the one that the scheduler keeps.
SCHEDULED = 2


class Vector(ctypes.Structure):
    """struct iovec"""

    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


LIBRARY = ctypes.CDLL(None, use_errno=True)
LIBRARY.ptrace.argtypes = [ctypes.c_long] + 3 * [ctypes.c_void_p]
LIBRARY.ptrace.restype = ctypes.c_long


def ptrace(request, process, data=0):
    """The system call; fails if it does."""
    if LIBRARY.ptrace(request, process, 0, data) == -1:
        raise OSError(ctypes.get_errno(), f"ptrace request {request:#x}")


class Program:
    """A child that is traced."""

    def __init__(self, command):
        self.process = os.fork()
        if self.process == 0:
            os.execv(command[0], command)
        ptrace(PTRACE_SEIZE, self.process, PTRACE_O_EXITKILL)
        # "running", or in which system call it waits.
        self.state = os.open(f"/proc/{self.process}/syscall", os.O_RDONLY)
        self.clock = ~self.process << 3 | SCHEDULED
        self.had = 0
        self.registers = (ctypes.c_ulonglong * REGISTERS)()
        self.stack = ctypes.create_string_buffer(STACK)
        self.status = None

    def is_busy(self):
        """Whether it waits for nothing, and has not waited for a processor since the last time."""
        before, self.had = self.had, time.clock_gettime_ns(self.clock)
        return (self.had - before >= HARDLY
                and os.pread(self.state, 16, 0).startswith(b"running"))

    def stopped(self, flags=0):
        """Has the signals delivered that it was stopped for. Whether it is stopped because of
        PTRACE_INTERRUPT; without WNOHANG in `flags`, waits for that."""
        while True:
            process, status = os.waitpid(self.process, WALL | flags)
            if process == 0:
                return False
            if not os.WIFSTOPPED(status):
                self.status = os.waitstatus_to_exitcode(status)
                return False
            if status >> 16 == PTRACE_EVENT_STOP:
                return True
            ptrace(PTRACE_CONT, self.process, os.WSTOPSIG(status))

    def sample(self):
        """One, or nothing if it has ended meanwhile."""
        ptrace(PTRACE_INTERRUPT, self.process)
        if not self.stopped():
            return b""
        ptrace(PTRACE_GETREGS, self.process, ctypes.addressof(self.registers))
        taken = self.read_stack(self.registers[RSP])
        head = HEAD.pack(time.monotonic_ns(), self.had, self.registers[RIP], self.registers[RSP],
                         self.registers[RBP], taken)
        ptrace(PTRACE_CONT, self.process)
        return head + self.stack[:taken]

    def read_stack(self, pointer):
        """Copies what is on it; returns how many bytes, none if it is no stack."""
        length = STACK - pointer % STACK
        ours = Vector(ctypes.addressof(self.stack), length)
        theirs = Vector(pointer, length)
        return max(0, LIBRARY.process_vm_readv(
            self.process, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0))


def main(file, *command):
    """Until it ends; then as it has ended."""
    program = Program(command)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    with open(file, "wb") as samples:
        due = time.monotonic()
        while program.status is None:
            now = time.monotonic()
            if now < due:
                # When it is stopped for a signal, it waits for us.
                if signal.sigtimedwait({signal.SIGCHLD}, due - now):
                    program.stopped(os.WNOHANG)
                continue
            if program.is_busy():
                samples.write(program.sample())
            due = time.monotonic() + random.uniform(0.5, 1.5) * INTERVAL
    return program.status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
