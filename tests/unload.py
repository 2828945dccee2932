#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Unloading, loading and changing modes while packets are on their way.

Traffic runs all the time, in both directions of both families; not one
answer may be missing or wrong, and no connection may break.
"""

import socket

from lib import kernel_module, lookup_trace, program, status
from lib.packet_queue import held, waiting
from lib.topology import FAR, veth_pair
from lib.traffic import Traffic
from net.lib.py import KsftNamedVariant, ksft_eq, ksft_gt, ksft_variants

ROUNDS, PORT = 10, 53


def load_if_needed():
    """These tests begin with the module loaded."""
    if not kernel_module.loaded():
        kernel_module.insmod()


@ksft_variants([KsftNamedVariant("mode_off", "off"),
                KsftNamedVariant("mode_observe", "observe")])
def test_unload(mode):
    """The module goes and comes in the middle of it."""
    load_if_needed()
    with veth_pair(mode) as (near, far), Traffic(near, far) as traffic:
        for _ in range(ROUNDS):
            traffic.wait_for_progress()
            kernel_module.rmmod()
            traffic.wait_for_progress()
            kernel_module.insmod(f"mode={mode}")
        traffic.wait_for_progress()
        traffic.check()


def test_flip():
    """The mode of both ends changes while packets pass."""
    load_if_needed()
    with veth_pair() as (near, far), Traffic(near, far) as traffic:
        for _ in range(ROUNDS * 5):
            for namespace in (near, far):
                namespace.set_mode("observe")
            traffic.wait_for_progress()
            for namespace in (far, near):
                namespace.set_mode("off")
        traffic.check()
        for namespace in (near, far):
            now = status.read(namespace)
            status.check_sums(now)
            for direction in status.DIRECTIONS:
                ksft_gt(now.seen(direction), 0)
                ksft_eq(now.counts[direction, "disagree"], 0)
                ksft_eq(now.counts[direction, "unparsed"], 0)


def test_unload_while_queued():
    """The kernel drops what waits in a queue to user space when a hook of the
    namespace goes, whosever it is; what comes later arrives."""
    load_if_needed()
    with veth_pair("observe") as (near, far), far.udp("", PORT) as server, \
            near.open_socket() as client, \
            held(far, "input", PORT) as queue:
        client.connect((FAR[socket.AF_INET], PORT))
        client.send(b"early")
        queue.next()
        kernel_module.rmmod()
        ksft_eq(waiting(far), 0, "nothing waits any more")
        client.send(b"late")
        queue.accept_all(1)
        ksft_eq(server.recv(10), b"late")
        kernel_module.insmod()


def test_unload_while_traced():
    """Somebody has the tracepoint open all the time."""
    load_if_needed()
    with veth_pair("observe") as (near, far), Traffic(near, far) as traffic:
        for _ in range(3):
            with lookup_trace.capture(near, far) as trace:
                traffic.wait_for_progress()
                ksft_gt(len(trace.lookups()), 0)
                kernel_module.rmmod()
                traffic.wait_for_progress()
            kernel_module.insmod("mode=observe")
        traffic.check()


if __name__ == "__main__":
    program.run_alone(globals())
