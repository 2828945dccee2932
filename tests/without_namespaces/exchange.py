#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Packets over loopback on a kernel that has one network namespace.

Loads nsmux, whose first level is compiled out, exchanges data over TCP and
UDP, and compares what nsmux has counted with what it did. Then it asks for a
socket as people do, in all namespaces that there are: one.
"""

import json
import os
import socket
import struct
import subprocess
import sys

MODULE = "/nsmux/nsmux.ko"
STATUS = "/proc/net/nsmux"
FAMILIES = {"": (socket.AF_INET, "127.0.0.1"), "6": (socket.AF_INET6, "::1")}
DATAGRAMS = 5
# Of asm-generic/socket.h; Python has no name for it.
SO_COOKIE = 57


def read():
    """Block -> row -> column -> count, and the names of what is at the top."""
    with open(STATUS, encoding="ascii") as file:
        head, *blocks = file.read().rstrip("\n").split("\n\n")
    found = {"head": dict(line.split() for line in head.splitlines())}
    for block in blocks:
        (name, *columns), *rows = (line.split() for line in block.splitlines())
        found[name] = {row: {column: int(count)
                             for column, count in zip(columns, counts)
                             if count != "-"}
                       for row, *counts in rows}
    return found


def exchange(family, address):
    """A connection with data in it, and datagrams."""
    with socket.create_server((address, 0), family=family) as listener:
        with socket.create_connection(listener.getsockname()[:2], 20) as here:
            with listener.accept()[0] as there:
                here.sendall(b"?")
                there.recv(1)
    with socket.socket(family, socket.SOCK_DGRAM) as receiver, \
            socket.socket(family, socket.SOCK_DGRAM) as sender:
        receiver.settimeout(20)
        receiver.bind((address, 0))
        for _ in range(DATAGRAMS):
            sender.sendto(b"?", receiver.getsockname()[:2])
            receiver.recv(1)


def ask():
    """What is wrong with the answer about a socket that listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        told = subprocess.run(
            ["nsmux", "--json", "lookup", "tcp",
             f"127.0.0.1:{listener.getsockname()[1]}"],
            check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8").stdout
        cookie = struct.unpack("=Q", listener.getsockopt(
            socket.SOL_SOCKET, SO_COOKIE, 8))[0]
    try:
        answers = [(answer["outcome"], [found["cookie"] for found
                                        in answer["sockets"]])
                   for answer in json.loads(told)]
    except ValueError:
        answers = told
    wanted = [("listener", [cookie])]
    return [] if answers == wanted else [f"{answers}, but wanted {wanted}"]


def main():
    """Says what is wrong, and is then not successful."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["insmod", MODULE, "mode=observe"], check=True)
    for family, address in FAMILIES.values():
        exchange(family, address)
    found = read()
    wrong = [] if found["head"]["mode"] == "observe" else ["the mode is wrong"]
    if found["resolved"]["receive"]["by-device"] == 0:
        wrong.append("no packet was resolved")
    for direction in ("receive", "transmit"):
        if found["resolved"][direction]["disagree"]:
            wrong.append(f"{direction}: packets of another namespace")
        for suffix in FAMILIES:
            tcp = found[direction][f"tcp{suffix}"]
            udp = found[direction][f"udp{suffix}"]
            if not tcp["established"] or tcp["none"]:
                wrong.append(f"{direction}, tcp{suffix}: {tcp}")
            if udp["unconnected"] < DATAGRAMS or udp["none"]:
                wrong.append(f"{direction}, udp{suffix}: {udp}")
    wrong += ask()
    subprocess.run(["rmmod", "nsmux"], check=True)
    if os.path.exists(STATUS):
        wrong.append("something of the module is left")
    return wrong


if __name__ == "__main__":
    # An empty text would be a failure, too.
    sys.exit("\n".join(main()) or None)
