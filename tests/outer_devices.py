#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Devices whose other side is in another namespace: ipvlan, macvlan, netkit.

    near: inner0 -- (outer namespace) veth0 ==== veth0: far

What an inner device receives is received there, whatever the outer side has
seen of it.
"""

import contextlib
import select
import socket

from lib import program, status
from lib.exchange import PACKETS, PORT, exchange
from lib.resolution import Resolution, check_all
from lib.topology import FAR, Namespace, hardware_address, veth_pair
from net.lib.py import KsftNamedVariant, ksft_eq, ksft_variants

FOUR, SIX = socket.AF_INET, socket.AF_INET6
INNER = {FOUR: "192.0.2.77", SIX: "2001:db8::77"}
# Of the same network as the outer device.
KINDS = ("macvlan mode bridge", "macvlan mode private", "ipvlan mode l2")
VARIANTS = [KsftNamedVariant(f"{kind.replace(' ', '_')}_{name}", kind, family)
            for kind in KINDS for name, family in (("ipv4", FOUR),
                                                   ("ipv6", SIX))]


@contextlib.contextmanager
def inner_namespace(kind):
    """A namespace with a device above the outer veth0, and the others."""
    with veth_pair("observe") as (outer, far), Namespace() as inner:
        outer.ip(f"link add inner0 link veth0 type {kind}",
                 f"link set inner0 netns {inner.name}")
        inner.ip("link set lo up", "link set inner0 up",
                 f"addr add {INNER[FOUR]}/24 dev inner0",
                 f"addr add {INNER[SIX]}/64 dev inner0 nodad")
        inner.set_mode("observe")
        yield inner, outer, far


def route_to_inner(outer, far):
    """Let the far end send through the outer device what is for the inner
    one, which answers no question for its hardware address."""
    mac = hardware_address(outer, "veth0")
    far.ip(f"route add {INNER[FOUR]}/32 dev veth0",
           f"route add {INNER[SIX]}/128 dev veth0",
           *(f"neigh add {address} lladdr {mac} dev veth0"
             for address in INNER.values()))


@ksft_variants(VARIANTS)
def test_bridged(kind, family):
    """The outer namespace sees nothing of what goes through its device."""
    with inner_namespace(kind) as (inner, outer, far):
        far.ip("neigh flush dev veth0")
        watched = [Resolution(namespace) for namespace in (inner, far)]
        outside = Resolution(outer)
        exchange(inner, far, FAR[family], family)
        check_all(watched, PACKETS)
        exchange(far, inner, INNER[family], family)
        check_all(watched, 2 * PACKETS)
        outside.check()
        ksft_eq(outside.rows("udp", "tcp", "udp6", "tcp6"), {})


@ksft_variants([KsftNamedVariant(name, family)
                for name, family in (("ipv4", FOUR), ("ipv6", SIX))])
def test_routed(family):
    """ipvlan in mode L3: what leaves is transmitted once more, by the outer
    namespace and without a socket, so by the outer device."""
    with inner_namespace("ipvlan mode l3") as (inner, outer, far):
        route_to_inner(outer, far)
        watched = [Resolution(namespace) for namespace in (inner, far)]
        outside = Resolution(outer)
        exchange(inner, far, FAR[family], family)
        check_all(watched, PACKETS)
        outside.check(transmit={"by-device": PACKETS})


@contextlib.contextmanager
def decoys(outer, family):
    """Sockets of the outer namespace that a lookup there finds for what is
    sent to the inner device; nothing may come to them."""
    with outer.udp("", PORT, family) as datagrams, \
            outer.listener("", PORT, family) as listener:
        yield
        ksft_eq(select.select([datagrams, listener], [], [], 0)[0], [],
                "the outer sockets that have got something")


@ksft_variants([KsftNamedVariant(f"{mode}_{name}", mode, family)
                for mode in ("observe", "steer")
                for name, family in (("ipv4", FOUR), ("ipv6", SIX))])
def test_given_away(mode, family):
    """ipvlan in mode L3S: the outer namespace receives what is for the inner
    device, which gets it after all hooks. What is found outside is not handed
    over: it would be the wrong socket."""
    with inner_namespace("ipvlan mode l3s") as (inner, outer, far), \
            decoys(outer, family):
        route_to_inner(outer, far)
        outer.set_mode(mode)
        inside, outside = Resolution(inner), Resolution(outer)
        exchange(far, inner, INNER[family], family)
        inside.check(transmit={"by-socket": PACKETS})
        outside.check(receive={"by-device": PACKETS},
                      transmit={"by-device": PACKETS})
        six = "6" if family == SIX else ""
        received = received_rows(outside)
        ksft_eq(set(received), {("udp" + six, "unconnected"),
                                ("tcp" + six, "listener")}, "found outside")
        ksft_eq(received_rows(inside), {})
        ksft_eq({key[1]: count for key, count in outside.counts().items()
                 if key[0] == "receive" and key[1] in status.MODES},
                {"left-device": sum(received.values())} if mode == "steer"
                else {})


def received_rows(resolution):
    """The lookups of received packets: (protocol, outcome)."""
    return {key[1:]: count
            for key, count in resolution.rows("udp", "tcp", "udp6",
                                              "tcp6").items()
            if key[0] == "receive"}


@ksft_variants([KsftNamedVariant(f"{mode}_{name}", mode, family)
                for mode in ("l2", "l3")
                for name, family in (("ipv4", FOUR), ("ipv6", SIX))])
def test_netkit(mode, family):
    """A pair, each end in a namespace of its own."""
    with Namespace() as near, Namespace() as far:
        near.ip("link add inner0 type netkit mode " + mode
                + f" peer name inner0 netns {far.name}")
        for namespace, address in ((near, "198.51.100.1"),
                                   (far, "198.51.100.2")):
            six = address.replace("198.51.100.", "2001:db8:1::")
            namespace.ip("link set lo up", "link set inner0 up",
                         f"addr add {address}/24 dev inner0",
                         f"addr add {six}/64 dev inner0 nodad")
            namespace.set_mode("observe")
        watched = [Resolution(namespace) for namespace in (near, far)]
        remote = {FOUR: "198.51.100.2", SIX: "2001:db8:1::2"}[family]
        exchange(near, far, remote, family)
        check_all(watched, PACKETS)


if __name__ == "__main__":
    program.run(globals())
