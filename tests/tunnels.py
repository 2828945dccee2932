#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Packets in packets: GRE, VXLAN and WireGuard.

    inner near: 10.0.0.1 -- tunnel -- outer near ==== outer far -- tunnel --

The end of a tunnel may be in another namespace than the tunnel's packets.
Then each packet is seen twice on its way out, in two namespaces: as its
sender's, and as the tunnel's. WireGuard and VXLAN have a socket of their
own for the latter, of the outer namespace; GRE has none.
"""

import contextlib
import json
import os
import socket
import struct

from lib import program
from lib.exchange import PACKETS, exchange
from lib.lifetime import wait_until
from lib.resolution import Resolution
from lib.topology import FAR, NEAR, Namespace, veth_pair
from net.lib.py import (KsftNamedVariant, KsftSkipEx, YnlFamily, cmd,
                        ksft_variants)
from net.lib.py.ynl import SPEC_PATH

FOUR = socket.AF_INET
WIREGUARD_PORT = 51820
INNER = ("10.0.0.1", "10.0.0.2")
PLACES = [KsftNamedVariant("in_one_namespace", False),
          KsftNamedVariant("in_another_namespace", True)]


@contextlib.contextmanager
def outer_and_inner(apart):
    """Two outer namespaces, joined, and where the tunnel's ends are."""
    with veth_pair("observe") as outer, contextlib.ExitStack() as stack:
        inner = outer
        if apart:
            inner = [stack.enter_context(Namespace()) for _ in outer]
        for namespace in inner:
            namespace.set_mode("observe")
        yield outer, inner


def make(outer, inner, *lines):
    """The ends of a tunnel, made outside by these lines and moved inside.

    {local} and {remote} are the outer addresses.
    """
    ends = (NEAR[FOUR], FAR[FOUR])
    for place, (outside, inside) in enumerate(zip(outer, inner)):
        outside.ip(*(line.format(local=ends[place], remote=ends[1 - place])
                     for line in lines))
        if inside is not outside:
            outside.ip(f"link set tunnel netns {inside.name}")


def raise_ends(inner):
    """Give the ends of the tunnel their addresses."""
    for address, inside in zip(INNER, inner):
        inside.ip(f"addr add {address}/24 dev tunnel", "link set tunnel up",
                  "link set lo up")


def check_tunnel(outer, inner, how):
    """What is sent inside is sent outside once more, resolved in this way,
    and received in both by the device."""
    watched = {namespace: Resolution(namespace)
               for namespace in (*outer, *inner)}
    exchange(*inner, INNER[1])
    for namespace in outer:
        ways = {"by-socket": PACKETS if namespace in inner else 0}
        ways[how] = ways.get(how, 0) + PACKETS
        if how == "by-device":
            # Nothing else has no socket: the kernel counts as many.
            inside = inner[outer.index(namespace)]
            wait_until(lambda: watched[namespace].counts().get(
                ("transmit", how)) == transmitted(inside),
                "as many as went into the tunnel")
        watched[namespace].check(receive={"by-device": PACKETS},
                                 transmit=ways)
    for namespace in set(inner) - set(outer):
        watched[namespace].check(receive={"by-device": PACKETS},
                                 transmit={"by-socket": PACKETS})


def transmitted(inside):
    """How many packets have gone into the tunnel at this end."""
    with inside.enter():
        told = cmd(["ip", "-json", "-stats", "link", "show", "tunnel"])
    return json.loads(told.stdout)[0]["stats64"]["tx"]["packets"]


@ksft_variants(PLACES)
def test_gre(apart):
    """The outer packet has no socket: the device that it leaves by."""
    with outer_and_inner(apart) as (outer, inner):
        make(outer, inner,
             "link add tunnel type gre local {local} remote {remote}")
        raise_ends(inner)
        check_tunnel(outer, inner, "by-device")


@ksft_variants(PLACES)
def test_vxlan(apart):
    """The outer packet's socket is the tunnel's, of the outer namespace."""
    with outer_and_inner(apart) as (outer, inner):
        make(outer, inner, "link add tunnel type vxlan id 7 dstport 4789 "
             "local {local} remote {remote}")
        raise_ends(inner)
        check_tunnel(outer, inner, "by-socket")


class Wireguard(YnlFamily):
    """WireGuard's own family, in the calling thread's namespace."""

    def __init__(self):
        path = SPEC_PATH / "wireguard.yaml"
        if not path.exists():
            raise KsftSkipEx("this kernel's source does not describe "
                             "wireguard")
        super().__init__(str(path), schema="")

    def set(self, **attributes):
        """Configure the end of the tunnel."""
        self.do("set-device", {"ifname": "tunnel"} | {
            name.replace("_", "-"): value
            for name, value in attributes.items()})

    def public_key(self):
        """The public key that the kernel makes of the private one."""
        told, = self.dump("get-device", {"ifname": "tunnel"})
        return told["public-key"].replace(" ", "")


def endpoint(address):
    """A struct sockaddr_in."""
    return (struct.pack("=H", FOUR) + struct.pack("!H", WIREGUARD_PORT)
            + socket.inet_aton(address) + bytes(8))


def introduce(inner):
    """Give both ends keys, and each the other as its only peer."""
    with contextlib.ExitStack() as stack:
        ends = []
        for inside in inner:
            with inside.enter():
                ends.append(stack.enter_context(Wireguard()))
        for end in ends:
            end.set(private_key=os.urandom(32).hex(),
                    listen_port=WIREGUARD_PORT)
        for end, other, address in zip(ends, reversed(ends),
                                       (FAR[FOUR], NEAR[FOUR])):
            end.set(peers=[{
                "public-key": other.public_key(),
                "endpoint": endpoint(address),
                "allowedips": [{"family": int(FOUR), "ipaddr": "0.0.0.0",
                                "cidr-mask": 0}]}])


@ksft_variants(PLACES)
def test_wireguard(apart):
    """As VXLAN; the handshake is the kernel's own."""
    with outer_and_inner(apart) as (outer, inner):
        make(outer, inner, "link add tunnel type wireguard")
        introduce(inner)
        raise_ends(inner)
        check_tunnel(outer, inner, "by-socket")


if __name__ == "__main__":
    program.run(globals())
