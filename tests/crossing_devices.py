#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Devices that lead out of the namespace they are in: what is sent through
one is sent once more, outside, in an envelope.

    inside: sender -- device ..... outside: veth0 ---- veth0: far

The device was made outside and moved. Some of them (VTI, xfrm) let the
envelope's hook state name the first sender's socket, which is not a socket of
the outside: the packet is the outside's, and has no sender there.
"""

import contextlib
import socket
from pathlib import Path

from lib import lookup_trace, program, status
from lib.identity import socket_cookie
from lib.lifetime import wait_until
from lib.resolution import Resolution
from lib.topology import FAR, NEAR, Namespace, veth_pair
from net.lib.py import KsftNamedVariant, cmd, ksft_eq, ksft_ge, ksft_variants

V4, V6 = socket.AF_INET, socket.AF_INET6
# UDP_ENCAP of ESP.
ESP_PORT = 4500
# While one of these is there, each new namespace has devices of it.
DRIVERS = ("ip_vti", "ip6_vti", "xfrm_interface", "ip6_gre", "ip_gre", "sit",
           "ipip", "ip6_tunnel", "vxlan", "geneve")
KEY = "0x" + "5a" * 20
INNER = {V4: ("10.7.0.1", "10.7.0.2"),
         V6: ("2001:db8:7::1", "2001:db8:7::2")}
PEER_PORT = 9
# The device, the family of its envelopes, and how it is made.
PROTECTED = {
    "vti": (V4, "type vti local {near} remote {far} key 7", "mark 7"),
    "vti6": (V6, "type vti6 local {near} remote {far} key 7", "mark 7"),
    "xfrm": (V4, "type xfrm dev veth0 if_id 7", "if_id 7"),
    "xfrm6": (V6, "type xfrm dev veth0 if_id 7", "if_id 7"),
}
# Without protection: also the protocol of the envelope, if it has a table.
PLAIN = {
    "ipip": (V4, "type ipip local {near} remote {far}", None),
    "sit": (V4, "type sit local {near} remote {far}", None),
    "gre": (V4, "type gre local {near} remote {far}", None),
    "gretap": (V4, "type gretap local {near} remote {far}", None),
    "ip6tnl": (V6, "type ip6tnl mode any local {near} remote {far}", None),
    "ip6gre": (V6, "type ip6gre local {near} remote {far}", None),
    "vxlan": (V4, "type vxlan id 7 local {near} remote {far} dstport 4789",
              "udp"),
    "vxlan6": (V6, "type vxlan id 7 local {near} remote {far} dstport 4789",
               "udp6"),
    "geneve": (V4, "type geneve id 7 remote {far}", "udp"),
    "geneve6": (V6, "type geneve id 7 remote {far}", "udp6"),
}


@contextlib.contextmanager
def moved(family, made, *lines):
    """The namespaces outside, far and inside, with the device inside."""
    with veth_pair("verify") as (outside, far), Namespace() as inside:
        names = {"near": NEAR[family], "far": FAR[family]}
        outside.ip(*(line.format(**names) for line in lines),
                   f"link add crossing {made.format(**names)}",
                   f"link set crossing netns {inside.name}")
        inside.ip("link set lo up", "link set crossing up",
                  f"addr add {INNER[V4][0]}/24 dev crossing",
                  f"addr add {INNER[V6][0]}/64 dev crossing nodad")
        inside.set_mode("verify")
        yield outside, far, inside


def protection(name):
    """What has the device's packets protected, as iproute2 wants it."""
    outer, _, chosen = PROTECTED[name]
    any_port = "0.0.0.0" if outer == V4 else "::"
    yield ("xfrm state add src {near} dst {far} proto esp spi 0x100 "
           "reqid 1 mode tunnel flag af-unspec "
           f"{chosen if 'if_id' in chosen else ''} "
           f"encap espinudp {ESP_PORT} {ESP_PORT} {any_port} "
           f"aead rfc4106(gcm(aes)) {KEY} 128")
    for all_ in ("0.0.0.0/0", "::/0"):
        yield (f"xfrm policy add src {all_} dst {all_} dir out {chosen} "
               "tmpl src {near} dst {far} proto esp reqid 1 mode tunnel")


def check_inside(inside, sender, row):
    """It is the sender's inside."""
    now = status.read(inside)
    ksft_ge(now.counts["transmit", row, "connected"], 1)
    for key in ("disagree", "sender-other"):
        ksft_eq(now.counts["transmit", key], 0, key)
    status.check_sums(now)
    ksft_eq(socket_cookie(sender) != 0, True)


@ksft_variants([KsftNamedVariant(f"{name}_carries_{version}", name, family)
                for name in PROTECTED
                for version, family in (("ipv4", V4), ("ipv6", V6))
                if (name, family) not in (("vti", V6), ("vti6", V4))])
def test_protected(name, family):
    """ESP in UDP, with a port that somebody has who is inside."""
    outer, made, _ = PROTECTED[name]
    row = {V4: "udp", V6: "udp6"}
    with moved(outer, made, *protection(name)) as (outside, far, inside), \
            lookup_trace.capture(outside) as trace, \
            far.udp("", ESP_PORT, outer) as wire, \
            inside.udp("", ESP_PORT, outer) as decoy, \
            inside.open_socket(family) as sender:
        sender.connect((INNER[family][1], PEER_PORT))
        watched = Resolution(outside)
        sender.send(b"question")
        ksft_eq(len(wire.recv(1000)) > 8, True, "the envelope")
        watched.check(transmit={"by-device": 1})
        found = trace.wait(direction="transmit", dport=ESP_PORT)
        ksft_eq({(lookup.protocol, lookup.by, lookup.outcome, lookup.socket)
                 for lookup in found}, {(row[outer], "device", "none", 0)})
        ksft_eq(socket_cookie(decoy) != 0, True)
        counts = status.read(outside).counts
        ksft_eq(counts["transmit", "sender-other"], 0)
        check_inside(inside, sender, row[family])


@ksft_variants([KsftNamedVariant(f"{name}_carries_{version}", name, family)
                for name in PLAIN
                for version, family in (("ipv4", V4), ("ipv6", V6))
                if (name, family) not in (("ipip", V6), ("sit", V4))])
def test_plain(name, family):
    """The envelope is the tunnel's own, or nobody's; never the sender's."""
    outer, made, row = PLAIN[name]
    with moved(outer, made) as (outside, _, inside), \
            lookup_trace.capture(outside) as trace, \
            inside.open_socket(family) as sender:
        neighbours = [] if name in (
            "ipip", "sit", "gre", "ip6tnl", "ip6gre") else [
            f"neigh add {INNER[family][1]} lladdr 02:00:00:00:00:09 "
            "dev crossing"]
        inside.ip(*neighbours)
        sender.connect((INNER[family][1], PEER_PORT))
        watched = Resolution(outside)
        sender.send(b"question")
        wait_until(lambda: sent(watched), "the envelope")
        watched.check(transmit={"by-socket" if row else "by-device": 1})
        ksft_eq(socket_cookie(sender) in {
            lookup.socket for lookup in trace.lookups()}, False)
        changed = watched.counts()
        if row:
            ksft_ge(changed.get(("transmit", row, "unconnected"), 0), 1)
        else:
            ksft_ge(changed.get(("transmit", "no-table"), 0), 1)
        check_inside(inside, sender, {V4: "udp", V6: "udp6"}[family])


def sent(watched):
    """How many packets were sent."""
    changed = watched.counts()
    return sum(changed.get(("transmit", how), 0) for how in status.HOW)


def loaded():
    """The modules that are loaded, of these drivers."""
    lines = Path("/proc/modules").read_text(encoding="ascii").splitlines()
    return {line.split()[0] for line in lines} & set(DRIVERS)


@contextlib.contextmanager
def unloaded_again():
    """Drivers that were not loaded before are not there afterwards."""
    before = loaded()
    try:
        yield
    finally:
        for name in DRIVERS:
            if name in loaded() - before:
                cmd(["modprobe", "--remove", name])


if __name__ == "__main__":
    with unloaded_again():
        program.run(globals())
