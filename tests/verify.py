#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Mode verify: what was found is compared with what the kernel knows."""

import contextlib
import re
import socket

from lib import packet, program, status
from lib.bpf_program import (TCX_INGRESS, attached, choose_from_map,
                             socket_map)
from lib.identity import socket_cookie
from lib.observed import FAMILY_VARIANTS, observed_tun
from lib.tcp_peer import TcpPeer
from lib.topology import FAR, NEAR
from lib.lifetime import wait_until
from net.lib.py import cmd, ksft_eq, ksft_ge, ksft_variants

PORT, PEER_PORT, MOVED = 80, 40000, 40001


@contextlib.contextmanager
def verified_tun():
    """A namespace in mode verify, with early demultiplexing."""
    with observed_tun() as observed:
        observed.namespace.sysctl("net/ipv4/ip_early_demux", 1)
        observed.namespace.set_mode("verify")
        yield observed


def disputes(observed):
    """The disputes, by the direction of the packet."""
    counts = status.read(observed.namespace).counts
    return [counts["receive", "demux-other"], counts["transmit",
                                                     "sender-other"]]


@ksft_variants(FAMILY_VARIANTS)
def test_agreement(family):
    """A whole connection, and datagrams to a connected socket."""
    with verified_tun() as observed, observed.namespace.listener(
            NEAR[family], PORT, family) as sock, \
            observed.namespace.udp(NEAR[family], PORT, family) as datagrams:
        peer = TcpPeer(observed.tun, FAR[family], PEER_PORT, NEAR[family],
                       PORT)
        peer.connect()
        with sock.accept()[0] as child:
            peer.send_data(b"data")
            ksft_eq(child.recv(10), b"data")
            child.send(b"answer")
            child.shutdown(socket.SHUT_RDWR)
            peer.close_after_near_end()
        datagrams.connect((FAR[family], PEER_PORT))
        observed.tun.send(packet.udp(FAR[family], PEER_PORT, NEAR[family],
                                     PORT))
        ksft_eq(datagrams.recv(10), b"?")
        datagrams.send(b"!")
        ksft_eq(disputes(observed), [0, 0])
        now = status.read(observed.namespace)
        status.check_sums(now)
        ksft_ge(now.counts["receive",
                           "tcp" if family == socket.AF_INET else "tcp6",
                           "established"], 1)


@contextlib.contextmanager
def two_answers(observed):
    """Two sockets with the same ends: the one that a lookup finds, since it
    is bound to the device, and the one that a BPF program gives packets."""
    with contextlib.ExitStack() as stack:
        sockets = []
        # Of connected sockets with the same ends the latest is found.
        for device in (b"", observed.tun.name.encode()):
            sock = stack.enter_context(observed.namespace.open_socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if device:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                                device)
            sock.bind((NEAR[socket.AF_INET], PORT))
            sock.connect((FAR[socket.AF_INET], PEER_PORT))
            sockets.append(sock)
        with observed.namespace.enter():
            index = socket.if_nametoindex(observed.tun.name)
        index_of_map = stack.enter_context(socket_map(sockets[0]))
        stack.enter_context(attached(observed.namespace, TCX_INGRESS,
                                     choose_from_map(index_of_map), index))
        chosen, found = sockets
        yield found, chosen


def test_dispute():
    """Two answers to the same question: counted, and one line in the log."""
    data = packet.udp(FAR[socket.AF_INET], PEER_PORT, NEAR[socket.AF_INET],
                      PORT)
    with verified_tun() as observed, two_answers(observed) as (found, chosen):
        for count in (1, 2):
            observed.tun.send(data)
            ksft_eq(chosen.recv(10), b"?", "the kernel keeps to its answer")
            ksft_eq(disputes(observed), [count, 0])
        pattern = re.compile(
            rf"nsmux: namespace {observed.namespace.cookie}: udp packet, here "
            rf"{NEAR[socket.AF_INET]}:{PORT}, there "
            rf"{FAR[socket.AF_INET]}:{PEER_PORT}: found socket "
            rf"{socket_cookie(found)}, but it bears socket "
            rf"{socket_cookie(chosen)}$", re.MULTILINE)
        wait_until(lambda: pattern.search(log()), "the dispute in the log")
        observed.namespace.set_mode("observe")
        observed.namespace.set_mode("verify")
        observed.tun.send(data)
        wait_until(lambda: len(pattern.findall(log())) > 1,
                   "the first dispute since the mode was set again")
        ksft_eq(len(pattern.findall(log())), 2, "one line for each first")


def test_rewritten():
    """NAT after the choice asks another question: that is no dispute."""
    with verified_tun() as observed, observed.namespace.udp(
            NEAR[socket.AF_INET], PORT) as first, observed.namespace.udp(
            NEAR[socket.AF_INET], MOVED):
        first.connect((FAR[socket.AF_INET], PEER_PORT))
        with observed.namespace.enter():
            cmd("nft add table ip rewrite")
            cmd("nft add chain ip rewrite in "
                "'{ type filter hook input priority 100; }'", shell=True)
            cmd(f"nft add rule ip rewrite in udp dport {PORT} "
                f"udp dport set {MOVED}")
        observed.tun.send(packet.udp(
            FAR[socket.AF_INET], PEER_PORT, NEAR[socket.AF_INET], PORT))
        ksft_eq(first.recv(10), b"?", "the kernel keeps to its answer")
        ksft_eq(disputes(observed), [0, 0])


def log():
    """The kernel's log."""
    return cmd("dmesg").stdout


if __name__ == "__main__":
    program.run(globals())
