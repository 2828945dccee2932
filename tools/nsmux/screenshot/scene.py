#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Makes namespaces that all have one address, with traffic in them, to look at with `nsmux top`.

Needs root and a loaded module. The servers run until they are ended; the namespaces stay.
"""

import os
import random
import socket
import subprocess
import time

ADDRESS = "10.0.0.2"

# Name of the namespace, exchanges and packets to a port without a socket, in a fifth of a second.
SCENE = [
    ("web1", 40, 0), ("web2", 12, 0), ("web3", 8, 1), ("web4", 5, 0), ("web5", 3, 0),
    ("web6", 2, 0), ("web7", 1, 0), ("web8", 1, 0), ("db1", 20, 0), ("db2", 6, 0),
    ("mail", 2, 2), ("dns", 9, 0), ("cache1", 3, 0), ("idle", 0, 0),
]


def run(command):
    """Runs a command that must not fail."""
    subprocess.run(command.split(), check=True)


def make(name):
    """A namespace with tables of its own and the address that all have."""
    run("sysctl -qw net.ipv4.tcp_child_ehash_entries=1024 net.ipv4.udp_child_hash_entries=256")
    run(f"ip netns add {name}")
    run(f"ip -n {name} link set lo up")
    run(f"ip -n {name} address add {ADDRESS}/32 dev lo")


def serve(name, exchanges, misses):
    """Server and clients of a namespace, for ever."""
    os.setns(os.open(f"/run/netns/{name}", os.O_RDONLY), os.CLONE_NEWNET)
    server = socket.create_server((ADDRESS, 8080))
    pairs = []
    for _ in range(random.randint(1, 6)):
        client = socket.create_connection((ADDRESS, 8080))
        pairs.append((client, server.accept()[0]))
    while True:
        for number in range(int(exchanges * random.uniform(0.5, 1.5))):
            client, served = pairs[number % len(pairs)]
            client.send(b"x")
            served.recv(1)
        for _ in range(misses):
            # A fresh one each time: the last one has been told that nobody is there.
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stray:
                stray.sendto(b"x", (ADDRESS, 9999))
        time.sleep(0.2)


def main():
    """Makes the scene."""
    for name, exchanges, misses in SCENE:
        make(name)
        if exchanges and os.fork() == 0:
            serve(name, exchanges, misses)


if __name__ == "__main__":
    main()
