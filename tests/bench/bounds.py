#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Counts how long one request holds up others: the lock of generic netlink,
RCU, and the registration of another family.

Prints a line of JSON for each figure, in instructions; the guest has to count
them. Arguments: how many namespaces there are, and how many of these are a
container's.
"""

import argparse
import contextlib
import json
import os
import re
import resource
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

import instructions

TRACING = Path("/sys/kernel/tracing")
NOBODY = 65534
GENERIC, CONTROL, GET_FAMILY, FAMILY_NAME, FAMILY_ID = 16, 16, 3, 2, 1
REQUEST, DUMP, ERROR, DONE = 1, 0x300, 2, 3
NO_SOCKET = 1 << 60

DURATION = re.compile(r"([0-9.]+) us +\|")
CALL = re.compile(r" ([0-9]+\.[0-9]+): __rcu_read_(lock|unlock) <-")


def attribute(number, payload):
    """One attribute."""
    return (struct.pack("=HH", 4 + len(payload), number) + payload
            + bytes(-len(payload) % 4))


def message(kind, command, body, flags=0, sequence=1):
    """One request of generic netlink."""
    body = struct.pack("=BBH", command, 1, 0) + body
    return struct.pack("=IHHII", 16 + len(body), kind, REQUEST | flags,
                       sequence, 0) + body


class Asker:
    """A socket on which requests are made."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                    GENERIC)
        self.socket.bind((0, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        answer = self.ask(message(CONTROL, GET_FAMILY, attribute(
            FAMILY_NAME, b"nsmux\0")), 1)
        told = dict(self.attributes(answer[20:]))
        self.family, = struct.unpack("=H", told[FAMILY_ID])

    @staticmethod
    def attributes(data):
        """The attributes in it, by their numbers."""
        while len(data) >= 4:
            length, number = struct.unpack_from("=HH", data)
            yield number & 0x3fff, data[4:length]
            data = data[(length + 3) & ~3:]

    def ask(self, requests, ends):
        """Send requests in one packet and read until so many have come to
        their ends; returns the first answer."""
        self.socket.send(requests)
        first = None
        while ends:
            data = self.socket.recv(1 << 17)
            first = first or data
            while data:
                length, kind = struct.unpack_from("=IH", data)
                flags, = struct.unpack_from("=H", data, 6)
                ends -= kind in (ERROR, DONE) or not flags & 2
                data = data[(length + 3) & ~3:]
        return first

    def close(self):
        """No more requests."""
        self.socket.close()


def codes():
    """The numbers that the family's header gives to names."""
    header = Path(__file__).with_name("nsmux.h").read_text("ascii")
    numbers = {}
    for body in re.findall(r"enum[^{]*{(.*?)}", header, re.DOTALL):
        number = 0
        body = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL)
        for entry in filter(None, map(str.strip, body.split(","))):
            name, _, value = map(str.strip, entry.partition("="))
            number = int(value) if value.isdigit() else number
            numbers[name.removeprefix("NSMUX_")] = number
            number += 1
    return numbers


def requests(asker):
    """Requests by name: (messages in one packet, how many ends)."""
    code, family = codes(), asker.family

    def lookup_by(name, value, form="=I"):
        return attribute(code[f"A_LOOKUP_{name}"], struct.pack(form, value))

    def by_cookie(value):
        return attribute(code["A_LOOKUP_NETNS"] | 0x8000, attribute(
            code["A_NETNS_COOKIE"], struct.pack("=Q", value)))

    def table(name, *more):
        return lookup_by("TABLE", code[f"TABLE_{name}"]) + b"".join(more)

    cookie = lookup_by("COOKIE", NO_SOCKET, "=Q")
    address = (attribute(code["A_LOOKUP_LOCAL_ADDRESS"], bytes((10, 9, 8, 7)))
               + lookup_by("LOCAL_PORT", 9, "!H"))
    tcp, mptcp = table("TCP", address), table("MPTCP", address)
    unix = table("UNIX", attribute(code["A_LOOKUP_NAME"], b"/nobody"))
    protocol = lookup_by("PROTOCOL", 0)
    group = table("NETLINK", protocol, lookup_by("GROUP", 31))
    port = table("NETLINK", protocol, lookup_by("PORT_ID", 77))
    socket_get, lookup = code["CMD_SOCKET_GET"], code["CMD_LOOKUP"]
    namespace_get = code["CMD_NAMESPACE_GET"]
    one = {
        "socket-get": (socket_get, cookie, 0),
        "socket-get, dump": (socket_get, cookie, DUMP),
        "socket-get, dump, 16 named": (
            socket_get, cookie + b"".join(map(by_cookie, range(2, 18))), DUMP),
        "lookup tcp": (lookup, tcp, 0),
        "lookup tcp, dump": (lookup, tcp, DUMP),
        "lookup tcp, dump, 1024 named": (
            lookup, tcp + b"".join(map(by_cookie, range(2, 1026))), DUMP),
        "lookup unix, dump": (lookup, unix, DUMP),
        "lookup netlink group, dump": (lookup, group, DUMP),
        "lookup netlink port, dump": (lookup, port, DUMP),
        "lookup mptcp, dump": (lookup, mptcp, DUMP),
        "namespace-get": (namespace_get, b"", 0),
        "namespace-get, dump": (namespace_get, b"", DUMP),
    }
    packets = {name: (message(family, command, body, flags), 1)
               for name, (command, body, flags) in one.items()}
    packets["socket-get, 64 in a packet"] = (b"".join(
        message(family, socket_get, cookie, 4) for _ in range(64)), 64)
    return packets


def write(name, text):
    """Set one of the tracer's files."""
    (TRACING / name).write_text(text, "ascii")


@contextlib.contextmanager
def traced():
    """What the tracer writes down meanwhile, in lines."""
    write("trace_clock", "mono")
    write("trace", "")
    write("tracing_on", "1")
    told = []
    try:
        yield told
    finally:
        write("tracing_on", "0")
        told += (TRACING / "trace").read_text("utf-8").splitlines()


@contextlib.contextmanager
def calls(*functions):
    """How long each call of these functions takes."""
    write("set_ftrace_filter", " ".join(functions))
    write("current_tracer", "function_graph")
    try:
        with traced() as told:
            yield told
    finally:
        write("current_tracer", "nop")


@contextlib.contextmanager
def sections(process):
    """When a process enters and leaves read-side sections, in lines of the
    function tracer: the module's and those that the kernel enters for it."""
    write("set_ftrace_filter", "__rcu_read_lock __rcu_read_unlock")
    write("set_ftrace_pid", str(process))
    write("current_tracer", "function")
    try:
        with traced() as told:
            yield told
    finally:
        write("current_tracer", "nop")
        write("set_ftrace_pid", "")


def longest_call(lines):
    """The longest of the calls that the tracer has measured."""
    return max((float(match[1]) * 1000 for line in lines
                if (match := DURATION.search(line))), default=0)


def longest_section(lines):
    """The longest time between entering and leaving read-side sections."""
    longest, depth, begin = 0, 0, 0
    for line in lines:
        match = CALL.search(line)
        if not match:
            continue
        now = float(match[1]) * 1e9
        if match[2] == "unlock":
            depth = max(depth - 1, 0)
            if not depth:
                longest = max(longest, now - begin)
        else:
            begin = begin if depth else now
            depth += 1
    return longest


def measure(who, become):
    """The figures of each request of one who asks, a child process: the tracer
    is for root."""
    commands, answers = os.pipe(), os.pipe()

    def serve():
        os.close(commands[1])
        packets = requests(asker := Asker())
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

    for name in json.loads(os.read(answers[0], 1 << 16)):
        figures = {"who": who, "request": name}
        with calls("genl_rcv") as lines:
            ask(name)
        figures["lock"] = longest_call(lines)
        with sections(child) as lines:
            ask(name)
        figures["section"] = longest_section(lines)
        print(json.dumps(figures), flush=True)
    os.close(commands[1])
    wait(child)


def hold_up(who, seconds):
    """Make the long requests over and over for a while."""
    asker = Asker()
    packets = requests(asker)
    end = time.monotonic() + seconds
    print(json.dumps({"asks": who}), flush=True)
    while time.monotonic() < end:
        for name in ("socket-get", "socket-get, dump", "lookup tcp, dump",
                     "lookup tcp, dump, 1024 named", "namespace-get, dump"):
            asker.ask(*packets[name])
    asker.close()


def in_child(function, become=None):
    """Call it in a child process, which another user may be; waits."""
    child = os.fork()
    if not child:
        status = 1
        try:
            if become:
                become()
            function()
            status = 0
        finally:
            os._exit(status)
    return child


def wait(child):
    """The child has done what it should."""
    if os.waitpid(child, 0)[1]:
        raise RuntimeError("a child has failed")


def nobody():
    """An ordinary user."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def make(count):
    """So many namespaces, each held by a descriptor."""
    held = []
    limit = count + 100
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

    def work():
        for _ in range(count):
            os.unshare(os.CLONE_NEWNET)
            held.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY))

    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        thread.join(20)
        print(json.dumps({"made": len(held)}), flush=True)
    return held


class Container:
    """A process with a user namespace of its own, and many network
    namespaces in it."""

    def __init__(self, count):
        self._count = count
        self._ready = os.pipe()
        self._gone = os.pipe()
        self.child = in_child(self._live)
        os.close(self._gone[0])
        os.read(self._ready[0], 1)

    def _live(self):
        os.close(self._gone[1])
        os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)
        held = make(self._count)
        os.write(self._ready[1], b"!")
        os.read(self._gone[0], 1)
        for descriptor in held:
            os.close(descriptor)

    def root(self):
        """Become its root."""
        for kind in ("user", "net"):
            with open(f"/proc/{self.child}/ns/{kind}", "rb") as file:
                os.setns(file.fileno(), 0)

    def end(self):
        """Let it end."""
        os.close(self._gone[1])
        wait(self.child)


def registrations():
    """The longest registration of another family, and the longest wait for a
    grace period, in some tries."""
    with calls("genl_register_family", "synchronize_rcu") as lines:
        for _ in range(5):
            subprocess.run(["modprobe", "wireguard"], check=True)
            subprocess.run(["modprobe", "-r", "wireguard"], check=True)
    return {name: longest_call(line for line in lines if name in line)
            for name in ("genl_register_family", "synchronize_rcu")}


def main():
    """Makes the namespaces, asks, tells."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("all", type=int)
    parser.add_argument("contained", type=int)
    options = parser.parse_args()
    instructions.ready()
    subprocess.run(["insmod", "/nsmux/nsmux.ko"], check=True)
    container = Container(options.contained)
    held = make(options.all - options.contained)
    askers = {"a user": nobody, "a container's root": container.root,
              "root": None}
    for who, become in askers.items():
        measure(who, become)
    for who, become in {"nobody": None, **askers}.items():
        child = None
        if who != "nobody":
            child = in_child(lambda: hold_up(who, 20), become)
        print(json.dumps({"while": who, **registrations()}), flush=True)
        if child:
            wait(child)
    for descriptor in held:
        os.close(descriptor)
    container.end()


if __name__ == "__main__":
    main()
