#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The same sockets as `ss -N` finds, which enters one namespace after the other.

The time of both is printed; how it compares is the machine's business.
"""

import contextlib
import os
import re
import socket
import subprocess
import time

from lib import program, tool
from lib.topology import Namespace
from net.lib.py import ksft_eq, ksft_pr

NAMESPACES = 40
PORT = 8080
# ss shows a cookie in hexadecimal, as the end of a line.
COOKIE = re.compile(r"\bsk:([0-9a-f]+)\b")


@contextlib.contextmanager
def crowd():
    """Namespaces that all listen on one address, TCP and UDP."""
    with contextlib.ExitStack() as stack:
        namespaces = [stack.enter_context(Namespace()) for _ in range(NAMESPACES)]
        for namespace in namespaces:
            namespace.ip("link set lo up")
            stack.enter_context(namespace.listener("127.0.0.1", PORT))
            stack.enter_context(namespace.udp("127.0.0.1", PORT))
        yield namespaces


def ss(namespace, table):
    """The cookies of the sockets that ss finds there."""
    command = ["ss", "-N", namespace.name, "-H", "-n", "-e", "-l", f"--{table}",
               "src", f"127.0.0.1:{PORT}"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {int(cookie, 16) for cookie in COOKIE.findall(text)}


def timed(work):
    """What it returns, and how long it took."""
    begin = time.monotonic()
    result = work()
    return result, time.monotonic() - begin


def test_same_sockets():
    """In every namespace the same TCP listener and the same UDP socket."""
    with crowd() as namespaces:
        for table in ("tcp", "udp"):
            theirs, their_time = timed(lambda: {
                namespace.name: ss(namespace, table) for namespace in namespaces})
            answers, our_time = timed(
                lambda: tool.ask("lookup", table, f"127.0.0.1:{PORT}"))
            ours = {answer["netns"]: {told["cookie"] for told in answer["sockets"]}
                    for answer in answers}
            ksft_eq(ours, theirs)
            ksft_pr(f"{table}: {NAMESPACES} namespaces: nsmux lookup {our_time:.3f} s, "
                    f"ss -N {their_time:.3f} s")


def test_same_list():
    """`nsmux list` counts in every namespace the TCP sockets that ss finds."""
    with crowd() as namespaces:
        told, our_time = timed(lambda: tool.ask("list"))
        sizes = {one["netns"]: {table["table"]: table for table in one["tables"]} for one in told}
        begin = time.monotonic()
        for namespace in namespaces:
            command = ["ss", "-N", namespace.name, "-H", "-n", "-a", "-t"]
            lines = subprocess.run(command, check=True, capture_output=True,
                                   text=True).stdout.splitlines()
            ksft_eq(sizes[namespace.name]["tcp"]["sockets"], len(lines), namespace.name)
        ksft_pr(f"list: {NAMESPACES} namespaces: nsmux {our_time:.3f} s, "
                f"ss -N {time.monotonic() - begin:.3f} s")


def test_connections():
    """Both ends of a connection, each as ss knows it."""
    with Namespace() as namespace:
        namespace.ip("link set lo up")
        with namespace.listener("127.0.0.1", PORT) as listener, \
                namespace.open_socket(kind=socket.SOCK_STREAM) as client:
            client.connect(("127.0.0.1", PORT))
            server, (_, port) = listener.accept()
            with server:
                for local, remote in ((PORT, port), (port, PORT)):
                    text = subprocess.run(
                        ["ss", "-N", namespace.name, "-H", "-n", "-e", "-t", "src",
                         f"127.0.0.1:{local}", "dst", f"127.0.0.1:{remote}"],
                        check=True, capture_output=True, text=True).stdout
                    [answer] = tool.ask("lookup", "tcp", f"127.0.0.1:{local}", "from",
                                        f"127.0.0.1:{remote}", "--netns", namespace.name)
                    [told] = answer["sockets"]
                    ksft_eq({told["cookie"]}, {int(cookie, 16)
                                               for cookie in COOKIE.findall(text)})
                    ksft_eq([holder["pid"] for holder in told["holders"]], [os.getpid()])


if __name__ == "__main__":
    program.run(globals())
