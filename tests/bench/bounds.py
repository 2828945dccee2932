#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Counts how long one request holds up others: the lock of generic netlink,
RCU, and the registration of another family.

Prints a line of JSON for each figure, in instructions; the guest has to count
them. Arguments: how many namespaces there are, how many of these are a
container's, and how many sockets of a kind are in one of those.
"""

import argparse
import json
import os
import random
import socket
import subprocess
import time

import instructions
import tracer
from inhabitants import (Container, end, give_numbers, in_child, make, nobody,
                         prepare, tell, wait)
from questions import ONCE, Asker, namespaces, requests

# What interrupts disturb is more: the least of so many is taken.
ROUNDS = 2
# What is asked while others want something.
LONG = ("socket-get", "socket-get, dump", "tcp, dump", "namespace-get, dump",
        "tcp, dump, 1024 named", "udp port", "netlink groups, dump")
# How many times these others ask.
FAMILIES, GRACE_PERIODS = 5, 400
# How far apart the CPU's ticks are, in seconds of the guest. How long a grace
# period takes depends on when it begins in between, so that is drawn by lot:
# otherwise who waits is woken by one tick and asks again right after it.
TICK, SEED = 0.004, 2006
# How many pages a long system call clears that is not nsmux's.
PAGES = 4096


def measure(who, become):
    """The figures of each request of one who asks, a child process: the tracer
    is for root."""
    commands, answers = os.pipe(), os.pipe()

    def serve():
        os.close(commands[1])
        asker = Asker()
        packets = requests(asker.family)
        os.write(answers[1], json.dumps(list(packets)).encode())
        while name := os.read(commands[0], 1000).decode():
            asker.ask(*packets[name])
            os.write(answers[1], b"!")

    child = in_child(serve, become)
    os.close(answers[1])

    def ask(name):
        os.write(commands[1], name.encode())
        if not os.read(answers[0], 1):
            raise RuntimeError("the child has failed")

    def lock(name):
        with tracer.calls("genl_rcv") as lines:
            ask(name)
        return tracer.longest_call(lines)

    def section(name):
        with tracer.sections(child) as lines:
            ask(name)
        return tracer.longest_section(lines)

    for name in json.loads(os.read(answers[0], 1 << 16)):
        if name in ONCE:
            held = lock(name)
        else:
            ask(name)
            held = min(lock(name) for _ in range(ROUNDS))
        longest, entered = min(section(name) for _ in range(ROUNDS))
        tell(who=who, request=name, lock=held, section=longest,
             entered=entered)
    os.close(commands[1])
    wait(child)


def hold_up():
    """Make the long requests over and over."""
    asker = Asker()
    packets = requests(asker.family)
    while True:
        for name in LONG:
            asker.ask(*packets[name])


def compute():
    """Keep the processor busy, and ask nothing."""
    while True:
        pass


def copy():
    """Make long system calls that have nothing to do with nsmux: each clears as
    many pages as keep the kernel busy for about as long as a request may."""
    pages = bytearray(PAGES * os.sysconf("SC_PAGE_SIZE"))
    with open("/dev/zero", "rb", buffering=0) as zero:
        while True:
            zero.readinto(pages)


def others():
    """The longest registration of another family, and the longest wait for a
    grace period, in some tries."""
    names = "genl_register_family", "synchronize_rcu"
    with tracer.calls(*names) as lines:
        for _ in range(FAMILIES):
            subprocess.run(["modprobe", "wireguard"], check=True)
            subprocess.run(["modprobe", "-r", "wireguard"], check=True)
        lot = random.Random(SEED)
        for _ in range(GRACE_PERIODS):
            time.sleep(lot.uniform(0, TICK))
            # Whoever closes one of these waits for a grace period.
            socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    return {name: tracer.longest_call(line for line in lines if name in line)
            for name in names}


def check(inodes):
    """A dump tells of each namespace once."""
    told = namespaces(Asker())
    if sorted(told) != sorted(inodes):
        raise RuntimeError(f"{len(told)} namespaces were told, {len(set(told))}"
                           f" of them once, of {len(inodes)}")
    tell(told=len(told))


def main():
    """Makes the namespaces, asks, tells."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("all", type=int)
    parser.add_argument("contained", type=int)
    parser.add_argument("crowd", type=int)
    options = parser.parse_args()
    instructions.ready()
    tracer.prepare()
    prepare()
    subprocess.run(["insmod", "/nsmux/nsmux.ko"], check=True)
    subprocess.run(["modprobe", "-a", "sctp", "dummy"], check=True)
    container = Container(options.contained, options.crowd)
    held = make(options.all - options.contained)
    give_numbers(held)
    # Every change of a device is told to everyone in it, one after the other.
    container.fill()
    own = os.stat("/proc/self/ns/net").st_ino
    check([own, *container.inodes,
           *(os.fstat(file).st_ino for file in held)])
    askers = {"a user": nobody, "a container's root": container.root,
              "root": None}
    for who, become in askers.items():
        measure(who, become)
    for who, work in {"nobody": None, "(a computation)": compute,
                      "(system calls)": copy,
                      **{who: hold_up for who in askers}}.items():
        child = work and in_child(work, askers.get(who))
        tell(**{"while": who}, **others())
        if child:
            end(child)
    container.end()


if __name__ == "__main__":
    main()
