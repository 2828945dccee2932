#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A received packet that carries a socket of another namespace.

    sender: tun0 in middle ---- middle: out0 ---- veth0: last

All of them have the same addresses and the same port. In middle, a BPF
program gives each packet middle's own socket and sends it on to last, and
the packet keeps that socket on the way through the veth pair. In last it is
the device that says whose packet it is; that the stack takes the socket which
it carries is told as what it is, and that socket is not given out.
"""

import contextlib
import socket

from lib import lookup_trace, packet, program, status
from lib.bpf_program import (TCX_INGRESS, assign_and_redirect, attached,
                             udp_tuple)
from lib.delivery import receivers
from lib.identity import socket_cookie
from lib.observed import FAMILY_VARIANTS, check_lookup
from lib.topology import FAR, NEAR, Namespace, address_lines, veth_pair
from lib.tun_device import IFF_TAP, tun
from lib.traffic import Traffic
from net.lib.py import ksft_eq, ksft_variants

PORT, PEER_PORT = 53, 40000
MAC = "02:00:00:00:00:01"
ETHERTYPE = {socket.AF_INET: b"\x08\x00", socket.AF_INET6: b"\x86\xdd"}


@contextlib.contextmanager
def middle_and_last(family):
    """The two namespaces, and the tap device through which middle is sent."""
    with Namespace() as middle, Namespace() as last, \
            tun(middle, "tap0", IFF_TAP) as tap:
        middle.ip(f"link set tap0 address {MAC}",
                  "link add out0 type veth peer name veth0 "
                  f"address {MAC} netns {last.name}", "link set out0 up")
        last.ip("link set lo up", *address_lines("veth0"))
        for namespace in (middle, last):
            namespace.set_mode("observe")
        with middle.enter():
            out = socket.if_nametoindex("out0")
            tap_index = socket.if_nametoindex("tap0")
        code = assign_and_redirect(
            udp_tuple(FAR[family], PEER_PORT, NEAR[family], PORT), out)
        with attached(middle, TCX_INGRESS, code, tap_index):
            yield middle, last, tap


def frame(family):
    """A datagram for the port, behind an Ethernet header."""
    return (bytes.fromhex(MAC.replace(":", "")) + bytes.fromhex("020000000002")
            + ETHERTYPE[family] + packet.udp(
                FAR[family], PEER_PORT, NEAR[family], PORT, b"carried"))


@ksft_variants(FAMILY_VARIANTS)
def test_carried_through_veth(family):
    """Resolved by the device, and the answer is a socket of elsewhere.

    The kernel does take the socket that the packet carries: middle's gets the
    data, and last's own does not.
    """
    with middle_and_last(family) as (middle, last, tap), \
            middle.udp("", PORT, family) as in_middle, \
            last.udp("", PORT, family) as in_last, \
            lookup_trace.capture(middle, last) as trace:
        tap.send(frame(family))
        ksft_eq(receivers([in_middle, in_last], b"carried"), [in_middle])
        lookup, = trace.wait(direction="receive")
        ksft_eq(lookup.namespace, last.cookie)
        check_lookup(lookup, "receive", "foreign", 0, by="device")
        now = status.read(last)
        ksft_eq(now.counts["receive", "chosen"], 1)
        ksft_eq([now.counts["receive", key] for key in status.HOW],
                [0, 1, 0])
        ksft_eq(now.counts["receive", "disagree"], 0)
        status.check_sums(now)
        ksft_eq(status.read(middle).seen("receive"), 0)


def test_all_traffic_through_veth():
    """Whatever crosses a veth pair is received by the device alone.

    Early demultiplexing has then given the packets of connections a socket
    of their own.
    """
    with veth_pair("observe") as (near, far), Traffic(near, far) as traffic, \
            lookup_trace.capture(near, far) as trace:
        traffic.wait_for_progress(10)
        traffic.check()
        cookies = {socket_cookie(end): namespace.cookie
                   for stream in traffic.streams for end, namespace in
                   ((stream.client, near), (stream.server, far))}
        for lookup in trace.lookups():
            if lookup.socket in cookies:
                ksft_eq(lookup.namespace, cookies[lookup.socket],
                        str(lookup))
        for namespace in (near, far):
            # The last acknowledgements may be on their way.
            now = status.wait(namespace, status.adds_up)
            ksft_eq(now.counts["receive", "by-device"], now.seen("receive"))
            for direction in status.DIRECTIONS:
                ksft_eq(now.counts[direction, "disagree"], 0)
            status.check_sums(now)


if __name__ == "__main__":
    program.run(globals())
