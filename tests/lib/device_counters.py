# SPDX-License-Identifier: GPL-2.0
"""/sys/class/net/<device>/nsmux/ of the devices of one network namespace."""

import contextlib
import subprocess
import tempfile
from pathlib import Path


@contextlib.contextmanager
def sysfs(namespace):
    """What the namespace sees in sysfs, for everyone to read.

    A sysfs shows the devices of the namespace in which it was mounted.
    """
    with tempfile.TemporaryDirectory() as place:
        with namespace.enter():
            subprocess.run(["mount", "-t", "sysfs", "sysfs", place],
                           check=True)
        try:
            yield Path(place) / "class/net"
        finally:
            subprocess.run(["umount", place], check=True)


def group(devices, device):
    """The directory of a device, whether it is there or not."""
    return devices / device / "nsmux"


def read(devices, device):
    """The counters of a device, but for those that are 0."""
    files = sorted(group(devices, device).iterdir())
    counts = {file.name: int(file.read_text(encoding="ascii"))
              for file in files}
    return {name: count for name, count in counts.items() if count}


def with_group(devices):
    """The devices that have counters."""
    return sorted(device.name for device in devices.iterdir()
                  if (device / "nsmux").is_dir())
