#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Sockets bound to a device, with one address and port for all of them.

    tun0  the near addresses         tun1  other addresses

Packets for the near addresses come in through both devices; only the device
tells which socket is meant.
"""

import contextlib
import socket

from lib import packet, program
from lib.delivery import check_delivery
from lib.identity import socket_cookie
from lib.observed import (FAMILY_VARIANTS, check_exchange, check_lookup,
                          observed_tun)
from lib.tcp_peer import TcpPeer
from lib.topology import FAR, NEAR
from lib.tun_device import tun
from net.lib.py import ksft_eq, ksft_is, ksft_variants

PORT, PEER_PORT = 53, 40000
OTHER = {socket.AF_INET: "198.51.100.1", socket.AF_INET6: "2001:db8:1::1"}


@contextlib.contextmanager
def two_devices():
    """An observed namespace whose devices both take the near addresses."""
    with observed_tun() as observed, \
            tun(observed.namespace, "tun1", addresses=OTHER) as other:
        # The far address is behind tun0, so that a strict reverse path
        # filter would drop what comes from it through tun1.
        for name in ("all", "tun1"):
            observed.namespace.sysctl(f"net/ipv4/conf/{name}/rp_filter", 0)
        # Who is bound to tun1 has to have a way to answer through it.
        observed.namespace.ip(*(f"route add {address} dev tun1 metric 4096"
                                for address in FAR.values()))
        yield observed, {"tun0": observed.tun, "tun1": other}


def bound(namespace, family, device=None, kind=socket.SOCK_DGRAM):
    """A socket on the near address, bound to a device or to none."""
    sock = namespace.open_socket(family, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if device:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                        device.encode())
    sock.bind((NEAR[family], PORT))
    return sock


@ksft_variants(FAMILY_VARIANTS)
def test_udp(family):
    """A socket bound to the packet's device wins over an unbound one."""
    datagram = packet.udp(FAR[family], PEER_PORT, NEAR[family], PORT)
    protocol = {socket.AF_INET: "udp", socket.AF_INET6: "udp6"}[family]
    with two_devices() as (observed, devices):
        namespace = observed.namespace
        with bound(namespace, family) as unbound, \
                bound(namespace, family, "tun0") as on_tun0, \
                bound(namespace, family, "tun1") as on_tun1:
            sockets = [unbound, on_tun0, on_tun1]
            for device, expected in (("tun0", on_tun0), ("tun1", on_tun1)):
                got = check_delivery(
                    observed, lambda: devices[device].send(datagram),
                    sockets, b"?", protocol, "unconnected")
                ksft_is(got, expected, f"through {device}")
            on_tun1.close()
            got = check_delivery(
                observed, lambda: devices["tun1"].send(datagram),
                [unbound, on_tun0], b"?", protocol, "unconnected")
            ksft_is(got, unbound, "nobody is bound to tun1")


@ksft_variants(FAMILY_VARIANTS)
def test_udp_other_device_only(family):
    """A socket bound to another device than the packet's is not found."""
    with two_devices() as (observed, devices), \
            bound(observed.namespace, family, "tun0"):
        devices["tun1"].send(packet.udp(FAR[family], PEER_PORT, NEAR[family],
                                        PORT))
        lookup, = observed.trace.lookups(direction="receive")
        check_lookup(lookup, "receive", "none", 0)


@ksft_variants(FAMILY_VARIANTS)
def test_udp_transmit(family):
    """A bound sender's own entry is found, not that of the unbound one."""
    with two_devices() as (observed, _), \
            bound(observed.namespace, family), \
            bound(observed.namespace, family, "tun1") as on_tun1:
        on_tun1.sendto(b"!", (FAR[family], PEER_PORT))
        lookup, = observed.trace.lookups(direction="transmit")
        check_lookup(lookup, "transmit", "unconnected",
                     socket_cookie(on_tun1))


@ksft_variants(FAMILY_VARIANTS)
def test_tcp(family):
    """The same four addresses and ports, twice at once: one per device."""
    with two_devices() as (observed, devices), contextlib.ExitStack() as stack:
        peers = []
        for name, device in devices.items():
            listener = stack.enter_context(bound(
                observed.namespace, family, name, socket.SOCK_STREAM))
            listener.listen()
            peer = TcpPeer(device, FAR[family], PEER_PORT, NEAR[family], PORT)
            observed.trace.clear()
            peer.connect()
            child = stack.enter_context(listener.accept()[0])
            received = observed.trace.lookups(direction="receive")
            ksft_eq([(lookup.outcome, lookup.socket) for lookup in received],
                    [("listener", socket_cookie(listener)),
                     ("request", socket_cookie(child))], name)
            peers.append((peer, child))
        for peer, child in peers:
            check_exchange(observed, peer, child)


if __name__ == "__main__":
    program.run(globals())
