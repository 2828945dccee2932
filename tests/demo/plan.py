# SPDX-License-Identifier: GPL-2.0
"""The plan of the demo: what everything is called, before anything is made.

    client ---- router -+- veth --- nsmux-0001   10.0.0.2 and fd00::2,
                        +- veth --- nsmux-0002   TCP and UDP port 8080,
                        +- veth --- nsmux-0003   in every one of them
                        |
                        +- bridge --+-- nsmux-0004
                                    +-- nsmux-0008

The servers cannot be told apart by their address. The router gives each of
them an outer address, and the client knows only those.
"""
from dataclasses import dataclass

LARGEST = 2000          # namespaces; a bridge takes 1024 ports, see BRIDGED
BRIDGED = 4             # every fourth server is reached over the bridge

# The sizes of each namespace's own tables: small, so that thousands fit.
TCP_ENTRIES = 512
UDP_ENTRIES = 128

INNER4 = "10.0.0.2"
INNER6 = "fd00::2"
PORT = 8080

OUTER4_NETWORK = "10.128.0.0/16"
OUTER6_NETWORK = "fd00:128::/64"

CLIENT = "nsmux-client"
CLIENT4 = "192.0.2.2"
CLIENT6 = "2001:db8::2"
ROUTER = "nsmux-router"
ROUTER4 = "192.0.2.1"
ROUTER6 = "2001:db8::1"
# What every server calls the router's end of its link.
GATEWAY = "fe80::1"
GATEWAY_MAC = bytes.fromhex("020000010001")

# The client's UDP ports: each server has a socket connected to the first one,
# so that datagrams from there find a connected socket, and the others find
# the unconnected one beside it.
CONNECTED_PORT = 7001
UNCONNECTED_PORT = 7002

# The client asks at most so many times: by datagram from each of its two
# ports and in one TCP connection, over IPv4 and over IPv6 alike.
ROUNDS = 10
PER_ROUND = 6


@dataclass(frozen=True)
class Server:
    """One server namespace, known by its number, counted from 1."""

    number: int

    @property
    def name(self):
        return f"nsmux-{self.number:04}"

    @property
    def bridged(self):
        return self.number % BRIDGED == 0

    @property
    def outer4(self):
        return f"10.128.{self.number >> 8}.{self.number & 255}"

    @property
    def outer6(self):
        return f"fd00:128::{self.number:x}"

    @property
    def mac(self):
        return bytes.fromhex(f"02000000{self.number:04x}")

    @property
    def nexthop(self):
        """The link-local address by which the router knows the server."""
        return f"fe80::{0x1000 + self.number:x}"

    @property
    def port_device(self):
        """The router's end of the server's link."""
        return f"port{self.number}"

    @property
    def port_index(self):
        return 1000 + self.number


def servers(count):
    return [Server(number) for number in range(1, count + 1)]


def rounds(count):
    """How often each of so many servers is asked in each way.

    Fewer times when there are thousands: it is enough to see more than one.
    """
    return max(2, min(ROUNDS, 4000 // count))
