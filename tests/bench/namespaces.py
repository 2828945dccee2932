#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Takes the time of what many namespaces, or many sockets of another one, could
make slow.

This is process 1 of user-mode Linux. A turn makes and ends namespaces, without
nsmux and with it; asks for one tuple in 1,000 of them, as nsmux does and as ss
does; sends packets beside many namespaces, and beside a neighbour with many
sockets. Prints a line of JSON for each turn, and a last one without figures.
"""
import argparse
import contextlib
import ctypes
import os
import resource
import socket
import statistics
import subprocess
import time
from pathlib import Path

import contenders
from ground import Ground, write_sysctl
from packets import Meter
from process_one import module, run, tell
from questions import DUMP, PORT, Asker, Questions, message
from traffic import KINDS

NAMES = Path("/run/netns")
MS_BIND = 0x1000
# How many are made together, by system calls and with a program, and how often:
# the median counts.
MADE, BY_PROGRAM, TIMES = 20, 2, 15
ASKED, REPEATED = 1000, 21
# Starting ss takes so long that some must do for all.
BY_SS = 100
SENT = {"kinds": {name: KINDS[name] for name in ("udp", "syn")},
        "ways": [("veth", False)]}
SENDINGS = 5
# The size of a table of a namespace's own, and where the sockets of the
# neighbour are.
TABLE = 1024
DESCRIPTORS = 1 << 21
ADDRESSES, PORTS = 5, range(1025, 1025 + 62_500)
WITNESS = "witness"


def medians(measure, times):
    """Of figures by name, each the median of some."""
    found = [measure() for _ in range(times)]
    return {name: statistics.median(each[name] for each in found)
            for name in found[0]}


class Home:
    """The namespace in which all others are made."""

    def __init__(self):
        self.descriptor = os.open("/proc/self/ns/net", os.O_RDONLY)

    def back(self):
        """Enter it again."""
        os.setns(self.descriptor, os.CLONE_NEWNET)

    def make(self, number, fill=None):
        """So many namespaces, each in a descriptor; `fill` is called in each.
        """
        made = []
        for _ in range(number):
            os.unshare(os.CLONE_NEWNET)
            made.append(os.open("/proc/self/ns/net", os.O_RDONLY))
            if fill:
                fill(len(made))
        self.back()
        return made

    @contextlib.contextmanager
    def all_ended(self):
        """Those that end inside have really ended at the end of the block. The
        kernel ends them in their order; so when a device is gone whose other
        end is in one that ends last, all are."""
        last, = self.make(1)
        subprocess.run(["ip", "link", "add", WITNESS, "type", "veth", "peer",
                        "name", "other", "netns",
                        f"/proc/{os.getpid()}/fd/{last}"], check=True)
        begin = Stopwatch()
        yield begin
        os.close(last)
        while WITNESS in (name for _, name in socket.if_nameindex()):
            time.sleep(0.0005)
        begin.stop()

    def end(self, made):
        """End them, and wait for that."""
        with self.all_ended():
            for descriptor in made:
                os.close(descriptor)

    def time_by_calls(self):
        """Nanoseconds to make a namespace and to end it."""
        with self.all_ended() as watch:
            for descriptor in self.make(MADE):
                os.close(descriptor)
        return watch.nanoseconds / MADE

    def time_by_program(self):
        """The same by `ip netns`."""
        with self.all_ended() as watch:
            for number in range(BY_PROGRAM):
                for what in ("add", "del"):
                    subprocess.run(["ip", "netns", what, f"bench{number}"],
                                   check=True)
        return watch.nanoseconds / BY_PROGRAM

    def times(self):
        """Both."""
        return {"": self.time_by_calls(), ", ip netns": self.time_by_program()}


class Stopwatch:
    """How long something takes."""

    def __init__(self):
        self.nanoseconds = 0
        self.begin = time.monotonic_ns()

    def stop(self):
        """Now."""
        self.nanoseconds = time.monotonic_ns() - self.begin


def making(home, folder):
    """What namespaces take: name -> nanoseconds for one."""
    def both(name):
        return {name + how: figure
                for how, figure in medians(home.times, TIMES).items()}

    found = both("not-loaded")
    with module(folder / "nsmux.ko"):
        found |= both("off")
        # What those have that are made in a namespace in that mode.
        contenders.MODE.write_text("observe", encoding="ascii")
        found |= both("observe")
    return found | both("again")


@contextlib.contextmanager
def inhabited(home):
    """Namespaces with names, in each of which somebody has the port."""
    sockets = []
    mount = ctypes.CDLL(None, use_errno=True).mount

    def fill(number):
        name = NAMES / f"n{number}"
        name.touch()
        if mount(b"/proc/self/ns/net", bytes(name), None, MS_BIND, None):
            raise OSError(ctypes.get_errno(), f"mount on {name}")
        sockets.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sockets[-1].bind(("", PORT))

    made = home.make(ASKED, fill)
    yield
    for number, sock in enumerate(sockets, 1):
        sock.close()
        subprocess.run(["umount", NAMES / f"n{number}"], check=True)
    home.end(made)


def asking(home, folder, library, frequency):
    """What one tuple in all of them takes: name -> nanoseconds."""
    with inhabited(home), module(folder / "nsmux.ko"):
        asker, questions = Asker(), Questions()
        request = message(asker.family, questions.code["CMD_LOOKUP"],
                          questions.keys()["udp"], DUMP)
        ticks, taken = ctypes.c_ulong(), []
        for _ in range(REPEATED):
            answers = library.exchange(asker.socket.fileno(), request,
                                       len(request), ctypes.byref(ticks))
            if answers != ASKED:
                raise RuntimeError(f"{answers} answers, and not {ASKED}")
            taken.append(ticks.value / frequency)
        asker.close()
        begin = time.monotonic_ns()
        for number in range(1, BY_SS + 1):
            told = subprocess.run(
                ["ss", "-N", f"n{number}", "-Huan", f"sport = :{PORT}"],
                check=True, stdout=subprocess.PIPE).stdout
            if told.count(b"\n") != 1:
                raise RuntimeError(f"ss says: {told}")
        by_ss = (time.monotonic_ns() - begin) * ASKED / BY_SS
    return {"nsmux": statistics.median(taken), "ss": by_ss}


def beside(meter, home, folder, namespaces):
    """Packets beside many namespaces: name -> cell -> nanoseconds."""
    def both():
        return {mode.name: medians(lambda: meter.figures(mode, **SENT),
                                   SENDINGS)
                for mode in (contenders.OFF, contenders.OBSERVE)}

    with module(folder / "nsmux.ko"):
        before = both()
        made = home.make(namespaces)
        among = both()
        home.end(made)
        after = both()
    return {f"{name}, {mode}": figures[mode]
            for name, figures in (("before", before), ("among", among),
                                  ("after", after)) for mode in figures}


def crowd(number):
    """So many sockets of this namespace."""
    sockets = []
    for address in range(ADDRESSES):
        for port in PORTS:
            if len(sockets) < number:
                sockets.append(socket.socket(socket.AF_INET,
                                             socket.SOCK_DGRAM))
                sockets[-1].bind((f"127.0.0.{address + 1}", port))
    return sockets


def neighbour(meter, own, folder, number):
    """Packets beside many sockets: name -> cell -> nanoseconds."""
    def both():
        return {name: medians(lambda: of.figures(contenders.OBSERVE, **SENT),
                              SENDINGS)
                for name, of in (("shared", meter), ("own", own))}

    with module(folder / "nsmux.ko"):
        alone = both()
        sockets = crowd(number)
        beside_it = both()
        for sock in sockets:
            sock.close()
    return {f"{state}, {name}": figures[name]
            for state, figures in (("alone", alone), ("neighbour", beside_it))
            for name in figures}


def main(options):
    """All turns."""
    NAMES.mkdir()
    for limit in ("fs/nr_open", "user/max_net_namespaces"):
        Path(f"/proc/sys/{limit}").write_text(f"{DESCRIPTORS}",
                                              encoding="ascii")
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    home, meter = Home(), Meter(options.folder, Ground())
    write_sysctl("ipv4/udp_child_hash_entries", TABLE)
    own = Meter(options.folder, Ground())
    write_sysctl("ipv4/udp_child_hash_entries", 0)
    library = ctypes.CDLL(str(options.folder / "native.so"))
    for number in range(options.turns):
        tell({"turn": number, "figures": {
            "making": making(home, options.folder),
            "asking": asking(home, options.folder, library, meter.frequency),
            "namespaces": beside(meter, home, options.folder,
                                 options.namespaces),
            "neighbour": neighbour(meter, own, options.folder,
                                   options.sockets)}})
    tell({"kernel": os.uname().release, "namespaces": options.namespaces,
          "sockets": options.sockets, "asked": ASKED,
          "made": MADE * TIMES})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("turns", type=int)
    parser.add_argument("--namespaces", type=int, default=10_000)
    parser.add_argument("--sockets", type=int, default=262_144)
    run(main, parser.parse_args())
