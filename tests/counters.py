#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Counters that add up exactly to the packets sent.

How many packets there were is known from three sides: the test sent them,
the kernel's protocol counters have them, and so has nft, counting at the
same two hooks.
"""

import contextlib
import json
import socket
import time

from lib import program, snmp, status
from lib.patience import end_after
from lib.topology import (FAMILIES, FAR, NEAR, Namespace, connect,
                          veth_pair)
from net.lib.py import (KsftNamedVariant, cmd, ksft_eq, ksft_ge, ksft_true,
                        ksft_variants)

PORT, PEER_PORT, CLOSED = 53, 40000, 54
COUNT = 50
PROTOCOL = dict(zip(FAMILIES, ("udp", "udp6")))
ERROR = dict(zip(FAMILIES, ("error", "error6")))
ICMP = dict(zip(FAMILIES, ("Icmp", "Icmp6")))
VARIANTS = [KsftNamedVariant(PROTOCOL[family], family)
            for family in FAMILIES]

# At nsmux's two hooks: all packets, and those that have no table.
RULESET = "\n".join(
    ["add table inet witness"] + [
        f"add chain inet witness {hook} "
        f"{{ type filter hook {hook} priority {priority}; }}\n"
        f"add rule inet witness {hook} counter\n"
        f"add rule inet witness {hook} "
        f"meta l4proto {{ icmp, ipv6-icmp }} counter"
        for hook, priority in (("input", 199), ("output", -449))])
DIRECTION = {"input": "receive", "output": "transmit"}


def nft_counts():
    """What nft has counted in the current namespace, by direction."""
    listed = json.loads(cmd("nft -j list table inet witness").stdout)
    counts = {}
    for rule in (item["rule"] for item in listed["nftables"]
                 if "rule" in item):
        counts.setdefault(DIRECTION[rule["chain"]], []).append(
            rule["expr"][-1]["counter"]["packets"])
    return counts


class Witnessed:
    """A namespace whose packets nft counts as well, from now on."""

    def __init__(self, namespace):
        self.namespace = namespace
        with namespace.enter():
            cmd(["nft", RULESET])
        self.first = self._both()

    def _both(self, deadline=20):
        """nft's counts and nsmux's, of the same moment.

        The kernel sends multicast listener reports when it likes: the two
        are of one moment if nft's do not change while nsmux's are read.
        """
        end = end_after(deadline)
        with self.namespace.enter():
            counted = nft_counts()
            while time.monotonic() < end:
                now = status.read()
                before, counted = counted, nft_counts()
                if before == counted:
                    return counted, now
        raise TimeoutError(f"{self.namespace} never becomes quiet")

    def check(self):
        """nsmux has seen what nft has seen, in both directions."""
        counted, now = self._both()
        status.check_sums(now, self.namespace.name)
        for direction in status.DIRECTIONS:
            changed = [count - first for count, first in zip(
                counted[direction], self.first[0][direction])]
            ksft_eq([now.seen(direction) - self.first[1].seen(direction),
                     other(now, direction)
                     - other(self.first[1], direction)],
                    changed, f"{direction}: packets, those without a table")
        return now


def other(now, direction):
    """How many packets were neither of TCP nor of UDP."""
    return now.counts[direction, "no-table"] + sum(
        now.counts[direction, protocol, "packets"]
        for protocol in ("raw", "raw6", "error", "error6"))


@contextlib.contextmanager
def observed_pair():
    """Two namespaces, joined, and each with its witness."""
    with veth_pair("observe") as (near, far):
        yield Witnessed(near), Witnessed(far)


@ksft_variants(VARIANTS)
def test_udp(family):
    """So many datagrams there and back, and nothing else in the rows."""
    with observed_pair() as pair:
        near, far = (witnessed.namespace for witnessed in pair)
        with near.udp(NEAR[family], PEER_PORT, family) as client, \
                far.udp("", PORT, family) as server:
            client.connect((FAR[family], PORT))
            for number in range(COUNT):
                client.send(b"%d" % number)
                data, source = server.recvfrom(100)
                server.sendto(data, source)
                ksft_eq(client.recv(100), b"%d" % number)
        for witnessed, outcome in zip(pair, ("connected", "unconnected")):
            now = witnessed.check()
            for direction in status.DIRECTIONS:
                row = {key[2]: count for key, count in now.counts.items()
                       if key[:2] == (direction, PROTOCOL[family]) and count}
                ksft_eq(row, {"packets": COUNT, outcome: COUNT}, direction)


@ksft_variants(VARIANTS)
def test_udp_to_closed_port(family):
    """As many of `none` as the kernel has of NoPorts, and of its errors."""
    name = {socket.AF_INET: "Udp", socket.AF_INET6: "Udp6"}[family]
    with observed_pair() as pair:
        near, far = (witnessed.namespace for witnessed in pair)
        before, unreachable = snmp.read(far), snmp.read(near)
        with near.udp("", 0, family) as client:
            for _ in range(COUNT):
                client.sendto(b"?", (FAR[family], CLOSED))
            now = status.wait(far, lambda now: now.counts[
                "receive", PROTOCOL[family], "none"] >= COUNT)
        changed = snmp.changes(before, snmp.read(far))
        ksft_eq(now.counts["receive", PROTOCOL[family], "none"], COUNT)
        ksft_eq(changed[f"{name}.NoPorts"], COUNT)
        errors = now.counts["transmit", "no-table"]
        ksft_true(errors, "there were answers")
        for witnessed in pair:
            witnessed.check()
        told = snmp.changes(unreachable, snmp.read(near))
        now = status.read(near)
        ksft_eq(now.counts["receive", ERROR[family], "unconnected"],
                told[f"{ICMP[family]}.InDestUnreachs"], "errors by quotes")


def test_tcp():
    """A transfer of a megabyte: the kernel's own count of IPv4 packets.

    IP counts what comes out of local input, and what goes into local output.
    """
    with observed_pair() as pair:
        before = [snmp.read(witnessed.namespace) for witnessed in pair]
        transfer(*(witnessed.namespace for witnessed in pair))
        for witnessed, earlier in zip(pair, before):
            changed = snmp.changes(earlier, snmp.read(witnessed.namespace))
            now = witnessed.check()
            ksft_eq(now.counts["receive", "tcp", "packets"],
                    changed["Ip.InDelivers"])
            ksft_eq(now.counts["transmit", "tcp", "packets"],
                    changed["Ip.OutRequests"])
            ksft_eq(now.counts["receive", "tcp", "none"], 0)


def transfer(near, far, size=1 << 20):
    """Send so many bytes from one namespace to the other, and close."""
    with far.listener("", PORT) as listener, near.open_socket(
            kind=socket.SOCK_STREAM) as client:
        client.connect((FAR[socket.AF_INET], PORT))
        with listener.accept()[0] as child:
            sent = received = 0
            while received < size:
                if sent < size:
                    sent += client.send(bytes(min(1 << 16, size - sent)))
                received += len(child.recv(1 << 16))
            client.close()
            ksft_eq(child.recv(1), b"")


def test_ping():
    """Echo requests and replies are of a raw socket, or have no table."""
    with observed_pair() as pair:
        for address in FAR.values():
            with pair[0].namespace.enter():
                cmd(f"ping -c 3 -i 0.05 -W 20 {address}")
        for witnessed in pair:
            now = witnessed.check()
            for direction in status.DIRECTIONS:
                ksft_eq(other(now, direction), now.seen(direction))
                ksft_ge(now.seen(direction), 6, direction)


@ksft_variants(VARIANTS)
def test_forwarded(family):
    """What only passes through is neither received nor transmitted.

    near: veth0 192.0.2.1 ---- veth0 router veth1 ---- veth0: other
    """
    beyond = {socket.AF_INET: ("198.51.100.1", "198.51.100.2"),
              socket.AF_INET6: ("2001:db8:1::1", "2001:db8:1::2")}
    with veth_pair("observe") as (near, router), Namespace() as other:
        connect(router, other, "veth1",
                {key: ends[0] for key, ends in beyond.items()},
                {key: ends[1] for key, ends in beyond.items()})
        for version in ("ipv4", "ipv6"):
            router.sysctl(f"net/{version}/conf/all/forwarding", 1)
        for namespace, gateways in ((near, FAR), (other, {
                key: ends[0] for key, ends in beyond.items()})):
            namespace.ip(*(f"route add default via {address}"
                           for address in gateways.values()))
        with near.udp("", PEER_PORT, family) as client, \
                other.udp("", PORT, family) as server:
            for _ in range(COUNT):
                client.sendto(b"?", (beyond[family][1], PORT))
                _, source = server.recvfrom(10)
                server.sendto(b"!", source)
                ksft_eq(client.recv(10), b"!")
        now = status.read(router)
        ksft_eq({key: count for key, count in now.counts.items()
                 if PROTOCOL[family] in key and count}, {})
        ksft_eq(status.read(near).counts[
            "transmit", PROTOCOL[family], "unconnected"], COUNT)


if __name__ == "__main__":
    program.run(globals())
