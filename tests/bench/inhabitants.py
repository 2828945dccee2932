# SPDX-License-Identifier: GPL-2.0
"""Many namespaces, and who is in them."""

import json
import os
import resource
import signal
import socket
import struct
import subprocess
import threading
import traceback
from pathlib import Path

from questions import LONGEST, PORT, RAW

NOBODY = 65534
DESCRIPTORS = 1 << 18
DEVICES = 1000
SO_BINDTODEVICE = 25
# How many endpoints of SCTP are in a crowd at most.
CHAIN = 1000
# How many connections of MPTCP, each with two sockets: more than are looked at.
PAIRS = 1000


def in_child(function, become=None):
    """Call it in a child process, which another user may be; gives its
    number."""
    child = os.fork()
    if not child:
        status = 1
        try:
            if become:
                become()
            function()
            status = 0
        except BaseException:
            # Nobody else tells of it: this process does not return.
            traceback.print_exc()
        finally:
            os._exit(status)
    return child


def wait(child):
    """The child has done what it should."""
    if os.waitpid(child, 0)[1]:
        raise RuntimeError("a child has failed")


def end(child):
    """It goes on for ever otherwise."""
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def nobody():
    """Become an ordinary user."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def tell(**line):
    """A line of JSON."""
    print(json.dumps(line), flush=True)


def prepare():
    """Allow as many descriptors as it takes."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))


def make(count):
    """So many namespaces, each held by a descriptor."""
    held = []

    def work():
        for _ in range(count):
            os.unshare(os.CLONE_NEWNET)
            held.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY))

    thread = threading.Thread(target=work)
    thread.start()
    while thread.is_alive():
        thread.join(20)
        tell(made=len(held))
    return held


def give_numbers(held):
    """Each of these namespaces gets a number in the current one."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
        for number, file in enumerate(held):
            # RTM_NEWNSID with NETNSA_NSID and NETNSA_FD, to be acknowledged.
            sock.send(struct.pack("=IHHII BxxxHHiHHI", 36, 88, 5, 0, 0,
                                  0, 8, 1, number, 8, 3, file))
            error, = struct.unpack_from("=i", sock.recv(4096), 16)
            if error:
                raise OSError(-error, os.strerror(-error))


def ip(what, lines):
    """Have iproute2 do this."""
    text = "".join(f"{what} {line}\n" for line in lines)
    subprocess.run(["ip", "-batch", "-"], input=text, text=True, check=True)


def open_sockets(count, *kind, bind=None, options=()):
    """So many sockets of a kind."""
    made = []
    for number in range(count):
        sock = socket.socket(*kind)
        for option in options:
            sock.setsockopt(*option)
        if bind:
            sock.bind(bind(number))
        made.append(sock)
    return made


def connections(count):
    """So many connections of MPTCP, of which each end has a socket."""
    ip("link", ["set lo up"])
    kind = socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_MPTCP
    made = open_sockets(1, *kind, bind=lambda _: ("127.0.0.1", 0))
    made[0].listen()
    for client in open_sockets(count, *kind):
        client.connect(made[0].getsockname())
        child, _ = made[0].accept()
        # It is one of MPTCP when data has come.
        client.send(b"?")
        child.recv(1)
        made += [client, child]
    return made


def crowd(size):
    """As many sockets of each kind in one namespace, all of which a question
    has to go over, and of netlink as many as are looked at."""
    ip("link add type", ["dummy"] * min(size, DEVICES))
    reused = [(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)]
    internet, datagram = socket.AF_INET, socket.SOCK_DGRAM
    held = [
        open_sockets(size, socket.AF_PACKET, socket.SOCK_RAW, 0),
        open_sockets(size, internet, socket.SOCK_RAW, RAW),
        open_sockets(size, socket.AF_UNIX, datagram,
                     bind=lambda number: f"\0{number}"),
        open_sockets(size, internet, datagram, options=reused,
                     bind=lambda _: ("0.0.0.0", PORT)),
        open_sockets(size, internet, socket.SOCK_STREAM, options=reused,
                     bind=lambda _: ("0.0.0.0", PORT)),
        open_sockets(2 * size, socket.AF_NETLINK, socket.SOCK_RAW, 0,
                     bind=lambda _: (0, 1 << 8)),
    ]
    for port, many in LONGEST.values():
        held.append(open_sockets(
            min(size, many), internet, datagram, options=reused,
            bind=lambda _, port=port: ("0.0.0.0", port)))
    for number in range(min(size, CHAIN)):
        # In one chain of the kernel's table, which has 64.
        sock = socket.socket(internet, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
        sock.bind(("0.0.0.0", 1024 + 64 * number))
        sock.listen()
        held[0].append(sock)
    for kind in held[1:]:
        # Sockets on many devices, which come first in their chains.
        if (kind[0].family == internet and kind[0].type != socket.SOCK_RAW
                and kind[0].getsockname()[1] == PORT):
            for number in range(min(size, 64)):
                sock = socket.socket(internet, kind[0].type)
                sock.setsockopt(*reused[0])
                sock.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE,
                                f"dummy{number}".encode())
                sock.bind(("0.0.0.0", PORT))
                kind.append(sock)
    held.append(connections(min(size, PAIRS)))
    return held


class Container:
    """A process with a user namespace of its own, many network namespaces and,
    once it is filled, a crowd in it."""

    def __init__(self, count, size):
        self._count, self._size = count, size
        ready, self._told = os.pipe()
        self._wanted, self._want = os.pipe()
        self.child = in_child(self._live)
        os.close(self._told)
        self._ready = os.fdopen(ready, encoding="ascii")
        self.inodes = json.loads(self._ready.readline())

    def fill(self):
        """Have the crowd come."""
        os.write(self._want, b"!")
        tell(crowd=json.loads(self._ready.readline()))

    def _live(self):
        os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)
        for name, text in (("setgroups", "deny"), ("gid_map", "0 0 1"),
                           ("uid_map", "0 0 1")):
            Path(f"/proc/self/{name}").write_text(text, "ascii")
        held = make(self._count)
        give_numbers(held)
        own = os.open("/proc/self/ns/net", os.O_RDONLY)
        self._tell([os.fstat(file).st_ino for file in held + [own]])
        os.read(self._wanted, 1)
        sockets = crowd(self._size)
        self._tell(sum(map(len, sockets)))
        threading.Event().wait()

    def _tell(self, value):
        os.write(self._told, json.dumps(value).encode() + b"\n")

    def root(self):
        """Become its root."""
        for kind in ("user", "net"):
            with open(f"/proc/{self.child}/ns/{kind}", "rb") as file:
                os.setns(file.fileno(), 0)

    def end(self):
        """Let it end."""
        end(self.child)
