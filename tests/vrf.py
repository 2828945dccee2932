#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Virtual routing and forwarding: a packet on a slave of an L3 master.

    vrf-red (table 10)     vrf-blue (table 20)
        tun0                    tun1               both: the near addresses

A lookup there is given two devices, the master (dif) and the slave (sdif).
Dropping sdif loses the sockets that are bound to the slave, and finds
unbound ones that must not be found.
"""

import contextlib
import itertools
import socket

from lib import packet, program, status
from lib.delivery import check_delivery
from lib.identity import socket_cookie
from lib.observed import (FAMILY_VARIANTS, check_exchange, check_lookup,
                          observed_tun)
from lib.packet import SYN
from lib.tcp_peer import TcpPeer
from lib.topology import FAMILIES, FAR, NEAR, address_lines
from lib.tun_device import tun
from net.lib.py import (KsftNamedVariant, ksft_eq, ksft_is,
                        ksft_pr, ksft_variants)

PORT, PEER_PORT = 53, 40000

BINDINGS = (None, "vrf-red", "tun0", "vrf-blue", "tun1")
VARIANTS = [KsftNamedVariant(f"{name}_l3mdev_accept_{accept}", family, accept)
            for name, family in zip(("ipv4", "ipv6"), FAMILIES)
            for accept in (0, 1)]


def may_receive_red(binding, accept):
    """Whether a socket so bound may get what came in through tun0."""
    return binding in ("vrf-red", "tun0") or (binding is None and accept)


@contextlib.contextmanager
def red_and_blue(accept=0):
    """Two VRFs with one device each; yields who observes and the devices."""
    with observed_tun(addresses={}) as observed, \
            tun(observed.namespace, "tun1", addresses={}) as blue:
        namespace = observed.namespace
        for protocol in ("tcp", "udp"):
            namespace.sysctl(f"net/ipv4/{protocol}_l3mdev_accept", accept)
        # A VRF's routes say where addresses are, not the main table's.
        namespace.sysctl("net/ipv4/conf/all/rp_filter", 0)
        namespace.ip(*itertools.chain.from_iterable(
            (f"link add {vrf} type vrf table {table}", f"link set {vrf} up",
             f"link set {device} master {vrf}", *address_lines(device))
            for vrf, table, device in (("vrf-red", 10, "tun0"),
                                       ("vrf-blue", 20, "tun1"))))
        yield observed, observed.tun, blue


def bound(namespace, family, device, kind=socket.SOCK_DGRAM):
    """A wildcard socket, bound to a device or to none."""
    sock = namespace.open_socket(family, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if device:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                        device.encode())
    sock.bind(("", PORT))
    if kind == socket.SOCK_STREAM:
        sock.listen()
    return sock


def check_none(observed):
    """The only packet received was found to be nobody's."""
    lookup, = observed.trace.lookups(direction="receive")
    check_lookup(lookup, "receive", "none", 0)


@ksft_variants(VARIANTS)
def test_udp(family, accept):
    """A datagram through a slave, with one socket of every binding."""
    protocol = {socket.AF_INET: "udp", socket.AF_INET6: "udp6"}[family]
    datagram = packet.udp(FAR[family], PEER_PORT, NEAR[family], PORT)
    with red_and_blue(accept) as (observed, red, _):
        for binding in BINDINGS:
            observed.trace.clear()
            with bound(observed.namespace, family, binding) as sock:
                ksft_pr(f"bound to {binding}")
                if may_receive_red(binding, accept):
                    check_delivery(observed, lambda: red.send(datagram),
                                   [sock], b"?", protocol, "unconnected")
                else:
                    red.send(datagram)
                    check_none(observed)


@ksft_variants(VARIANTS)
def test_tcp(family, accept):
    """A connection through a slave, with one listener of every binding."""
    with red_and_blue(accept) as (observed, red, _):
        for port, binding in enumerate(BINDINGS, PEER_PORT):
            observed.trace.clear()
            with bound(observed.namespace, family, binding,
                       socket.SOCK_STREAM) as sock:
                ksft_pr(f"bound to {binding}")
                peer = TcpPeer(red, FAR[family], port, NEAR[family], PORT)
                if not may_receive_red(binding, accept):
                    peer.send(SYN)
                    check_none(observed)
                    continue
                peer.connect()
                with sock.accept()[0] as child:
                    peer.send_data(b"?")
                    ksft_eq([(lookup.outcome, lookup.socket) for lookup in
                             observed.trace.lookups(direction="receive")],
                            [("listener", socket_cookie(sock)),
                             ("request", socket_cookie(child)),
                             ("established", socket_cookie(child))])


@ksft_variants(FAMILY_VARIANTS)
def test_same_addresses_in_two(family):
    """One tuple, two connections: each VRF has its own."""
    with red_and_blue() as (observed, *devices), \
            contextlib.ExitStack() as stack:
        peers = []
        for device, vrf in zip(devices, ("vrf-red", "vrf-blue")):
            listener = stack.enter_context(bound(
                observed.namespace, family, vrf, socket.SOCK_STREAM))
            peer = TcpPeer(device, FAR[family], PEER_PORT, NEAR[family], PORT)
            peer.connect()
            peers.append((peer, stack.enter_context(listener.accept()[0])))
        for peer, child in peers:
            check_exchange(observed, peer, child)


@ksft_variants([KsftNamedVariant(f"{family.name}_{binding}", *family.params,
                                 binding)
                for family in FAMILY_VARIANTS
                for binding in ("vrf-red", "tun0")])
def test_verified(family, binding):
    """What a bound connection sends is in its table under that device, which
    is another one than the packet leaves by first."""
    with red_and_blue() as (observed, red, _), bound(
            observed.namespace, family, binding,
            socket.SOCK_STREAM) as listener:
        peer = TcpPeer(red, FAR[family], PEER_PORT, NEAR[family], PORT)
        peer.connect()
        with listener.accept()[0] as child:
            observed.namespace.set_mode("verify")
            check_exchange(observed._replace(tun=red), peer, child)
        counts = status.read(observed.namespace).counts
        ksft_eq((counts["receive", "demux-other"],
                 counts["transmit", "sender-other"]), (0, 0))


@ksft_variants(FAMILY_VARIANTS)
def test_syn_ack(family):
    """It goes out through the VRF and then through the slave, and is the
    request's both times; the listener is bound to neither."""
    with red_and_blue(accept=1) as (observed, red, _), \
            bound(observed.namespace, family, None,
                  socket.SOCK_STREAM) as listener:
        # It is not to be sent again.
        observed.namespace.sysctl("net/ipv4/tcp_synack_retries", 0)
        observed.namespace.set_mode("verify")
        TcpPeer(red, FAR[family], PEER_PORT, NEAR[family], PORT).half_open()
        sent = observed.trace.lookups(direction="transmit")
        ksft_eq([lookup.outcome for lookup in sent], ["request"] * 2)
        ksft_eq(len({lookup.socket for lookup in sent}), 1)
        ksft_eq(sent[0].socket in (0, socket_cookie(listener)), False)
        counts = status.read(observed.namespace).counts
        ksft_eq(counts["transmit", "sender-other"], 0)


@ksft_variants(FAMILY_VARIANTS)
def test_udp_same_port_in_two(family):
    """A socket in each VRF and one in none: each VRF's own is found."""
    datagram = packet.udp(FAR[family], PEER_PORT, NEAR[family], PORT)
    protocol = {socket.AF_INET: "udp", socket.AF_INET6: "udp6"}[family]
    with red_and_blue() as (observed, *devices), \
            contextlib.ExitStack() as stack:
        sockets = {vrf: stack.enter_context(
            bound(observed.namespace, family, vrf))
                   for vrf in (None, "vrf-red", "vrf-blue")}
        for device, vrf in zip(devices, ("vrf-red", "vrf-blue")):
            got = check_delivery(observed, lambda: device.send(datagram),
                                 list(sockets.values()), b"?", protocol,
                                 "unconnected")
            ksft_is(got, sockets[vrf], vrf)
            sockets[vrf].sendto(b"!", (FAR[family], PEER_PORT))
            for lookup in observed.trace.lookups(direction="transmit"):
                check_lookup(lookup, "transmit", "unconnected",
                             socket_cookie(sockets[vrf]))


if __name__ == "__main__":
    program.run(globals())
