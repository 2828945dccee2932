#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Mode verify: what was found is compared with what the kernel knows."""

import contextlib
import re
import socket
import time

from lib import packet, program, status
from lib.bpf_program import (TCX_INGRESS, attached, choose_from_map,
                             socket_map)
from lib.identity import socket_cookie
from lib.netlink_family import Nsmux
from lib.observed import (FAMILY_VARIANTS, ROW_OF_TCP, observed_tun,
                          untraced_tun)
from lib.packet import ACK, FIN, PSH
from lib.tcp_peer import TcpPeer, is_acknowledged
from lib.topology import FAR, NEAR
from lib.lifetime import wait_until
from net.lib.py import (KsftNamedVariant, cmd, ksft_eq, ksft_ge, ksft_ne,
                        ksft_variants)

PORT, PEER_PORT, MOVED = 80, 40000, 40001
# As many disputes are told within so many seconds.
MOST, WHILE = 5, 10


@contextlib.contextmanager
def verified_tun(made=observed_tun):
    """A namespace in mode verify, with early demultiplexing."""
    with made() as observed:
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
def given(observed, sock):
    """A BPF program gives the socket whatever is received."""
    with observed.namespace.enter():
        index = socket.if_nametoindex(observed.tun.name)
    with socket_map(sock) as index_of_map, \
            attached(observed.namespace, TCX_INGRESS,
                     choose_from_map(index_of_map), index):
        yield


@contextlib.contextmanager
def twins(observed):
    """Two datagram sockets with the same ends: the one that a lookup finds,
    and the other one."""
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
        other, found = sockets
        yield found, other


def test_received_for_a_twin():
    """Which one the kernel gave the datagram is what counts; that the table
    names the other is no dispute, and counted."""
    with verified_tun() as observed, twins(observed) as (found, other), \
            given(observed, other):
        observed.tun.send(packet.udp(FAR[socket.AF_INET], PEER_PORT,
                                     NEAR[socket.AF_INET], PORT))
        ksft_eq(other.recv(10), b"?")
        lookup, = observed.trace.lookups(direction="receive")
        ksft_eq((lookup.outcome, lookup.socket),
                ("connected", socket_cookie(other)))
        ksft_ne(lookup.socket, socket_cookie(found))
        ksft_eq(disputes(observed), [0, 0])
        ksft_eq(status.read(observed.namespace).counts["receive", "twin"], 1)


def test_sent_by_a_twin():
    """Each datagram is its sender's; the table names one of them for both."""
    with verified_tun() as observed, twins(observed) as sockets:
        for sock, count in zip(sockets, (0, 1)):
            observed.trace.clear()
            sock.send(b"!")
            lookup, = observed.trace.lookups(direction="transmit")
            ksft_eq((lookup.outcome, lookup.socket),
                    ("connected", socket_cookie(sock)))
            ksft_eq(status.read(observed.namespace).counts[
                "transmit", "twin"], count)
        ksft_eq(disputes(observed), [0, 0])


@contextlib.contextmanager
def out_of_reach(observed):
    """Two datagram sockets at one end. The one with a peer takes packets of
    another device alone, so a lookup finds the other one; a program gives it
    what comes all the same, as if early demultiplexing had found it.

    Yields the one that gets it, and the one that is found.
    """
    with contextlib.ExitStack() as stack:
        sockets = []
        for _ in range(2):
            sock = stack.enter_context(observed.namespace.open_socket())
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((NEAR[socket.AF_INET], PORT))
            sockets.append(sock)
        given_it, found = sockets
        given_it.connect((FAR[socket.AF_INET], PEER_PORT))
        given_it.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        stack.enter_context(given(observed, given_it))
        yield given_it, found


def send_datagram(observed):
    """What the one that is out of reach is given."""
    observed.tun.send(packet.udp(FAR[socket.AF_INET], PEER_PORT,
                                 NEAR[socket.AF_INET], PORT))


def test_dispute():
    """Two answers to the same question: counted, and one line in the log."""
    with verified_tun() as observed, \
            out_of_reach(observed) as (given_it, found):
        for count in (1, 2):
            send_datagram(observed)
            ksft_eq(given_it.recv(10), b"?", "the kernel keeps to its answer")
            ksft_eq(disputes(observed), [count, 0])

        def told():
            return count_told(observed, socket.AF_INET, "udp",
                              f"found socket {socket_cookie(found)}, but it "
                              f"bears socket {socket_cookie(given_it)}")

        wait_until(told, "the dispute in the log")
        observed.namespace.set_mode("observe")
        observed.namespace.set_mode("verify")
        send_datagram(observed)
        wait_until(lambda: told() > 1,
                   "the first dispute since the mode was set again")
        ksft_eq(told(), 2, "one line for each first")


@ksft_variants([KsftNamedVariant(f"{family.name}_{name}", *family.params, made)
                for family in FAMILY_VARIANTS
                for name, made in (("traced", observed_tun),
                                   ("untraced", untraced_tun))])
def test_chosen(family, made):
    """Which of two connections with the same ends gets a segment is a
    program's choice: counted as that, and no dispute with the table."""
    row = ROW_OF_TCP[family]
    with verified_tun(made) as observed, \
            covered(observed, family) as (chosen, _, peer), \
            given(observed, chosen):
        before = status.read(observed.namespace)
        peer.send(PSH | ACK, b"?")
        ksft_eq(chosen.recv(10), b"?")
        now = status.read(observed.namespace)
        ksft_eq({key: count for key, count in (now - before).items()
                 if key[0] == "receive" and count},
                {("receive", "by-device"): 1, ("receive", "chosen"): 1,
                 ("receive", row, "packets"): 1,
                 ("receive", row, "established"): 1})
        status.check_sums(now)


def test_limit():
    """Five lines in ten seconds; and whose was told lets the others go
    first, also while some that wait come to their end."""
    wait_until(lambda: not disputes_told() or disputes_told()[-1][0]
               < time.clock_gettime(time.CLOCK_MONOTONIC) - WHILE,
               "nothing was told for a while")
    before = len(disputes_told())
    with contextlib.ExitStack() as stack:
        namespaces = []
        for _ in range(MOST + 1):
            observed = stack.enter_context(verified_tun())
            stack.enter_context(out_of_reach(observed))
            namespaces.append(observed)
        first = namespaces[0]
        for observed in namespaces:
            send_datagram(observed)
        wait_until(lambda: len(disputes_told()) >= before + MOST,
                   "as many as may be are told")
        gone = {ended()}
        first.namespace.set_mode("observe")
        first.namespace.set_mode("verify")
        send_datagram(first)
        gone.add(ended())

        def told():
            # If it was the turn of one before it ended.
            return [entry for entry in disputes_told()[before:]
                    if entry[1] not in gone]

        wait_until(lambda: len(told()) == MOST + 2,
                   "the others are told as well")
    told = told()
    ksft_eq([cookie for _, cookie in told],
            [observed.namespace.cookie for observed in namespaces]
            + [first.namespace.cookie])
    # The kernel counts whole seconds here.
    ksft_ge(told[MOST][0] - told[0][0], WHILE - 1)


def cookies():
    """Those of all namespaces."""
    with Nsmux() as nsmux:
        return {told["cookie"] for told in nsmux.dump("namespace-get", {})}


@contextlib.contextmanager
def disputed():
    """A namespace with a dispute; its cookie."""
    with verified_tun() as observed, out_of_reach(observed):
        send_datagram(observed)
        wait_until(lambda: disputes(observed)[0], "the dispute is counted")
        yield observed.namespace.cookie


def ended():
    """The cookie of such a namespace, which has ended."""
    with disputed() as gone:
        pass
    wait_until(lambda: gone not in cookies(), "its namespace has ended")
    return gone


@contextlib.contextmanager
def covered(observed, family):
    """Two connections with the same ends: one is bound to the device, and the
    other, which is not, stands before it in the table. Every lookup for
    either finds the other, that for what the first one sends as well.

    Yields both, and the peer of the first.
    """
    with contextlib.ExitStack() as stack:
        connections, peers = [], []
        for device in (observed.tun.name.encode(), b""):
            # A first segment that was sent twice is not the next one's.
            list(observed.tun.drain())
            sock = stack.enter_context(
                observed.namespace.open_socket(family, socket.SOCK_STREAM))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
            sock.bind((NEAR[family], PORT))
            sock.setblocking(False)
            sock.connect_ex((FAR[family], PEER_PORT))
            peers.append(TcpPeer(observed.tun, FAR[family], PEER_PORT,
                                 NEAR[family], PORT))
            peers[-1].accept()
            connections.append(sock)
        yield *connections, peers[0]


# What a connection sends, by the flags of it: data, and its end, which it
# sends in FIN_WAIT1.
SEND = {PSH: lambda sock: sock.send(b"!"),
        FIN: lambda sock: sock.shutdown(socket.SHUT_WR)}


@ksft_variants([KsftNamedVariant(f"{family.name}_{name}", *family.params, sent)
                for family in FAMILY_VARIANTS
                for name, sent in (("data", PSH), ("end", FIN))])
def test_dispute_of_sender(family, sent):
    """A connection sends, and another one is in the table before it: each
    packet is counted, and one line is in the log."""
    with verified_tun() as observed, covered(observed, family) as (
            sender, found, peer):
        ksft_eq(disputes(observed), [0, 0])
        observed.trace.clear()
        SEND[sent](sender)
        peer.receive(sent)
        # From now on the sender is found, also by what its peer answers.
        found.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        peer.send(ACK)
        # Or it would be sent again; how often it was already is not known.
        wait_until(lambda: is_acknowledged(sender), "it is acknowledged")
        lookups = observed.trace.lookups(direction="transmit",
                                         socket=socket_cookie(sender))
        received, sent_by_other = disputes(observed)
        ksft_eq(received, 0)
        ksft_ge(sent_by_other, 1)
        ksft_ge(len(lookups), sent_by_other)
        protocol = "tcp" if family == socket.AF_INET else "tcp6"
        wait_until(lambda: count_told(
            observed, family, protocol,
            f"found socket {socket_cookie(found)}, but its sender is socket "
            f"{socket_cookie(sender)}") == 1, "the dispute in the log")
        status.check_sums(status.read(observed.namespace))


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


def disputes_told():
    """When the kernel's log tells of a dispute, and in which namespace (its
    cookie)."""
    found = re.findall(r"^\[ *([0-9.]+)\] nsmux: namespace ([0-9]+): .*, but ",
                       cmd("dmesg").stdout, re.MULTILINE)
    return [(float(when), int(cookie)) for when, cookie in found]


def count_told(observed, family, protocol, dispute):
    """How many lines of the kernel's log tell of that dispute."""
    near, far = (address if family == socket.AF_INET else f"[{address}]"
                 for address in (NEAR[family], FAR[family]))
    line = (f"nsmux: namespace {observed.namespace.cookie}: {protocol} packet, "
            f"here {near}:{PORT}, there {far}:{PEER_PORT}: {dispute}")
    return sum(told.endswith(line)
               for told in cmd("dmesg").stdout.splitlines())


if __name__ == "__main__":
    program.run(globals())
