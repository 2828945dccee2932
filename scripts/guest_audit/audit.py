#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs a command in the guest, then tells the console what it left behind.

That is memory that nothing points to any more (kmemleak), and network namespaces that something
still refers to (the reference trackers). The host finds both in the log, as all other trouble.
"""

import collections
import contextlib
import subprocess
import sys
import time
from pathlib import Path

KMEMLEAK = Path("/sys/kernel/debug/kmemleak")
TRACKERS = Path("/sys/kernel/debug/ref_tracker")
MODULES = Path("/proc/modules")

# kmemleak tells of no object that is younger than 5 s; and one scan may find an address that
# is just being moved from one place to another.
SECONDS_BETWEEN_SCANS = 5.5

# Namespaces are removed in the background, one after the other.
SECONDS_FOR_NAMESPACES = 120


def tell(text):
    """Writes to the console."""
    with open("/dev/console", "w", encoding="utf-8") as console:
        console.write(f"{text}\n")


def scan():
    """Has kmemleak look for what nothing points to."""
    KMEMLEAK.write_text("scan", encoding="ascii")


def tell_leaks():
    """Tells what kmemleak has found in two scans, and forgets it."""
    scan()
    time.sleep(SECONDS_BETWEEN_SCANS)
    scan()
    found = KMEMLEAK.read_text(encoding="utf-8", errors="replace")
    if found:
        tell(found)
    KMEMLEAK.write_text("clear", encoding="ascii")


def namespaces():
    """The trackers of all namespaces that are alive."""
    return set(TRACKERS.glob("net_refcnt@*"))


def tell_namespaces(before):
    """Tells of each namespace that did not go, and who refers to it."""
    end = time.monotonic() + SECONDS_FOR_NAMESPACES
    while namespaces() - before and time.monotonic() < end:
        time.sleep(0.5)
    holders = users()
    for tracker in sorted(namespaces() - before):
        tell(f"ref_tracker: {tracker.name} was left:\n{tracker.read_text(encoding='utf-8')}")
        for link in TRACKERS.glob("netns-*-refcnt"):
            if link.resolve().name == tracker.name:
                inode = int(link.name.split("-")[2])
                tell(f"{link.name} is held by {', '.join(holders[inode]) or 'no file of anyone'}")


def users():
    """Inode of a namespace -> the processes and names that hold it, which are not tracked."""
    found = collections.defaultdict(list)
    places = [*Path("/run/netns").glob("*"), *Path("/proc").glob("[0-9]*/ns/net"),
              *Path("/proc").glob("[0-9]*/fd/*")]
    for place in places:
        # It may be gone by now, and then holds nothing.
        with contextlib.suppress(OSError):
            name = str(place)
            if place.parts[1] == "proc":
                name += f" ({Path(*place.parts[:3], 'comm').read_text(encoding='utf-8').strip()})"
            found[place.stat().st_ino].append(name)
    return found


def modules():
    """The modules that are loaded, those first that others need not."""
    return [line.split()[0] for line in MODULES.read_text(encoding="ascii").splitlines()]


def main(command):
    """The command line."""
    # What the kernel lost while it was booting is not the command's.
    scan()
    KMEMLEAK.write_text("clear", encoding="ascii")
    before, loaded = namespaces(), modules()
    status = subprocess.run(command, check=False).returncode
    print("# looking for what was left behind", flush=True)
    tell_namespaces(before)
    tell_leaks()
    for module in modules():
        if module not in loaded:
            subprocess.run(["rmmod", module], check=True)
    # What only the module pointed to.
    tell_leaks()
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
