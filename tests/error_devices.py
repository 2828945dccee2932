#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Errors of ICMP for sockets that are bound to devices.

Each of the kernel's handlers of errors has its own idea of the device: the
one that the error is on, or the one that it came in by, with the slave of a
VRF or without it. The two differ where a packet never leaves the host, and
under a VRF. Whatever they say: a socket is named exactly if it is told.
"""

import contextlib
import socket

from lib import packet, program, snmp, status
from lib.identity import socket_cookie
from lib.lifetime import wait_until
from lib.observed import observed_tun
from lib.topology import FAMILIES, FAR, NEAR, address_lines
from net.lib.py import KsftNamedVariant, cmd, ksft_eq, ksft_variants

PORT, PEER_PORT = 80, 40000
# One that the firewall answers without a look at its checksum.
PROTOCOL = socket.IPPROTO_SCTP
ROW = {socket.AF_INET: "error", socket.AF_INET6: "error6"}
# What the kernel counts of errors, all that it got and those for nobody.
GROUP = {socket.AF_INET: "Icmp", socket.AF_INET6: "Icmp6"}
KIND = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM,
        "raw": socket.SOCK_RAW}
RECVERR = {socket.AF_INET: (socket.IPPROTO_IP, 11),
           socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}
UNREACHABLE = {socket.AF_INET: (3, 3), socket.AF_INET6: (1, 4)}
# Nothing that is sent from here to here arrives: an error comes back.
REJECT = """
table inet refusal {
    chain input {
        type filter hook input priority 0;
        tcp dport 40000 reject with icmpx type port-unreachable
        udp dport 40000 reject with icmpx type port-unreachable
        meta l4proto sctp reject with icmpx type port-unreachable
    }
}
"""
ON_LOOPBACK = [KsftNamedVariant(f"{name}_{version}_{device or 'unbound'}",
                                name, family, device)
               for name in KIND
               for version, family in zip(("ipv4", "ipv6"), FAMILIES)
               for device in ("", "tun0", "lo")
               # There is no route to it from there.
               if (family, device) != (socket.AF_INET6, "lo")]
IN_VRF = [KsftNamedVariant(f"{name}_{version}_{device or 'unbound'}",
                           name, family, device)
          for name in ("udp", "raw")
          for version, family in zip(("ipv4", "ipv6"), FAMILIES)
          for device in ("", "red", "tun0")]
# What the sources say: an error that comes over loopback is on lo, which is
# what udp_err(), raw_icmp_error() and tcp_v6_err() look by. It came in by the
# device of its route, which tcp_v4_err() and the others of IPv6 look by.
TOLD_ON_LOOPBACK = {("tcp", socket.AF_INET, "tun0"),
                    ("udp", socket.AF_INET, "lo"),
                    ("raw", socket.AF_INET, "lo"),
                    ("udp", socket.AF_INET6, "tun0"),
                    ("raw", socket.AF_INET6, "tun0")}


@contextlib.contextmanager
def client(observed, name, family, device):
    """A socket that wants to be told of errors, bound to a device or not."""
    protocol = PROTOCOL if name == "raw" else 0
    with observed.namespace.open_socket(family, KIND[name],
                                        protocol) as sock:
        sock.setsockopt(*RECVERR[family], 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                        device.encode())
        sock.bind(("", 0 if name == "raw" else PORT))
        sock.setblocking(False)
        yield sock


def is_told(sock):
    """Whether the kernel has told the socket of an error."""
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0


def named(observed, family):
    """The sockets that received errors were found to be about."""
    lookups = observed.trace.lookups(direction="receive",
                                     protocol=ROW[family])
    return {lookup.socket for lookup in lookups}


@ksft_variants(ON_LOOPBACK)
def test_on_loopback(name, family, device):
    """A packet to an address of this host is rejected."""
    with observed_tun() as observed:
        with observed.namespace.enter():
            cmd(["nft", REJECT])
        group = GROUP[family]

        def errors():
            return snmp.read(observed.namespace).get(
                f"{group}.InDestUnreachs", 0)

        with client(observed, name, family, device) as sock:
            sock.connect_ex((NEAR[family],
                             0 if name == "raw" else PEER_PORT))
            if name != "tcp":
                sock.send(b"8 bytes.")
            wait_until(errors, "the kernel has an error")
            found = named(observed, family)
            nobody = snmp.read(observed.namespace).get(
                f"{group}.InErrors", 0)
            if name == "raw":
                told = is_told(sock)
            else:
                # Counted by the handlers of TCP and UDP if they find none.
                told = not nobody
            ksft_eq(told, not device or (name, family, device)
                    in TOLD_ON_LOOPBACK)
            if name == "udp":
                ksft_eq(is_told(sock), told)
            cookies = {socket_cookie(sock)} if told else {0}
            ksft_eq(found, cookies if told or name != "raw" else set())
        status.check_sums(status.read(observed.namespace))


@ksft_variants(IN_VRF)
def test_in_vrf(name, family, device):
    """An error comes in by a slave of a VRF."""
    if name == "raw":
        quoted = packet.ip(NEAR[family], FAR[family], PROTOCOL, b"8 bytes.")
    else:
        quoted = packet.udp(NEAR[family], PORT, FAR[family], PEER_PORT)
    with observed_tun(addresses={}) as observed:
        slave = observed.tun.name
        observed.namespace.sysctl("net/ipv4/conf/all/rp_filter", 0)
        for variable in ("udp", "raw"):
            observed.namespace.sysctl(f"net/ipv4/{variable}_l3mdev_accept", 0)
        observed.namespace.ip(
            "link add red type vrf table 10", "link set red up",
            f"link set {slave} master red", *address_lines(slave))
        with client(observed, name, family, device) as sock:
            observed.tun.send(packet.icmp_error(
                FAR[family], NEAR[family], quoted, *UNREACHABLE[family]))
            told = is_told(sock)
            ksft_eq(told, bool(device))
            cookies = {socket_cookie(sock)} if told else {0}
            ksft_eq(named(observed, family),
                    cookies if told or name != "raw" else set())
        status.check_sums(status.read(observed.namespace))


if __name__ == "__main__":
    program.run(globals())
