#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""ARP: the kernel asks and answers itself, and the device knows where."""

import socket

from lib import program, status
from lib.lifetime import wait_until
from lib.topology import FAR, NEAR, Namespace, address_lines
from net.lib.py import ksft_eq, ksft_ge

PORT = 53


def arp(namespace):
    """How the packets of ARP were resolved, in both directions."""
    counts = status.read(namespace).counts
    return [{how: counts[direction, how] for how in status.RESOLVED
             if counts[direction, how]}
            for direction in status.ARP_DIRECTIONS]


def test_request_and_reply():
    """Who asks transmits a request, and receives the reply."""
    address = {socket.AF_INET: NEAR[socket.AF_INET]}
    other = {socket.AF_INET: FAR[socket.AF_INET]}
    with Namespace() as near, Namespace() as far:
        near.ip(f"link add veth0 type veth peer name veth0 netns {far.name}",
                *address_lines("veth0", address))
        far.ip(*address_lines("veth0", other))
        for namespace in (near, far):
            namespace.set_mode("observe")
        with near.udp() as client, far.udp("", PORT) as server:
            client.sendto(b"?", (FAR[socket.AF_INET], PORT))
            ksft_eq(server.recv(10), b"?")
        once = {"by-device": 1, "no-table": 1}
        # The far end may ask back, to be sure of its neighbour.
        wait_until(lambda: arp(near)[0] and arp(far)[1], "the reply")
        for namespace in (near, far):
            for directions in arp(namespace):
                ksft_eq(set(directions), set(once), namespace.name)
                ksft_eq(directions["by-device"], directions["no-table"])
            status.check_sums(status.read(namespace))
        ksft_eq(arp(near)[1]["by-device"], arp(far)[0]["by-device"])
        ksft_eq(arp(far)[1]["by-device"], arp(near)[0]["by-device"])


def test_off():
    """In mode off nothing is counted."""
    with Namespace() as near, Namespace() as far:
        near.ip(f"link add veth0 type veth peer name veth0 netns {far.name}",
                *address_lines("veth0", {socket.AF_INET:
                                         NEAR[socket.AF_INET]}))
        far.ip(*address_lines("veth0", {socket.AF_INET: FAR[socket.AF_INET]}))
        near.set_mode("observe")
        with near.udp() as client, far.udp("", PORT) as server:
            client.sendto(b"?", (FAR[socket.AF_INET], PORT))
            ksft_eq(server.recv(10), b"?")
        ksft_eq(arp(far), [{}, {}])
        ksft_ge(arp(near)[1]["by-device"], 1)


if __name__ == "__main__":
    program.run(globals())
