# SPDX-License-Identifier: GPL-2.0
"""Network namespaces, and the devices and addresses in them.

Starting a process is what takes long in an emulated guest: a namespace is
entered by the calling thread, and one "ip -batch" configures it.
"""

import contextlib
import json
import os
import secrets
import socket
import subprocess

from net.lib.py import NetNS, NetNSEnter, cmd
from .identity import namespace_cookie
from .lifetime import wait_until

# Documentation addresses: our end, and the far end.
LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
NEAR = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
FAR = {socket.AF_INET: "192.0.2.2", socket.AF_INET6: "2001:db8::2"}
PREFIX = {socket.AF_INET: 24, socket.AF_INET6: 64}
FAMILIES = (socket.AF_INET, socket.AF_INET6)
# A route to an address of this host, of linux/ipv6_route.h.
RTF_LOCAL = 0x80000000


def ip_batch(*lines):
    """Run many ip commands in one process, in the current namespace.

    What they have added is in use when this returns.
    """
    result = subprocess.run(["ip", "-batch", "-"], input="\n".join(lines),
                            text=True, capture_output=True, check=False)
    if result.returncode:
        raise RuntimeError(f"ip -batch: {result.stderr}\n" + "\n".join(lines))
    wait_until(lambda: not addresses_without_route(),
               "each address of IPv6 receives packets")


def addresses_without_route():
    """The addresses of IPv6 that do not receive packets yet, in hexadecimal.

    The kernel leaves the route of a new address to a worker, without
    duplicate address detection too (addrconf_dad_start()).
    """
    with open("/proc/thread-self/net/if_inet6", encoding="ascii") as file:
        addresses = {line.split()[0] for line in file}
    with open("/proc/thread-self/net/ipv6_route", encoding="ascii") as file:
        routes = {fields[0] for fields in map(str.split, file)
                  if int(fields[8], 16) & RTF_LOCAL}
    return addresses - routes


class Namespace(NetNS):
    """A network namespace of its own name, silent until a test speaks."""

    def __init__(self):
        super().__init__("nsmux-" + secrets.token_hex(4))
        # Nothing that the kernel sends by itself may disturb the counts:
        # no router solicitations, no link-local addresses, no duplicate
        # address detection.
        with self.enter():
            for name, value in (("accept_ra", 0), ("accept_dad", 0),
                                ("router_solicitations", 0),
                                ("addr_gen_mode", 1)):
                write_sysctl(f"net/ipv6/conf/default/{name}", value)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                self.cookie = namespace_cookie(sock)
            # What the kernel has put there: loopback, and one for each driver
            # of tunnels that is loaded.
            self.devices = [name for _, name in socket.if_nameindex()]

    def enter(self):
        """The calling thread is in the namespace, inside a with block."""
        return NetNSEnter(self.name)

    def delete(self):
        """Take the name away; the namespace dies with its last user."""
        self.__del__()

    def ip(self, *lines):
        """Run ip commands in the namespace."""
        with self.enter():
            ip_batch(*lines)

    def sysctl(self, name, value):
        """Set a sysctl of the namespace, named by its path."""
        with self.enter():
            write_sysctl(name, value)

    def set_mode(self, mode):
        """Set nsmux's mode of the namespace."""
        self.sysctl("net/nsmux/mode", mode)

    def open_socket(self, family=socket.AF_INET, kind=socket.SOCK_DGRAM,
                    protocol=0):
        """A socket of the namespace, which never blocks for ever.

        Each family has its own sockets, unless a test wants it otherwise.
        """
        with self.enter():
            sock = socket.socket(family, kind, protocol)
        sock.settimeout(20)
        if family == socket.AF_INET6 and kind != socket.SOCK_RAW:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return sock

    def udp(self, address="", port=0, family=socket.AF_INET):
        """A bound UDP socket."""
        sock = self.open_socket(family)
        sock.bind((address, port))
        return sock

    def listener(self, address="", port=0, family=socket.AF_INET):
        """A listening TCP socket."""
        sock = self.open_socket(family, socket.SOCK_STREAM)
        sock.bind((address, port))
        sock.listen()
        return sock


def write_sysctl(name, value):
    """Set a sysctl in the current namespace, with one write."""
    # Python's own files write again on closing what could not be written.
    file = os.open(f"/proc/sys/{name}", os.O_WRONLY)
    try:
        os.write(file, str(value).encode())
    finally:
        os.close(file)


def read_sysctl(name):
    """Read a sysctl in the current namespace."""
    with open(f"/proc/sys/{name}", encoding="ascii") as file:
        return file.read().strip()


def hardware_address(namespace, device):
    """The hardware address of a device, in text."""
    with namespace.enter():
        told = cmd(["ip", "-json", "link", "show", device]).stdout
    return json.loads(told)[0]["address"]


def address_lines(device, addresses=NEAR):
    """The ip commands that give a device its addresses and raise it."""
    return [f"link set {device} up"] + [
        f"addr add {address}/{PREFIX[family]} dev {device}"
        + (" nodad" if family == socket.AF_INET6 else "")
        for family, address in addresses.items()]


@contextlib.contextmanager
def veth_pair(mode="off"):
    """Two namespaces joined by a veth pair; near and far end.

        near: veth0 192.0.2.1 2001:db8::1 ---- far: veth0 192.0.2.2 ...::2
    """
    with Namespace() as near, Namespace() as far:
        connect(near, far)
        near.set_mode(mode)
        far.set_mode(mode)
        yield near, far


def connect(near, far, device="veth0", near_addresses=None,
            far_addresses=None):
    """Join two namespaces by a veth pair, each end with addresses.

    The device is the near one's; the far end is always veth0. Neighbours are
    given, so that no packet waits for their discovery.
    """
    near_addresses, far_addresses = near_addresses or NEAR, far_addresses or FAR
    near_mac, far_mac = (f"02:00:{secrets.token_hex(1)}:{secrets.token_hex(1)}"
                         f":00:0{end}" for end in (1, 2))
    near.ip(f"link add {device} address {near_mac} type veth peer name "
            f"veth0 address {far_mac} netns {far.name}",
            "link set lo up", *address_lines(device, near_addresses),
            *(f"neigh add {address} lladdr {far_mac} dev {device}"
              for address in far_addresses.values()))
    far.ip("link set lo up", *address_lines("veth0", far_addresses),
           *(f"neigh add {address} lladdr {near_mac} dev veth0"
             for address in near_addresses.values()))
