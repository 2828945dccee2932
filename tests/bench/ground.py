# SPDX-License-Identifier: GPL-2.0
"""Two network namespaces, which a veth pair joins, and nothing that disturbs.

    near: 192.0.2.1 2001:db8::1 ---- veth0 ---- far: 192.0.2.2 2001:db8::2
"""
import contextlib
import os
import subprocess
from pathlib import Path

MAC = {"near": "02:00:00:00:00:01", "far": "02:00:00:00:00:02"}
ADDRESSES = {"near": {4: "192.0.2.1", 6: "2001:db8::1"},
             "far": {4: "192.0.2.2", 6: "2001:db8::2"}}
LOOPBACK = {4: "127.0.0.1", 6: "::1"}
PREFIX = {4: 24, 6: 64}
OTHER = {"near": "far", "far": "near"}
DEVICE = "veth0"

# What the kernel would send by itself.
SILENT = [f"ipv6/conf/default/{name}" for name in
          ("accept_ra", "accept_dad", "router_solicitations")]


def write_sysctl(name, value):
    """Set a variable of the current namespace, with one write."""
    Path(f"/proc/sys/net/{name}").write_text(f"{value}", encoding="ascii")


class Ground:
    """The namespaces, "near" and "far", each with an open descriptor."""

    def __init__(self):
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        self.descriptors = {}
        for name in ADDRESSES:
            os.unshare(os.CLONE_NEWNET)
            self.descriptors[name] = os.open("/proc/self/ns/net", os.O_RDONLY)
            for variable in SILENT:
                write_sysctl(variable, 0)
            # No link-local addresses.
            write_sysctl("ipv6/conf/default/addr_gen_mode", 1)
            os.setns(self.home, os.CLONE_NEWNET)
        with self.within("near"):
            self._ip(f"link add {DEVICE} address {MAC['near']} type veth "
                     f"peer name {DEVICE} address {MAC['far']} "
                     f"netns /proc/{os.getpid()}/fd/{self.descriptors['far']}")
        for name, addresses in ADDRESSES.items():
            with self.within(name):
                self._ip("link set lo up", f"link set {DEVICE} up", *(
                    f"addr add {address}/{PREFIX[family]} dev {DEVICE}"
                    + (" nodad" if family == 6 else "")
                    for family, address in addresses.items()), *(
                    f"neigh add {address} lladdr {MAC[OTHER[name]]} "
                    f"dev {DEVICE} nud permanent"
                    for address in ADDRESSES[OTHER[name]].values()))

    @staticmethod
    def _ip(*lines):
        subprocess.run(["ip", "-batch", "-"], input="\n".join(lines),
                       text=True, check=True)

    @contextlib.contextmanager
    def within(self, name):
        """The calling thread is in the namespace."""
        os.setns(self.descriptors[name], os.CLONE_NEWNET)
        try:
            yield
        finally:
            os.setns(self.home, os.CLONE_NEWNET)

    def set_early_demux(self, is_on):
        """Whether the sockets of packets are looked for before routing."""
        for name in self.descriptors:
            with self.within(name):
                write_sysctl("ipv4/ip_early_demux", int(is_on))
