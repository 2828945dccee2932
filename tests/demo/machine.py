# SPDX-License-Identifier: GPL-2.0
"""What the demo runs on, as the machine itself tells."""
import os
from pathlib import Path

CLOCKS = "/sys/devices/system/clocksource/clocksource0/available_clocksource"
PRODUCT = "/sys/class/dmi/id/product_name"


def emulated():
    return "QEMU TCG" in Path("/proc/cpuinfo").read_text()


def processor():
    """The processors: how many, and whether they are real."""
    count = os.cpu_count()
    number = f"{count} processor{'s' if count > 1 else ''}"
    if emulated():
        return f"{number}, emulated (QEMU TCG)"
    if "hypervisor" not in Path("/proc/cpuinfo").read_text():
        return f"{number}, no virtual machine"
    if "kvm-clock" in Path(CLOCKS).read_text():
        return f"{number}, virtualised (KVM)"
    product = Path(PRODUCT)
    name = product.read_text().strip() if product.exists() else "unknown"
    return f"{number}, virtualised ({name})"


def kernel():
    return f"Linux {os.uname().release}"
