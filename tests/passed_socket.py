#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A socket that is used by a process in another namespace.

It stays in the namespace in which it was made, and so do its packets.
"""

import os
import socket

from lib import lookup_trace, program
from lib.identity import namespace_cookie, socket_cookie
from lib.observed import FAMILY_VARIANTS, check_lookup
from lib.privileges import enter, run_as
from lib.resolution import Resolution
from lib.topology import FAR, Namespace, veth_pair
from net.lib.py import ksft_eq, ksft_variants

PORT = 7
ROW = {socket.AF_INET: "udp", socket.AF_INET6: "udp6"}


@ksft_variants(FAMILY_VARIANTS)
def test_passed(family):
    """Made here, sent to a process elsewhere, and used there."""
    with veth_pair("observe") as (near, far), Namespace() as elsewhere, \
            lookup_trace.capture(near, far, elsewhere) as trace, \
            far.udp("", PORT, family) as server, \
            near.open_socket(family) as client:
        elsewhere.set_mode("observe")
        elsewhere.ip("link set lo up")
        watched = [Resolution(namespace)
                   for namespace in (near, far, elsewhere)]
        here, there = socket.socketpair()

        def use():
            """In the other process: take the socket, and ask with it."""
            descriptor, = socket.recv_fds(there, 1, 1)[1]
            with socket.socket(fileno=descriptor) as sock:
                sock.settimeout(20)
                sock.sendto(b"question", (FAR[family], PORT))
                return namespace_cookie(sock), os.stat("/proc/self/ns/net"
                                                       ).st_ino

        with here, there:
            socket.send_fds(here, [b"!"], [client.fileno()])
            cookie, inode = run_as(
                lambda: enter(f"/run/netns/{elsewhere.name}"), use)
        ksft_eq(cookie, near.cookie)
        ksft_eq(inode, os.stat(f"/run/netns/{elsewhere.name}").st_ino)
        data, source = server.recvfrom(100)
        server.sendto(b"answer", source)
        ksft_eq((data, client.recv(100)), (b"question", b"answer"))
        watched[0].check(transmit={"by-socket": 1}, receive={"by-device": 1})
        watched[1].check(transmit={"by-socket": 1}, receive={"by-device": 1})
        ksft_eq(watched[2].rows(*ROW.values()), {})
        sent, = trace.lookups(namespace=near.cookie, direction="transmit",
                              protocol=ROW[family])
        check_lookup(sent, "transmit", "unconnected", socket_cookie(client))


if __name__ == "__main__":
    program.run(globals())
