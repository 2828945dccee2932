#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Packets that the level below has sent to a group or to all, though their
addresses are this host's.

TCP drops them before it looks for a socket, and says so by not counting them;
UDP takes them.
"""

import contextlib
import socket

from lib import packet, program, snmp, status
from lib.observed import ROW_OF_TCP, ROW_OF_UDP, observed_tun
from lib.packet import ACK, SYN
from lib.topology import FAMILIES, FAR, NEAR
from lib.tun_device import IFF_TAP
from net.lib.py import KsftNamedVariant, ksft_eq, ksft_variants

PORT, PEER_PORT = 80, 40000
HERE, THERE = "02:00:00:00:00:01", "02:00:00:00:00:02"
GROUPS = {"group": "01:00:5e:00:00:01", "all": "ff:ff:ff:ff:ff:ff"}
ETHERTYPE = {socket.AF_INET: b"\x08\x00", socket.AF_INET6: b"\x86\xdd"}
VARIANTS = [KsftNamedVariant(f"{version}_{mode}_{name}", family, mode, group)
            for version, family in zip(("ipv4", "ipv6"), FAMILIES)
            for mode in ("observe", "verify", "steer")
            for name, group in GROUPS.items()]


def frame(destination, family, data):
    """A frame over Ethernet."""
    return b"".join(bytes.fromhex(address.replace(":", ""))
                    for address in (destination, THERE)
                    ) + ETHERTYPE[family] + data


@contextlib.contextmanager
def observed_tap(mode):
    """A namespace whose far end chooses the addresses of Ethernet."""
    with observed_tun(name="tap0", flags=IFF_TAP) as observed:
        observed.namespace.ip(
            f"link set tap0 address {HERE}",
            *(f"neigh add {address} lladdr {THERE} dev tap0"
              for address in FAR.values()))
        observed.namespace.set_mode(mode)
        yield observed


@ksft_variants(VARIANTS)
def test_tcp(family, mode, group):
    """Neither a listener nor a connection has anything of it."""
    with observed_tap(mode) as observed, observed.namespace.listener(
            NEAR[family], PORT, family):
        for flags in (SYN, ACK):
            # Each from a port of its own: the first one leaves a request.
            data = packet.tcp(FAR[family], PEER_PORT + flags, NEAR[family],
                              PORT, flags)
            for destination, dropped in ((group, 1), (HERE, 0)):
                before = status.read(observed.namespace)
                taken = snmp.read(observed.namespace)
                observed.tun.send(frame(destination, family, data))
                taken = snmp.changes(taken, snmp.read(observed.namespace))
                changed = status.read(observed.namespace) - before
                ksft_eq(taken.get("Tcp.InSegs", 0), 1 - dropped)
                ksft_eq(changed.get(("receive", "dropped"), 0), dropped)
                ksft_eq(changed.get(("receive", ROW_OF_TCP[family],
                                     "packets"), 0), 1 - dropped)
                ksft_eq(changed.get(("receive", "steered"), 0),
                        int(mode == "steer" and not dropped))
        status.check_sums(status.read(observed.namespace))


@ksft_variants(VARIANTS)
def test_udp(family, mode, group):
    """A datagram is delivered, and found."""
    with observed_tap(mode) as observed, observed.namespace.udp(
            NEAR[family], PORT, family) as sock:
        observed.tun.send(frame(group, family, packet.udp(
            FAR[family], PEER_PORT, NEAR[family], PORT, b"!")))
        ksft_eq(sock.recv(10), b"!")
        counts = status.read(observed.namespace).counts
        ksft_eq((counts["receive", ROW_OF_UDP[family], "unconnected"],
                 counts["receive", "dropped"]), (1, 0))


if __name__ == "__main__":
    program.run(globals())
