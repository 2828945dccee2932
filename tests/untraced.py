#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What other tests look at through the tracepoint, while nobody traces.

A packet that is traced takes a longer way, and most tests trace: what is
decided on the short way is seen in the counters, in events, and in who gets
the packet.
"""

import socket

from assigned_socket import OTHER_PORT, VARIANTS, assigned, check_chosen
from crossing_devices import (ESP_PORT, INNER, PROTECTED, check_inside, moved,
                              protection)
from foreign_socket import frame, middle_and_last
from lib import packet, program, status
from lib.bpf_program import SK_LOOKUP_TCP, SK_LOOKUP_UDP
from lib.delivery import receivers
from lib.observed import (FAMILY_VARIANTS, ROW_OF_TCP, ROW_OF_UDP,
                          untraced_tun)
from lib.packet import SYN
from lib.tcp_peer import TcpPeer
from lib.topology import FAR, NEAR
from net.lib.py import KsftNamedVariant, ksft_eq, ksft_variants
from netlink_events import event, listener
from tproxy import BEYOND, proxied, transparent

PORT, PEER_PORT = 53, 40000
PROTOCOLS = [KsftNamedVariant(f"{protocol}_{variant.name}", protocol,
                              *variant.params)
             for protocol in ("tcp", "udp") for variant in FAMILY_VARIANTS]


@ksft_variants(VARIANTS)
def test_listener_borne(family, mode):
    """A listener that the packet bears is a listener."""
    with assigned(family, mode, SK_LOOKUP_TCP, untraced_tun) as observed, \
            observed.namespace.listener("", OTHER_PORT, family):
        TcpPeer(observed.tun, FAR[family], PEER_PORT, NEAR[family],
                PORT).half_open()
        check_chosen(observed, ROW_OF_TCP[family], "listener")


@ksft_variants(VARIANTS)
def test_listener_proxied(family, mode):
    """Also if it was chosen by TPROXY, which gives packets their sockets as
    early demultiplexing does."""
    with proxied(mode, untraced_tun) as observed, transparent(
            observed.namespace.open_socket(family, socket.SOCK_STREAM),
            family) as proxy:
        proxy.listen()
        TcpPeer(observed.tun, FAR[family], PEER_PORT, BEYOND[family],
                PORT).half_open()
        check_chosen(observed, ROW_OF_TCP[family], "listener")


@ksft_variants(VARIANTS)
def test_datagram_borne(family, mode):
    """So is a socket of UDP without a peer."""
    with assigned(family, mode, SK_LOOKUP_UDP, untraced_tun) as observed, \
            observed.namespace.udp("", OTHER_PORT, family) as chosen:
        observed.tun.send(packet.udp(FAR[family], PEER_PORT, NEAR[family],
                                     PORT, b"!"))
        ksft_eq(chosen.recv(10), b"!")
        check_chosen(observed, ROW_OF_UDP[family], "unconnected")


@ksft_variants(FAMILY_VARIANTS)
def test_foreign_borne(family):
    """A socket of another namespace, with a peer as without, is none of
    this one."""
    for connected in (False, True):
        with middle_and_last(family) as (middle, last, tap), \
                middle.udp("", PORT, family) as in_middle, \
                last.udp("", PORT, family) as in_last:
            if connected:
                in_middle.connect((FAR[family], PEER_PORT))
            tap.send(frame(family))
            ksft_eq(receivers([in_middle, in_last], b"carried"), [in_middle])
            now = status.read(last)
            ksft_eq(now.counts["receive", ROW_OF_UDP[family], "foreign"], 1)
            ksft_eq(now.counts["receive", "chosen"], 1)
            status.check_sums(now)


@ksft_variants(PROTOCOLS)
def test_miss(protocol, family):
    """Who listens is told of a packet that nobody waits for."""
    with untraced_tun() as observed, \
            listener("miss", observed.namespace) as inside:
        ends = FAR[family], PEER_PORT, NEAR[family], PORT
        observed.tun.send(packet.udp(*ends) if protocol == "udp" else
                          packet.tcp(*ends, SYN))
        told = event(inside, "miss-ntf")
        ksft_eq((told["local-port"], told["remote-port"], told["count"]),
                (PORT, PEER_PORT, 1))


@ksft_variants([KsftNamedVariant(name, name) for name in PROTECTED])
def test_envelope(name):
    """Whom the envelope's hook state names is no sender outside."""
    outer = PROTECTED[name][0]
    inner = socket.AF_INET6 if name == "vti6" else socket.AF_INET
    row = {socket.AF_INET: "udp", socket.AF_INET6: "udp6"}
    with moved(outer, PROTECTED[name][1], *protection(name)) \
            as (outside, far, inside), far.udp("", ESP_PORT, outer) as wire, \
            inside.open_socket(inner) as sender:
        sender.connect((INNER[inner][1], 9))
        before = status.read(outside)
        sender.send(b"question")
        ksft_eq(len(wire.recv(1000)) > 8, True, "the envelope")
        changed = status.read(outside) - before
        ksft_eq((changed.get(("transmit", row[outer], "none"), 0),
                 changed.get(("transmit", row[outer], "connected"), 0)),
                (1, 0))
        check_inside(inside, sender, row[inner])


if __name__ == "__main__":
    program.run(globals())
