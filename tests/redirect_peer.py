#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""bpf_redirect_peer(): a packet that changes its namespace on its way in.

    sender: tap0 in outer      outer: host0 ---- veth0: inner

A program at tap0 has each packet received by the peer of host0, without a
queue in between. All have the same addresses and ports.
"""

import contextlib
import socket

from lib import lookup_trace, packet, program
from lib.bpf_program import TCX_INGRESS, attached, redirect_peer
from lib.identity import socket_cookie
from lib.observed import FAMILY_VARIANTS, check_lookup
from lib.resolution import Resolution
from lib.topology import FAR, NEAR, Namespace, address_lines
from lib.tun_device import IFF_TAP, tun
from net.lib.py import ksft_eq, ksft_variants

PORT, PEER_PORT, COUNT = 53, 40000, 5
MAC = "02:00:00:00:00:01"
ETHERTYPE = {socket.AF_INET: b"\x08\x00", socket.AF_INET6: b"\x86\xdd"}
ROW = {socket.AF_INET: "udp", socket.AF_INET6: "udp6"}


@contextlib.contextmanager
def outer_and_inner():
    """Both namespaces, and the tap device through which outer is sent."""
    with Namespace() as outer, Namespace() as inner, \
            tun(outer, "tap0", IFF_TAP) as tap:
        outer.ip(f"link set tap0 address {MAC}",
                 "link add host0 type veth peer name veth0 "
                 f"address {MAC} netns {inner.name}", "link set host0 up")
        inner.ip("link set lo up", *address_lines("veth0"))
        with outer.enter():
            code = redirect_peer(socket.if_nametoindex("host0"))
            at = socket.if_nametoindex("tap0")
        with attached(outer, TCX_INGRESS, code, at):
            for namespace in (outer, inner):
                namespace.set_mode("observe")
            yield outer, inner, tap


@ksft_variants(FAMILY_VARIANTS)
def test_redirected(family):
    """Received by inner's device, and inner's socket gets it."""
    frame = (bytes.fromhex(MAC.replace(":", ""))
             + bytes.fromhex("020000000002") + ETHERTYPE[family]
             + packet.udp(FAR[family], PEER_PORT, NEAR[family], PORT, b"!"))
    with outer_and_inner() as (outer, inner, tap), \
            outer.udp("", PORT, family), \
            inner.udp("", PORT, family) as server, \
            lookup_trace.capture(outer, inner) as trace:
        watched = [Resolution(namespace) for namespace in (outer, inner)]
        for _ in range(COUNT):
            tap.send(frame)
            ksft_eq(server.recv(10), b"!")
        watched[0].check()
        ksft_eq(watched[0].rows(*ROW.values()), {})
        watched[1].check(receive={"by-device": COUNT})
        found = trace.lookups(direction="receive", protocol=ROW[family])
        ksft_eq(len(found), COUNT)
        for lookup in found:
            ksft_eq(lookup.namespace, inner.cookie)
            check_lookup(lookup, "receive", "unconnected",
                         socket_cookie(server))


if __name__ == "__main__":
    program.run(globals())
