#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""SRv6: a packet comes by on its way to somewhere else.

    far ---- near: an address of its own is a segment, and it forwards

far sends to an address beyond near by way of that segment. near has a
listener with the port that the packet is for, and no part in it.
"""

import socket

from lib import program, snmp, status
from lib.lifetime import wait_until
from lib.topology import FAR, NEAR, veth_pair
from net.lib.py import KsftNamedVariant, ksft_eq, ksft_variants

PORT = 80
SEGMENT, BEYOND, NETWORK = ("2001:db8:5::1", "2001:db8:9::9",
                            "2001:db8:9::/64")
V6 = socket.AF_INET6
MODES = [KsftNamedVariant(mode, mode)
         for mode in ("observe", "verify", "steer")]


@ksft_variants(MODES)
def test_passes_by(mode):
    """Sent on, and looked up by nobody here."""
    with veth_pair() as (near, far):
        near.ip(f"addr add {SEGMENT}/128 dev lo",
                f"route add {NETWORK} via {FAR[V6]}")
        for device in ("all", "veth0"):
            for variable in ("forwarding", "seg6_enabled"):
                near.sysctl(f"net/ipv6/conf/{device}/{variable}", 1)
        far.ip(f"route add {SEGMENT} via {NEAR[V6]}",
               f"route add {NETWORK} encap seg6 mode inline segs {SEGMENT} "
               f"via {NEAR[V6]} dev veth0")
        near.set_mode(mode)
        with near.listener("", PORT, V6), \
                far.open_socket(V6, socket.SOCK_STREAM) as client:
            before = snmp.read(near)
            client.setblocking(False)
            client.connect_ex((BEYOND, PORT))

            def changed():
                return snmp.changes(before, snmp.read(near))

            wait_until(lambda: changed().get("Ip6.OutForwDatagrams"),
                       "the packet is sent on")
            ksft_eq(changed().get("Tcp.InSegs", 0), 0)
        now = status.read(near)
        counts = now.counts
        # It may have been sent again.
        ksft_eq(counts["receive", "routed"] > 0, True)
        ksft_eq((counts["receive", "tcp6", "packets"],
                 counts["receive", "steered"]), (0, 0))
        status.check_sums(now)


if __name__ == "__main__":
    program.run(globals())
