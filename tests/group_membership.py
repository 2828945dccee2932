#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Reports of group membership: IGMP has no socket, MLD has one."""

import socket
import struct

from lib import program, snmp
from lib.lifetime import wait_until
from lib.resolution import Resolution
from lib.topology import veth_pair
from net.lib.py import KsftNamedVariant, ksft_ge, ksft_variants

GROUP = {socket.AF_INET: "239.1.2.3", socket.AF_INET6: "ff15::1"}


def join(namespace, family):
    """A socket that is a member of the group on veth0."""
    sock = namespace.open_socket(family)
    with namespace.enter():
        index = socket.if_nametoindex("veth0")
    address = socket.inet_pton(family, GROUP[family])
    if family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                        address + struct.pack("=4xi", index))
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                        address + struct.pack("=i", index))
    return sock


@ksft_variants([KsftNamedVariant(f"igmp_version_{version}", version)
                for version in (1, 2, 3)])
def test_igmp(version):
    """A report that has no socket is resolved by the device it leaves by.

    All of them are without a table. How many the kernel sends is its own
    affair; that they are IGMP is known since nothing else is sent so.
    """
    with veth_pair("off") as (near, far):
        near.sysctl("net/ipv4/conf/veth0/force_igmp_version", version)
        near.set_mode("observe")
        far.set_mode("observe")
        watched = Resolution(near)
        with join(near, socket.AF_INET):
            wait_for(watched, "by-device")
        # Leaving is told in versions 2 and 3.
        if version > 1:
            wait_for(watched, "by-device", 2)
        watched.check(transmit={"by-device": min(version, 2)})
        counts = watched.counts()
        ksft_ge(counts["transmit", "no-table"],
                counts["transmit", "by-device"])


def wait_for(watched, how, count=1):
    """Wait until so many were transmitted and resolved so."""
    wait_until(lambda: watched.counts().get(("transmit", how), 0) >= count,
               f"{count} transmitted {how}")


@ksft_variants([KsftNamedVariant(f"mld_version_{version}", version)
                for version in (1, 2)])
def test_mld(version):
    """A report has the socket that the kernel keeps for them."""
    name = {1: "Icmp6.OutGroupMembResponses",
            2: "Icmp6.OutMLDv2Reports"}[version]
    with veth_pair("off") as (near, _):
        near.sysctl("net/ipv6/conf/veth0/force_mld_version", version)
        near.set_mode("observe")
        watched = Resolution(near)
        before = snmp.read(near)
        with join(near, socket.AF_INET6):
            wait_until(lambda: snmp.changes(before, snmp.read(near)).get(
                name), "a report is sent")
            watched.check(transmit={"by-socket": 1})


if __name__ == "__main__":
    program.run(globals())
