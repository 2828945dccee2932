# SPDX-License-Identifier: GPL-2.0
"""QEMU's command line."""

from dataclasses import dataclass, field

MEGABYTES = 3072
PROCESSORS = 2

BOOT = (
    # The whole log matters: it is searched for warnings.
    "console=ttyS0 loglevel=7 "
    # A kernel that is broken ends the guest at once.
    "panic=-1 oops=panic "
    # On a busy host an emulated timer may be late: the kernel must not give up on it.
    "no_timer_check "
    # An emulated processor has no side channels to close, and pays dearly for closing them.
    "mitigations=off "
    # The initramfs is all there is: nothing to look for on disks.
    "rdinit=/init noresume"
)

# One processor whose clock goes by the instructions that it executes: a nanosecond is one. What
# is random comes from a seed, and the date is always the same, so that two runs are alike.
COUNTING = "counting"
ACCELERATORS = {
    "kvm": ["-accel", "kvm"],
    "tcg": ["-accel", "tcg,thread=multi"],
    COUNTING: ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-seed", "1",
               "-rtc", "base=2026-01-01T00:00:00,clock=vm"],
}


@dataclass
class Machine:
    """What a guest is made of. Paths are the host's, and visible in the build root."""

    kernel: str
    initramfs: str
    accelerator: str = "tcg"
    boot: str = ""
    megabytes: int = MEGABYTES
    processors: int = PROCESSORS
    ports: dict = field(default_factory=dict)
    interactive: bool = False
    # More arguments, and the open descriptors that they name.
    more: list = field(default_factory=list)
    descriptors: list = field(default_factory=list)


def command_line(machine):
    """The arguments; `machine.ports` maps the names of channels to open socket descriptors."""
    arguments = [
        "qemu-system-x86_64",
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-machine", "q35", "-cpu", "max", *ACCELERATORS[machine.accelerator],
        "-smp", str(machine.processors), "-m", str(machine.megabytes),
        "-kernel", machine.kernel, "-initrd", machine.initramfs,
        "-append", f"{BOOT} {machine.boot}".strip(),
        "-device", "virtio-serial-pci",
    ]  # fmt: skip
    if machine.accelerator != COUNTING:
        arguments += ["-device", "virtio-rng-pci"]
    for name, descriptor in machine.ports.items():
        arguments += ["-chardev", f"socket,id={name},fd={descriptor}"]
        if name == "console":
            arguments += ["-serial", "chardev:console"]
        else:
            arguments += ["-device", f"virtserialport,chardev={name},name=nsmux.{name}"]
    if machine.interactive:
        arguments += ["-chardev", "stdio,id=terminal,signal=off"]
        arguments += ["-device", "virtconsole,chardev=terminal"]
    return arguments + machine.more
