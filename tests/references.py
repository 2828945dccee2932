#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""No lookup keeps what it found.

Every kind of socket is looked up many times; after it is closed it has to
be gone, and its namespace has to die when it is deleted. That is so whether
a packet bears its socket already, is looked up, or is looked up and traced,
for which it takes another way.

    near: tun0 (the far end of all connections), veth0 ---- veth0: witness
"""

import contextlib
import socket

from lib import lookup_trace, packet, program, status
from lib.lifetime import (check_death, slab_objects, sockets_used,
                          wait_until)
from lib.observed import FAMILY_VARIANTS, ROW_OF_TCP, ROW_OF_UDP
from lib.packet import ACK, SYN
from lib.tcp_peer import TcpPeer
from lib.topology import FAR, NEAR, Namespace
from lib.tun_device import tun
from net.lib.py import KsftNamedVariant, ksft_eq, ksft_ge, ksft_variants

PORT, PEER_PORT = 80, 40000
REPEAT = 20
BORNE, LOOKED_UP, TRACED = "borne", "looked_up", "traced"
VARIANTS = [KsftNamedVariant(f"{variant.name}_{how}", *variant.params, how)
            for variant in FAMILY_VARIANTS
            for how in (BORNE, LOOKED_UP, TRACED)]


@contextlib.contextmanager
def mortal(how):
    """An observed namespace that has to be gone in the end, and the far end
    of its only link."""
    with Namespace() as witness, Namespace() as namespace:
        namespace.ip("link add veth0 type veth peer name veth0 "
                     f"netns {witness.name}")
        before = sockets_used(namespace)
        namespace.sysctl("net/ipv4/ip_early_demux", int(how == BORNE))
        trace = (lookup_trace.capture(namespace) if how == TRACED
                 else contextlib.nullcontext())
        with tun(namespace) as device, trace:
            namespace.set_mode("observe")
            yield namespace, device
            # Of the tun device's own socket there is one for as long as it
            # is open.
            wait_until(lambda: sockets_used(namespace) <= before + 1,
                       "all sockets are gone")
        check_death(namespace, witness, "veth0")


def check_found(namespace, how, row, outcome, by_early_demux=True):
    """It was that kind of socket, that often, and as often as it should be
    the packet bore it."""
    counts = status.read(namespace).counts
    ksft_ge(counts["receive", row, outcome], REPEAT)
    borne = counts["receive", "early-demux"]
    ksft_eq(borne >= REPEAT, how == BORNE and by_early_demux,
            f"{borne} packets bore their socket")


@ksft_variants(VARIANTS)
def test_established(family, how):
    """A connection with traffic, closed by a reset."""
    with mortal(how) as (namespace, device):
        with namespace.listener("", PORT, family) as listener:
            peer = TcpPeer(device, FAR[family], PEER_PORT, NEAR[family],
                           PORT)
            peer.connect()
            with listener.accept()[0] as child:
                for _ in range(REPEAT):
                    peer.send_data(b"?")
                    ksft_eq(child.recv(10), b"?")
                peer.send(packet.RST)
        check_found(namespace, how, ROW_OF_TCP[family], "established")


@ksft_variants(VARIANTS)
def test_request(family, how):
    """A half-open connection, asked about with segments that do not fit."""
    with mortal(how) as (namespace, device):
        with namespace.listener("", PORT, family):
            peer = TcpPeer(device, FAR[family], PEER_PORT, NEAR[family],
                           PORT)
            peer.half_open()
            peer.sequence -= 1
            for _ in range(REPEAT):
                # The first segment again: it is answered again.
                peer.send(SYN)
                peer.sequence -= 1
        check_found(namespace, how, ROW_OF_TCP[family], "request")


@ksft_variants(VARIANTS)
def test_time_wait(family, how):
    """What is left of a connection, in its namespace's last moments."""
    cache = "tw_sock_TCPv6" if family == socket.AF_INET6 else (
        "tw_sock_TCP")
    before = slab_objects(cache)
    with mortal(how) as (namespace, device):
        with namespace.listener("", PORT, family) as listener:
            for port in range(PEER_PORT, PEER_PORT + REPEAT):
                peer = TcpPeer(device, FAR[family], port, NEAR[family],
                               PORT)
                peer.connect()
                listener.accept()[0].close()
                peer.close_after_near_end()
                peer.send(ACK)
        check_found(namespace, how, ROW_OF_TCP[family], "time-wait")
        ksft_ge(slab_objects(cache), before + REPEAT)
    # Others on the machine may have left some meanwhile, but not as many.
    wait_until(lambda: slab_objects(cache) < before + REPEAT // 2,
               f"{cache} has no more objects than before")


@ksft_variants(VARIANTS)
def test_listener_and_udp(family, how):
    """Those are looked up without a reference."""
    with mortal(how) as (namespace, device):
        with namespace.listener("", PORT, family), \
                namespace.udp("", PORT, family) as sock:
            for _ in range(REPEAT):
                device.send(
                    packet.tcp(FAR[family], PEER_PORT, NEAR[family], PORT, ACK),
                    packet.udp(FAR[family], PEER_PORT, NEAR[family], PORT))
                ksft_eq(sock.recv(10), b"?")
        check_found(namespace, how, ROW_OF_TCP[family], "listener", False)
        check_found(namespace, how, ROW_OF_UDP[family], "unconnected", False)


if __name__ == "__main__":
    program.run(globals())
