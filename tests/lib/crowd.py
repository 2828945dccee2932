# SPDX-License-Identifier: GPL-2.0
"""Many network namespaces that look the same, without names.

    each: lo, dummy0 192.0.2.1 2001:db8::1; every fourth: vrf0 -- dummy1

Half of them have TCP and UDP tables of their own.
"""

import contextlib
import os
import random
import socket
from concurrent.futures import ThreadPoolExecutor

from .identity import namespace_cookie
from .socket_diag import SocketDiag
from .topology import address_lines, ip_batch, write_sysctl

# What a namespace does by itself is made rare: requests and connections
# that nobody answers stay for as long as somebody looks at them.
SYSCTLS = {"ipv4/tcp_synack_retries": 255, "ipv4/tcp_syn_retries": 127,
           "ipv4/conf/all/rp_filter": 0, "ipv4/conf/default/rp_filter": 0,
           "ipv6/conf/default/accept_dad": 0,
           "ipv6/conf/default/addr_gen_mode": 1,
           "ipv6/conf/default/router_solicitations": 0}
TABLES = ("ipv4/tcp_child_ehash_entries", "ipv4/udp_child_hash_entries")
TABLE_SIZE = 256
THREADS = 2


class Member:
    """One of the namespaces."""

    def __init__(self, number):
        """Make it, and leave the calling thread in it."""
        self.number = number
        os.unshare(os.CLONE_NEWNET)
        self.file = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        for name, value in SYSCTLS.items():
            write_sysctl(f"net/{name}", value)
        # For the namespace that is made next, of which this is the parent.
        for name in TABLES:
            write_sysctl(f"net/{name}", TABLE_SIZE * (number // THREADS % 2))
        lines = ["link set lo up", "link add dummy0 type dummy",
                 *address_lines("dummy0")]
        names = ["lo", "dummy0"]
        if number % 4 == 0:
            lines += ["link add vrf0 type vrf table 10",
                      "link add dummy1 type dummy",
                      "link set dummy1 master vrf0", "link set vrf0 up",
                      "link set dummy1 up"]
            names += ["vrf0", "dummy1"]
        ip_batch(*lines)
        self.devices = {name: socket.if_nametoindex(name) for name in names}
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            self.cookie = namespace_cookie(sock)
        self.diag = SocketDiag()

    def enter(self):
        """The calling thread goes there, and stays."""
        os.setns(self.file, os.CLONE_NEWNET)


def _make(numbers):
    """Some, in a thread that stays in the last one."""
    return [Member(number) for number in numbers]


@contextlib.contextmanager
def crowd(count):
    """So many namespaces, gone with the block."""
    with ThreadPoolExecutor(THREADS) as pool:
        parts = list(pool.map(_make, [range(start, count, THREADS)
                                      for start in range(THREADS)]))
    members = sorted(sum(parts, []), key=lambda member: member.number)
    try:
        yield members
    finally:
        for member in members:
            member.diag.close()
            os.close(member.file)


def pick(generator: random.Random, values):
    """One of the values; faster than choice(), which this is called for a
    million times."""
    return values[int(generator.random() * len(values))]
