# SPDX-License-Identifier: GPL-2.0
"""A tun or tap device: the test is the far end, and writes any bytes."""

import contextlib
import fcntl
import os
import select
import struct
import time

from net.lib.py import cmd
from .patience import end_after
from .topology import NEAR, address_lines

TUN = "/dev/net/tun"
TUNSETIFF = 0x400454ca
IFF_TUN, IFF_TAP, IFF_NAPI, IFF_NAPI_FRAGS, IFF_NO_PI, IFF_VNET_HDR = (
    0x0001, 0x0002, 0x0010, 0x0020, 0x1000, 0x4000)
# Of linux/virtio_net.h.
NEEDS_CSUM, GSO_UDP_L4 = 1, 5


class TunDevice:
    """An open tun device of a namespace."""

    def __init__(self, namespace, name, flags, addresses):
        self.namespace = namespace
        self.name = name
        # Where no udev has made the device file, loading the module does.
        if not os.path.exists(TUN):
            cmd("modprobe tun")
        with namespace.enter():
            self._file = os.open(TUN, os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(self._file, TUNSETIFF,
                        struct.pack("16sH22x", name.encode(),
                                    flags | IFF_NO_PI))
        namespace.ip("link set lo up", *address_lines(name, addresses))

    def close(self):
        """The device disappears with its file."""
        os.close(self._file)

    def send(self, *packets):
        """Let the namespace receive each packet."""
        for packet in packets:
            os.write(self._file, packet)

    def send_segments(self, size, packet, begin):
        """Let the namespace receive several datagrams of UDP in one packet,
        each with so many bytes; of a device with IFF_VNET_HDR. The segment
        begins at `begin` and has the checksum of its pseudo header.
        """
        header = struct.pack("=BBHHHH", NEEDS_CSUM, GSO_UDP_L4, begin + 8,
                             size, begin, 6)
        os.writev(self._file, (header, packet))

    def send_pieces(self, *pieces):
        """Let the namespace receive one packet that lies in pieces."""
        os.writev(self._file, pieces)

    def drain(self):
        """The packets that were sent through the device until now."""
        with contextlib.suppress(BlockingIOError):
            while True:
                yield os.read(self._file, 65536)

    def receive(self, matches, deadline=20):
        """What `matches` makes of the first packet for which it is true."""
        end = end_after(deadline)
        while (left := end - time.monotonic()) > 0:
            if not select.select([self._file], [], [], left)[0]:
                break
            if found := matches(os.read(self._file, 65536)):
                return found
        raise TimeoutError(f"no such packet was sent through {self.name}")


@contextlib.contextmanager
def tun(namespace, name="tun0", flags=IFF_TUN, addresses=None):
    """A tun device with the near addresses, up while the block runs."""
    device = TunDevice(namespace, name, flags,
                       NEAR if addresses is None else addresses)
    try:
        yield device
    finally:
        device.close()
