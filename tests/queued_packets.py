#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Packets that wait in a queue to user space while the mode changes.

They go on by the place of the hook that has queued them: as long as nobody
sets or unsets hooks meanwhile, they come by the ones behind it, once. From
one mode to another no hook is touched; switching off does so, and the kernel
drops what waits.
"""

from lib import program, status
from lib.lifetime import wait_until
from lib.observed import ROW_OF_UDP
from lib.packet_queue import held, waiting
from lib.topology import FAMILIES, FAR, veth_pair
from net.lib.py import KsftNamedVariant, ksft_eq, ksft_variants

PORT, COUNT = 53, 4
CHANGES = [("observe", "verify", "steer", "observe"),
           ("steer", "observe", "verify", "steer"),
           ("verify", "steer", "verify", "observe")]
VARIANTS = [KsftNamedVariant(f"{version}_{'_'.join(modes)}", family, modes)
            for version, family in zip(("ipv4", "ipv6"), FAMILIES)
            for modes in CHANGES]
FAMILY_VARIANTS = [KsftNamedVariant(version, family) for version, family
                   in zip(("ipv4", "ipv6"), FAMILIES)]


def payloads(sock, count):
    """What a socket receives, in order."""
    return [sock.recv(10) for _ in range(count)]


@ksft_variants(VARIANTS)
def test_received(family, modes):
    """All arrive, and each is seen once, in the mode of the moment."""
    with veth_pair() as (near, far), far.udp("", PORT, family) as server, \
            near.open_socket(family) as client, \
            held(far, "input", PORT) as queue:
        far.set_mode(modes[0])
        before = status.read(far)
        client.connect((FAR[family], PORT))
        for number, mode in enumerate(modes):
            far.set_mode(mode)
            client.send(b"%d" % number)
            wait_until(lambda: waiting(far) == number + 1,
                       "the datagram waits")
        row = ROW_OF_UDP[family]
        ksft_eq((status.read(far) - before).get(
            ("receive", row, "packets"), 0), 0, "seen behind the queue")
        queue.accept_all(COUNT)
        ksft_eq(payloads(server, COUNT), [b"0", b"1", b"2", b"3"])
        changed = status.read(far) - before
        ksft_eq(changed.get(("receive", row, "unconnected"), 0), COUNT)
        ksft_eq(changed.get(("receive", "steered"), 0),
                COUNT if modes[-1] == "steer" else 0)
        status.check_sums(status.read(far))


@ksft_variants(VARIANTS)
def test_transmitted(family, modes):
    """nsmux sees them before they wait, and not again."""
    with veth_pair() as (near, far), far.udp("", PORT, family) as server, \
            near.open_socket(family) as client, \
            held(near, "output", PORT) as queue:
        near.set_mode(modes[0])
        before = status.read(near)
        client.connect((FAR[family], PORT))
        for number, mode in enumerate(modes):
            near.set_mode(mode)
            client.send(b"%d" % number)
        wait_until(lambda: waiting(near) == COUNT, "all wait")
        queue.accept_all(COUNT)
        ksft_eq(payloads(server, COUNT), [b"0", b"1", b"2", b"3"])
        changed = status.read(near) - before
        ksft_eq(changed.get(("transmit", ROW_OF_UDP[family], "packets"), 0),
                COUNT)
        status.check_sums(status.read(near))


@ksft_variants(FAMILY_VARIANTS)
def test_switched_off(family):
    """What waits is dropped, by the kernel; what comes later is not."""
    with veth_pair() as (near, far), far.udp("", PORT, family) as server, \
            near.open_socket(family) as client, \
            held(far, "input", PORT) as queue:
        far.set_mode("observe")
        client.connect((FAR[family], PORT))
        client.send(b"early")
        queue.next()
        far.set_mode("off")
        ksft_eq(waiting(far), 0, "nothing waits any more")
        client.send(b"late")
        queue.accept_all(1)
        ksft_eq(server.recv(10), b"late")


@ksft_variants(FAMILY_VARIANTS)
def test_received_while_switched_on(family):
    """What waits in front of nsmux when it comes is seen by it, once."""
    with veth_pair() as (near, far), far.udp("", PORT, family) as server, \
            near.open_socket(family) as client, \
            held(far, "input", PORT) as queue:
        client.connect((FAR[family], PORT))
        for number in range(COUNT):
            client.send(b"%d" % number)
        wait_until(lambda: waiting(far) == COUNT, "all wait")
        far.set_mode("observe")
        before = status.read(far)
        queue.accept_all(COUNT)
        ksft_eq(payloads(server, COUNT), [b"0", b"1", b"2", b"3"])
        changed = status.read(far) - before
        ksft_eq(changed.get(("receive", ROW_OF_UDP[family], "packets"), 0),
                COUNT)
        status.check_sums(status.read(far))


@ksft_variants(FAMILY_VARIANTS)
def test_transmitted_while_switched_on(family):
    """What waits behind nsmux's place when it comes there goes on one hook too
    early, and waits again: nsmux has not seen it, and nothing is lost."""
    with veth_pair() as (near, far), far.udp("", PORT, family) as server, \
            near.open_socket(family) as client, \
            held(near, "output", PORT) as queue:
        client.connect((FAR[family], PORT))
        for number in range(COUNT):
            client.send(b"%d" % number)
        wait_until(lambda: waiting(near) == COUNT, "all wait")
        near.set_mode("observe")
        before = status.read(near)
        queue.accept_all(COUNT)
        wait_until(lambda: waiting(near) == COUNT, "all wait again")
        queue.accept_all(COUNT)
        ksft_eq(payloads(server, COUNT), [b"0", b"1", b"2", b"3"])
        row = ROW_OF_UDP[family]
        ksft_eq((status.read(near) - before).get(
            ("transmit", row, "packets"), 0), 0, "not seen")
        client.send(b"late")
        queue.accept_all(1)
        ksft_eq(payloads(server, 1), [b"late"])
        ksft_eq((status.read(near) - before).get(
            ("transmit", row, "packets"), 0), 1, "seen from now on")
        status.check_sums(status.read(near))


@ksft_variants(FAMILY_VARIANTS)
def test_steered_after_its_socket_went(family):
    """A packet that waits behind nsmux bears its socket, which may be closed
    before it goes on."""
    with veth_pair() as (near, far), near.open_socket(family) as client, \
            far.udp("", PORT, family) as server:
        far.set_mode("steer")
        far.sysctl("net/ipv4/ip_early_demux", 0)
        with held(far, "input", PORT, priority=300) as queue:
            client.connect((FAR[family], PORT))
            client.send(b"!")
            number = queue.next()
            ksft_eq(status.read(far).counts["receive", "steered"], 1)
            server.close()
            with far.udp("", PORT, family) as successor:
                queue.accept(number)
                client.send(b"?")
                queue.accept_all(1)
                ksft_eq(successor.recv(10), b"?")


if __name__ == "__main__":
    program.run(globals())
