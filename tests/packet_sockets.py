#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Packets that packet sockets have as well."""

import contextlib
import socket

from lib import packet, program, status
from lib.observed import FAMILY_VARIANTS, observed_alike, observed_tun
from lib.topology import FAR, NEAR, Namespace
from net.lib.py import ksft_eq, ksft_variants

ETH_P_ALL, ETH_P_ARP = 3, 0x0806
ETH_P = {socket.AF_INET: 0x0800, socket.AF_INET6: 0x86dd}


def listening(namespace, device, protocol):
    """A packet socket on a device, or on all."""
    sock = namespace.open_socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind((device, protocol))
    return sock


def tapped(observed, family):
    """Receive a packet; how many were counted as tapped since."""
    before = status.read(observed.namespace)
    observed.tun.send(packet.udp(FAR[family], 40000, NEAR[family], 9))
    changed = status.read(observed.namespace) - before
    return changed.get(("receive", "tapped"), 0)


def got(sock):
    """Whether the socket has got something; of that, one packet is taken."""
    sock.setblocking(False)
    try:
        return len(sock.recv(100)) > 0
    except BlockingIOError:
        return False


@ksft_variants(FAMILY_VARIANTS)
def test_in_each_namespace(family):
    """A packet in one of several namespaces, each with a socket, is seen
    there alone."""
    with observed_alike() as namespaces, contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(listening(
            observed.namespace, observed.tun.name, ETH_P[family]))
            for observed in namespaces]
        for observed, sock in zip(namespaces, sockets):
            ksft_eq(tapped(observed, family), 1)
            ksft_eq([it for it in sockets if got(it)], [sock])
        for observed in namespaces:
            ksft_eq(status.read(observed.namespace).counts[
                "receive", "tapped"], 1)


@ksft_variants(FAMILY_VARIANTS)
def test_tapped(family):
    """Sockets of this device and protocol, or of all; and no others."""
    with observed_tun() as observed, Namespace() as other:
        other.ip("link set lo up")
        ksft_eq(tapped(observed, family), 0, "nobody listens")
        near, name = observed.namespace, observed.tun.name
        for comment, place, device, protocol, expected in (
                ("all", near, name, ETH_P_ALL, 1),
                ("this family", near, name, ETH_P[family], 1),
                ("another protocol", near, name, ETH_P_ARP, 0),
                ("another device", near, "lo", ETH_P_ALL, 0),
                ("another namespace", other, "lo", ETH_P_ALL, 0)):
            with listening(place, device, protocol) as sock:
                ksft_eq(tapped(observed, family), expected, comment)
                ksft_eq(got(sock), bool(expected), f"{comment}: really")
        status.check_sums(status.read(near))


if __name__ == "__main__":
    program.run(globals())
