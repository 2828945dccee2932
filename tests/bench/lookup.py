#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Takes the time of lookups alone: nsmux's, the kernel's own functions', and
that of BPF's helpers, in turns.

This is process 1 of user-mode Linux. There are sockets of each kind in several
namespaces, and as many in the initial one, where the first level can be
compiled out. A module looks them up; a figure is picoseconds for one. Prints a
line of JSON for each turn, and a last one without figures.
"""
import argparse
import contextlib
import json
import os
import resource
import stat
import statistics
import subprocess
import time
from pathlib import Path

import bpf
import lookup_sockets
from process_one import module, run, tell

NUMBER = Path("/sys/class/misc/nsmux_lookup/dev")
DEVICE = "/tmp/nsmux_lookup"
# Each has as many sockets of a kind: in all of many namespaces, or in one.
NAMESPACES, SOCKETS = 16, 64
DESCRIPTORS = 8192
# How many times a program is run with a packet, and how many lookups it makes
# then: what it takes is told in whole nanoseconds.
RUNS, CALLS = 500, 8
WARM_UP_TURNS = 1
# What is left of connections goes after 60 s.
TOO_OLD = 30


def ask(question):
    """The answer of the module; nobody makes its device here."""
    major, minor = NUMBER.read_text(encoding="ascii").split(":")
    os.mknod(DEVICE, stat.S_IFCHR | 0o600, os.makedev(int(major), int(minor)))
    try:
        with open(DEVICE, "r+b", buffering=0) as device:
            device.write(question.encode())
            return json.loads(device.read(1 << 16))
    finally:
        os.unlink(DEVICE)


def figures(places):
    """What the module that is loaded says of each cell of some places."""
    return {f"{cell} {name}": ask(cells[cell].question())
            for name, cells in places.items() for cell in cells}


class Helpers:
    """BPF's, as programs call them."""

    def __init__(self, stack):
        def loaded(call, times):
            return stack.enter_context(bpf.loaded(bpf.TCX_INGRESS, bpf.looks_up(
                lambda function, size: times * call(function, size))))

        self.tells = loaded(bpf.tells, 1)
        self.calls, self.lacks = (loaded(call, CALLS)
                                  for call in (bpf.look_up, bpf.prepare))

    def time(self, cell):
        """Picoseconds of a lookup: a program that makes some, less the same
        without the calls."""
        differences = []
        for namespace, looked_up in cell.first_of_each().items():
            os.setns(namespace, os.CLONE_NEWNET)
            packet = looked_up.packet()
            result, _ = bpf.run(self.tells, packet, 1)
            if (result == bpf.FOUND) != (cell.outcome != "none"):
                raise RuntimeError(
                    f"BPF does not find what it has to: {looked_up}")
            having, without = (bpf.run(program, packet, RUNS)[1]
                               for program in (self.calls, self.lacks))
            differences.append(1000 * (having - without) / CALLS)
        return round(statistics.median(differences))


@contextlib.contextmanager
def attached(cells):
    """Each namespace has a program attached that is asked for a socket."""
    namespaces = {packet.namespace for cell in cells.values()
                  for packet in cell.packets}
    with contextlib.ExitStack() as stack:
        for namespace in namespaces:
            link = bpf.attach(bpf.SK_LOOKUP, bpf.passes(), namespace)
            stack.callback(os.close, link)
        yield


def turn(folder, places, helpers, home):
    """Every contender once: name -> cell -> figure."""
    found = {}
    with module(folder / "nsmux_lookup.ko"):
        for cell, times in figures(places).items():
            for name, picoseconds in times.items():
                found.setdefault(name, {})[cell] = picoseconds
        with attached(places["many"]):
            found["sk-lookup"] = {
                cell: times["direct"]
                for cell, times in figures({"many": places["many"]}).items()}
    with module(folder / "noop" / "nsmux_lookup.ko"):
        found["noop"] = {
            cell: times["nsmux"]
            for cell, times in figures({"one": places["one"]}).items()}
    found["bpf"] = {f"{name} many": helpers.time(cell)
                    for name, cell in places["many"].items()}
    os.setns(home, os.CLONE_NEWNET)
    return found


def main(options):
    """All turns."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    many = []
    for _ in range(NAMESPACES):
        os.unshare(os.CLONE_NEWNET)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        many.append(os.open("/proc/self/ns/net", os.O_RDONLY))
    spaces = {"many": many, "one": [home]}
    places = {name: lookup_sockets.cells(each, SOCKETS // len(each))
              for name, each in spaces.items()}
    made = time.monotonic()
    with contextlib.ExitStack() as stack:
        helpers = Helpers(stack)
        for number in range(-WARM_UP_TURNS, options.turns):
            if time.monotonic() - made > TOO_OLD:
                made = time.monotonic()
                for cells in places.values():
                    for cell in cells.values():
                        cell.renew()
            os.setns(home, os.CLONE_NEWNET)
            found = turn(options.folder, places, helpers, home)
            if number >= 0:
                tell({"turn": number, "figures": found})
    tell({"kernel": os.uname().release, "namespaces": NAMESPACES,
          "sockets": SOCKETS})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("turns", type=int)
    run(main, parser.parse_args())
