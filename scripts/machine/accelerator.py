# SPDX-License-Identifier: GPL-2.0
"""Chooses between hardware virtualisation and emulation.

A /dev/kvm that exists proves nothing: nested virtualisation can fail at the first instruction of
a real kernel. So the kernel to be used is started with KVM once, and must write its first line.
"""

import functools
import os
import re
import subprocess
from pathlib import Path

from environment.cache import digest
from environment.progress import say

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
PROBE_SECONDS = 20


def probe(environment):
    """Starts the stock kernel with KVM: with nothing to run, it must end in its own panic."""
    command = f"timeout --signal=KILL {PROBE_SECONDS} qemu-system-x86_64".split()
    command += "-nodefaults -no-user-config -display none -no-reboot -serial stdio".split()
    command += "-machine q35 -accel kvm -cpu max -smp 2 -m 512".split()
    command += ["-kernel", environment.image.kernel, "-append", "console=ttyS0 panic=-1"]
    result = environment.root.run(
        command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return result.returncode == 0 and b"Kernel panic" in result.stdout


def why_not(environment):
    """The reason against KVM, or an empty string."""
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    if not re.search(r"^flags\s*:.*\b(vmx|svm)\b", flags, re.MULTILINE):
        return "the processor has no virtualisation"
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "/dev/kvm is missing or not accessible"
    if not probe(environment):
        return "/dev/kvm is there, but a guest does not start with it"
    return ""


@functools.cache
def choose(environment):
    """"kvm" or "tcg"; says which, and remembers it until the host is booted again."""
    kernel = environment.image.path.name
    memory = environment.cache.entry("accelerator", digest(BOOT_ID, kernel, os.geteuid()))
    if memory.exists():
        reason = memory.read_text(encoding="utf-8")
    else:
        reason = why_not(environment)
        memory.write_text(reason, encoding="utf-8")
    if reason:
        say(f"QEMU emulates the processor (TCG): {reason}")
        return "tcg"
    say("QEMU uses KVM")
    return "kvm"
