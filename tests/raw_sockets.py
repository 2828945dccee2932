#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Packets of protocols that only raw sockets take."""

import contextlib
import socket

from lib import packet, program, status
from lib.identity import socket_cookie
from lib.observed import (FAMILY_VARIANTS, check_account, observed_alike,
                          observed_tun)
from lib.topology import FAR, NEAR, Namespace
from net.lib.py import ksft_eq, ksft_variants

PROTOCOL = 253
ROW = {socket.AF_INET: "raw", socket.AF_INET6: "raw6"}


def raw(namespace, family, protocol=PROTOCOL):
    """A raw socket of a namespace."""
    return namespace.open_socket(family, socket.SOCK_RAW, protocol)


def payload(sock, family):
    """The next packet, without the header that raw sockets of IPv4 show."""
    return sock.recv(100)[20 if family == socket.AF_INET else 0:]


def received(observed, family):
    """What was found for the received packets of the protocol."""
    counts = status.read(observed.namespace).counts
    return {outcome: counts["receive", ROW[family], outcome]
            for outcome in ("connected", "unconnected", "multiple")
            if counts["receive", ROW[family], outcome]}


@ksft_variants(FAMILY_VARIANTS)
def test_one(family):
    """The one that there is, bound or connected, gets it and is found."""
    data = packet.ip(FAR[family], NEAR[family], PROTOCOL, b"?")
    with observed_tun() as observed, Namespace() as other, \
            raw(other, family), raw(observed.namespace, family) as sock, \
            raw(observed.namespace, family, PROTOCOL - 1):
        observed.tun.send(data)
        ksft_eq(payload(sock, family), b"?")
        lookup = observed.trace.wait(direction="receive")[-1]
        ksft_eq((lookup.protocol, lookup.outcome, lookup.socket),
                (ROW[family], "unconnected", socket_cookie(sock)))
        sock.connect((FAR[family], 0))
        observed.tun.send(data)
        ksft_eq(payload(sock, family), b"?")
        ksft_eq(received(observed, family),
                {"unconnected": 1, "connected": 1})
        check_account(observed)


@ksft_variants(FAMILY_VARIANTS)
def test_in_each_namespace(family):
    """The same packet in each of several namespaces, each with a socket."""
    data = packet.ip(FAR[family], NEAR[family], PROTOCOL, b"?")
    with observed_alike() as namespaces, contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(raw(observed.namespace, family))
                   for observed in namespaces]
        for count, (observed, sock) in enumerate(zip(namespaces, sockets), 1):
            observed.tun.send(data)
            ksft_eq(payload(sock, family), b"?")
            lookup, = observed.trace.lookups(direction="receive")
            ksft_eq((lookup.protocol, lookup.outcome, lookup.socket),
                    (ROW[family], "unconnected", socket_cookie(sock)))
            ksft_eq([len(it.trace.lookups()) for it in namespaces],
                    [1] * count + [0] * (len(namespaces) - count))
            check_account(observed)


@ksft_variants(FAMILY_VARIANTS)
def test_many(family):
    """Each of several gets it: there is no one answer."""
    with observed_tun() as observed, \
            raw(observed.namespace, family) as first, \
            raw(observed.namespace, family) as second:
        observed.tun.send(packet.ip(FAR[family], NEAR[family], PROTOCOL,
                                    b"?"))
        for sock in (first, second):
            ksft_eq(payload(sock, family), b"?")
        ksft_eq(received(observed, family), {"multiple": 1})
        check_account(observed)


@ksft_variants(FAMILY_VARIANTS)
def test_none(family):
    """Sockets of another protocol, peer or device do not count."""
    with observed_tun() as observed, \
            raw(observed.namespace, family, PROTOCOL - 1), \
            raw(observed.namespace, family) as bound, \
            raw(observed.namespace, family) as connected:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        connected.connect((NEAR[family], 0))
        observed.tun.send(packet.ip(FAR[family], NEAR[family], PROTOCOL,
                                    b"?"))
        ksft_eq(received(observed, family), {})
        ksft_eq(status.read(observed.namespace).counts[
            "receive", "no-table"], 1)
        check_account(observed)


@ksft_variants(FAMILY_VARIANTS)
def test_transmitted(family):
    """A sender is found under its own packet."""
    with observed_tun() as observed, \
            raw(observed.namespace, family) as sock:
        sock.sendto(b"!", (FAR[family], 0))
        lookup = observed.trace.wait(direction="transmit")[-1]
        ksft_eq((lookup.by, lookup.protocol, lookup.outcome, lookup.socket),
                ("socket", ROW[family], "unconnected", socket_cookie(sock)))


if __name__ == "__main__":
    program.run(globals())
