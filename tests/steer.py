#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Mode steer: which packets are handed their socket, and which are not.

Whatever nsmux does with a packet, the socket that it is for has to get it.
"""

import contextlib
import select
import socket

from lib import packet, program, status
from lib.delivery import receivers
from lib.observed import FAMILY_VARIANTS, observed_tun
from lib.packet import ACK, FIN, PSH
from lib.patience import stretched
from lib.reuseport_group import group
from lib.tcp_peer import TcpPeer
from lib.topology import FAR, NEAR
from net.lib.py import ksft_eq, ksft_variants

PORT, PEER_PORT = 80, 40000
ROWS = {socket.AF_INET: "tcp", socket.AF_INET6: "tcp6"}
GROUP = {socket.AF_INET: "224.0.0.251", socket.AF_INET6: "ff02::fb"}


@contextlib.contextmanager
def steered_tun(early_demux=False):
    """A namespace in mode steer, whose kernel finds nothing beforehand."""
    with observed_tun() as observed:
        observed.namespace.sysctl("net/ipv4/ip_early_demux", int(early_demux))
        observed.namespace.set_mode("steer")
        yield observed


def steering(observed):
    """What became of the received packets, as far as steering goes."""
    counts = status.read(observed.namespace).counts
    return {name: counts["receive", name] for name in status.MODES
            if counts["receive", name]}


@ksft_variants(FAMILY_VARIANTS)
def test_udp(family):
    """A datagram is handed the socket without a peer, or that with it."""
    data = packet.udp(FAR[family], PEER_PORT, NEAR[family], PORT)
    with steered_tun() as observed, \
            observed.namespace.udp(NEAR[family], PORT, family) as sock:
        observed.tun.send(data)
        ksft_eq(sock.recv(10), b"?")
        sock.connect((FAR[family], PEER_PORT))
        observed.tun.send(data)
        ksft_eq(sock.recv(10), b"?")
        ksft_eq(steering(observed), {"steered": 2})
        status.check_sums(status.read(observed.namespace))


@ksft_variants(FAMILY_VARIANTS)
def test_tcp(family):
    """SYN: the listener; the rest of the handshake is the stack's own."""
    with steered_tun() as observed, observed.namespace.listener(
            NEAR[family], PORT, family) as listener:
        peer = TcpPeer(observed.tun, FAR[family], PEER_PORT, NEAR[family],
                       PORT)
        peer.half_open()
        ksft_eq(steering(observed), {"steered": 1}, "SYN, by the listener")
        peer.send(ACK)
        with listener.accept()[0] as child:
            ksft_eq(steering(observed), {"steered": 1, "left-kind": 1},
                    "ACK, by the request")
            peer.send_data(b"data")
            ksft_eq(child.recv(10), b"data")
            ksft_eq(steering(observed), {"steered": 2, "left-kind": 1},
                    "data, by the connection")
            child.shutdown(socket.SHUT_RDWR)
            peer.close_after_near_end()
        # The far end's FIN once more.
        peer.sequence -= 1
        peer.send(FIN | ACK)
        peer.receive(ACK)
        ksft_eq(steering(observed)["left-kind"], 2, "FIN, by TIME_WAIT")
        status.check_sums(status.read(observed.namespace))


@ksft_variants(FAMILY_VARIANTS)
def test_early_demux(family):
    """What the kernel has found before is used, and not looked up."""
    with steered_tun(early_demux=True) as observed, \
            observed.namespace.listener(NEAR[family], PORT, family) as sock:
        peer = TcpPeer(observed.tun, FAR[family], PEER_PORT, NEAR[family],
                       PORT)
        peer.connect()
        with sock.accept()[0] as child:
            before = status.read(observed.namespace)
            peer.send(PSH | ACK, b"data")
            ksft_eq(child.recv(10), b"data")
            changed = status.read(observed.namespace) - before
            ksft_eq(changed["receive", "early-demux"], 1)
            ksft_eq(changed["receive", ROWS[family], "established"], 1)


@ksft_variants(FAMILY_VARIANTS)
def test_udp_group(family):
    """Which of a group gets a packet is for the stack to choose."""
    with steered_tun() as observed, group(
            observed.namespace, family, socket.SOCK_DGRAM, PORT) as members:
        observed.tun.send(packet.udp(FAR[family], PEER_PORT, NEAR[family],
                                     PORT))
        ksft_eq(len(receivers(members, b"?")), 1)
        ksft_eq(steering(observed), {"left-kind": 1})


@ksft_variants(FAMILY_VARIANTS)
def test_tcp_group(family):
    """So is which of the listeners is asked for a connection, which then is
    one as any other."""
    with steered_tun() as observed, group(
            observed.namespace, family, socket.SOCK_STREAM, PORT) as members:
        peer = TcpPeer(observed.tun, FAR[family], PEER_PORT, NEAR[family],
                       PORT)
        peer.half_open()
        ksft_eq(steering(observed), {"left-kind": 1}, "SYN, by a listener")
        peer.send(ACK)
        (member,), _, _ = select.select(members, [], [], stretched(20))
        with member.accept()[0] as child:
            ksft_eq(steering(observed), {"left-kind": 2},
                    "ACK, by the request")
            peer.send_data(b"data")
            ksft_eq(child.recv(10), b"data")
            ksft_eq(steering(observed), {"steered": 1, "left-kind": 2},
                    "data, by the connection")
            status.check_sums(status.read(observed.namespace))


@ksft_variants(FAMILY_VARIANTS)
def test_multicast(family):
    """Every member gets a datagram for the group."""
    with steered_tun() as observed, contextlib.ExitStack() as stack:
        with observed.namespace.enter():
            index = socket.if_nametoindex(observed.tun.name)
        members = []
        for _ in range(2):
            sock = stack.enter_context(observed.namespace.open_socket(family))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("", PORT))
            join(sock, family, index)
            members.append(sock)
        observed.tun.send(packet.udp(FAR[family], PEER_PORT, GROUP[family],
                                     PORT))
        for member in members:
            ksft_eq(member.recv(10), b"?")
        ksft_eq(steering(observed), {"left-kind": 1})


def join(sock, family, index):
    """Become a member of the group on a device."""
    number = index.to_bytes(4, "little")
    if family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                        socket.inet_aton(GROUP[family]) + bytes(4) + number)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                        socket.inet_pton(family, GROUP[family]) + number)


def test_extension_headers():
    """A header in between may send the packet elsewhere."""
    family = socket.AF_INET6
    segment = packet.udp(FAR[family], PEER_PORT, NEAR[family], PORT)[40:]
    with steered_tun() as observed, \
            observed.namespace.udp(NEAR[family], PORT, family) as sock:
        observed.tun.send(packet.ipv6(
            FAR[family], NEAR[family], socket.IPPROTO_DSTOPTS,
            packet.extension(socket.IPPROTO_UDP) + segment))
        ksft_eq(sock.recv(10), b"?")
        ksft_eq(steering(observed), {"left-form": 1})


@ksft_variants(FAMILY_VARIANTS)
def test_nobody(family):
    """Without a socket there is nothing to hand over, nor to leave."""
    with steered_tun() as observed:
        observed.tun.send(packet.udp(FAR[family], PEER_PORT, NEAR[family],
                                     PORT))
        ksft_eq(steering(observed), {})


if __name__ == "__main__":
    program.run(globals())
