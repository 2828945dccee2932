#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A device that goes from one namespace to another under traffic.

    far: veth0 ==== wandering, in one namespace, then in the other

Both have the same address and the same port. Wherever the device is, what it
receives is that namespace's.
"""

import socket
import threading

from lib import program, status
from lib.lifetime import wait_until
from lib.observed import FAMILY_VARIANTS
from lib.resolution import Resolution
from lib.topology import FAR, NEAR, Namespace, address_lines
from net.lib.py import ksft_eq, ksft_ge, ksft_variants

PORT, MOVES, AT_LEAST = 7, 6, 20
MAC = "02:00:00:00:00:77"
ROW = {socket.AF_INET: "udp", socket.AF_INET6: "udp6"}


class Sender(threading.Thread):
    """Sends datagrams without end, whether anybody is there or not."""

    def __init__(self, namespace, family):
        super().__init__(daemon=True)
        self.sock = namespace.open_socket(family)
        self.address = (NEAR[family], PORT)
        self.stopped = threading.Event()
        self.sent = 0

    def run(self):
        while not self.stopped.is_set():
            try:
                self.sock.sendto(b"?", self.address)
                self.sent += 1
            except OSError:
                # There is no carrier while the device is on its way.
                continue

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.join()
        self.sock.close()


def settle(namespace):
    """What a device loses on its way: that it is up, and its addresses."""
    namespace.ip(f"link set wandering address {MAC}",
                 *address_lines("wandering"))


@ksft_variants(FAMILY_VARIANTS)
def test_moved(family):
    """Received by the device, in the namespace in which it is by then."""
    with Namespace() as one, Namespace() as other, Namespace() as far, \
            one.udp("", PORT, family), other.udp("", PORT, family):
        far.ip(f"link add veth0 type veth peer name wandering netns "
               f"{one.name}", *address_lines("veth0", FAR),
               *(f"neigh add {address} lladdr {MAC} dev veth0"
                 for address in NEAR.values()))
        settle(one)
        for namespace in (one, other, far):
            namespace.set_mode("observe")
        watched = {namespace: Resolution(namespace)
                   for namespace in (one, other, far)}
        key = ("receive", ROW[family], "unconnected")
        with Sender(far, family) as sender:
            here, there = one, other
            for _ in range(MOVES):
                before = watched[here].counts().get(key, 0)
                wait_until(lambda: watched[here].counts().get(key, 0)
                           >= before + AT_LEAST, "it receives")
                here.ip(f"link set wandering netns {there.name}")
                here, there = there, here
                settle(here)
        for namespace in (one, other):
            counts = watched[namespace].counts()
            ksft_ge(counts[key], AT_LEAST * MOVES // 2)
            watched[namespace].check(receive={"by-device": counts[key]})
            ksft_eq(watched[namespace].rows(ROW[family]), {key: counts[key]})
        watched[far].check(transmit={"by-socket": sender.sent})
        total = sum(watched[namespace].counts()[key]
                    for namespace in (one, other))
        ksft_ge(sender.sent, total)
        status.check_sums(status.read(far))


if __name__ == "__main__":
    program.run(globals())
