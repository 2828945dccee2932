#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Processes by their number in one PID namespace, or in all."""

import contextlib
import errno
import os
import struct
import subprocess
import threading
from pathlib import Path

from lib import program
from lib.lifetime import wait_until
from lib.netlink_family import NEEDS_ADMINISTRATOR, Nsmux, check_refused
from lib.netlink_message import (ACK, DONE, DUMP, GENERIC, RawSocket,
                                 attribute, request)
from lib.privileges import ordinary_user, outcome, run_as
from net.lib.py import KsftNamedVariant, ksft_eq, ksft_ge, ksft_variants

COUNT = 3
# More than a share goes over, which is 512.
THREADS = 700


@contextlib.contextmanager
def pid_namespace():
    """A process that is the first one of its PID namespace; its number."""
    with subprocess.Popen(["unshare", "--pid", "--fork", "cat"],
                          stdin=subprocess.PIPE) as parent:
        def child_of():
            return subprocess.run(["pgrep", "-P", str(parent.pid)], text=True,
                                  check=False, stdout=subprocess.PIPE).stdout

        wait_until(child_of, "it has a child")
        child = int(child_of())
        wait_until(lambda: Path(f"/proc/{child}/comm").read_text() == "cat\n",
                   "which is cat")
        yield child
        parent.stdin.close()


def test_processes():
    """Number 1 of each PID namespace: in one, and in all."""
    with contextlib.ExitStack() as stack, Nsmux() as nsmux:
        key = {"table": "pid", "number": 1}
        children = [stack.enter_context(pid_namespace())
                    for _ in range(COUNT)]
        expected = {os.stat(f"/proc/{child}/ns/pid").st_ino: {
            "pidns-inode": os.stat(f"/proc/{child}/ns/pid").st_ino,
            "number": 1, "own-number": child, "command": "cat"}
            for child in children}
        for child, told in zip(children, expected.values()):
            answer = nsmux.do("lookup", key | {"pidns": child})
            ksft_eq((answer["outcome"], answer.get("process")),
                    ("process", told))
        answers = {answer["process"]["pidns-inode"]: answer["process"]
                   for answer in nsmux.dump("lookup", key)}
        own = os.stat("/proc/self/ns/pid").st_ino
        for inode, told in expected.items():
            ksft_eq(answers.get(inode), told)
        ksft_eq(answers[own]["own-number"], 1)
        ksft_eq(nsmux.do("lookup", key | {"number": os.getpid()})["process"],
                {"pidns-inode": own, "number": os.getpid(),
                 "own-number": os.getpid(),
                 "command": Path("/proc/self/comm").read_text().strip()})
        ksft_eq(nsmux.do("lookup", {"table": "pid", "number": 0x7ffffff0}),
                {"table": "pid", "outcome": "none"})
        ksft_eq(run_as(ordinary_user, lambda: outcome(
            lambda: Nsmux().do("lookup", key))),
            ("EPERM", NEEDS_ADMINISTRATOR.replace("network", "PID")))
        ksft_eq(run_as(ordinary_user, lambda: Nsmux().dump("lookup", key)),
                [])


@contextlib.contextmanager
def threads(count):
    """Some that wait; the largest of their numbers."""
    end = threading.Event()
    former = threading.stack_size(1 << 16)
    waiting = [threading.Thread(target=end.wait) for _ in range(count)]
    try:
        for thread in waiting:
            thread.start()
        threading.stack_size(former)
        yield max(thread.native_id for thread in waiting)
    finally:
        end.set()
        for thread in waiting:
            thread.join()


@ksft_variants([KsftNamedVariant("too_small", 15, lambda _: 1),
                KsftNamedVariant("small", 3, lambda last: last)])
def test_share(others, number):
    """A dump that is the last request of a packet has a share of what a part
    may go over: none at all if that is too small, and not everyone."""
    with threads(THREADS) as last, Nsmux() as nsmux, RawSocket() as raw:
        operation = nsmux.ops["lookup"]
        tables = nsmux.consts["table"].entries_by_val.items()
        code, = (code for code, entry in tables if entry.name == "pid")
        values = {"table": code, "number": number(last)}
        body = b"".join(attribute(operation.attr_set[name].value,
                                  struct.pack("=I", value))
                        for name, value in values.items())
        family, command = nsmux.nlproto.family_id, operation.req_value
        raw.send(request(family, command, body, flags=0) * others
                 + request(family, command, body, flags=DUMP | ACK))
        for _ in range(others):
            raw.receive(4096)
        parts = [raw.receive(4096)]
        while parts[-1][-1].kind != DONE:
            parts.append(raw.receive(4096))
    told = [sum(len(message.payload) > GENERIC.size for message in part
                if message.kind != DONE) for part in parts]
    ksft_eq(told[0], 0, "in the first part")
    ksft_ge(sum(told), 1)


def test_pid_namespaces_refused():
    """The process that names a PID namespace has to be there, and a dump is
    of all."""
    key = {"table": "pid", "number": 1, "pidns": 0x7ffffff0}
    with Nsmux() as nsmux:
        check_refused(lambda: nsmux.do("lookup", key), errno.ESRCH,
                      "there is no such process", ".pidns")
        check_refused(lambda: nsmux.dump("lookup", key), errno.EINVAL,
                      "a dump looks in all PID namespaces", ".pidns")


if __name__ == "__main__":
    program.run(globals())
