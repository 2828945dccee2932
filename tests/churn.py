#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Namespaces that come and go while packets are on their way.

    hub: cannon0 cannon1 … ---- veth0: target, a new one each time

The hub fires datagrams at every target for as long as it is there. In the
meantime a stream between two other namespaces must not notice anything.
"""

import contextlib
import fcntl
import os
import socket
import struct
import threading

from lib import program, status
from lib.lifetime import check_death, slab_objects, wait_until
from lib.topology import (FAMILIES, FAR, NEAR, Namespace, address_lines,
                          veth_pair, write_sysctl)
from lib.traffic import Traffic
from net.lib.py import ksft_eq

ROUNDS, SHORT_LIVED = 8, 60
PORT = 7
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


class Cannon(threading.Thread):
    """Sends datagrams that nobody answers, until told to stop."""

    def __init__(self, namespace, device):
        super().__init__(daemon=True)
        self.stopped = threading.Event()
        self.sockets = []
        for family in FAMILIES:
            sock = namespace.open_socket(family)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                            device.encode())
            self.sockets.append((sock, (FAR[family], PORT)))

    def run(self):
        while not self.stopped.is_set():
            for sock, address in self.sockets:
                # The target may be gone, and its device with it.
                with contextlib.suppress(OSError):
                    sock.sendto(b"?", address)

    def stop(self):
        """Fire no more."""
        self.stopped.set()
        self.join()
        for sock, _ in self.sockets:
            sock.close()


def target(hub, device):
    """A new namespace behind a new device of the hub's, under fire."""
    namespace = Namespace()
    namespace.set_mode("observe")
    namespace.ip(f"link add veth0 type veth peer name {device} "
                 f"netns {hub.name}", *address_lines("veth0", FAR))
    hub.ip(*address_lines(device, NEAR))
    return namespace


def test_under_fire():
    """Deleted in mid-fire, with sockets that are still open."""
    with veth_pair("observe") as pair, Traffic(*pair) as traffic, \
            Namespace() as hub:
        hub.set_mode("observe")
        for number in range(ROUNDS):
            device = f"cannon{number}"
            namespace = target(hub, device)
            cannon = Cannon(hub, device)
            cannon.start()
            with namespace.udp("", PORT) as four, \
                    namespace.udp("", PORT, socket.AF_INET6) as six:
                ksft_eq(four.recv(10), b"?")
                ksft_eq(six.recv(10), b"?")
            traffic.wait_for_progress(1)
            check_death(namespace, hub, device)
            cannon.stop()
        status.check_sums(status.read(hub))
        traffic.check()


def live_shortly(number, errors):
    """A namespace with one packet in its life, which ends with the thread."""
    try:
        os.unshare(os.CLONE_NEWNET)
        write_sysctl("net/nsmux/mode", "observe")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            fcntl.ioctl(sock, SIOCSIFFLAGS,
                        struct.pack("16sh22x", b"lo", IFF_UP))
            sock.sendto(b"?", ("127.0.0.1", 9))
        now = status.read()
        if now.counts["receive", "udp", "none"] != 1:
            errors.append(f"namespace {number}:\n{now.text}")
        if number % 2:
            write_sysctl("net/nsmux/mode", "off")
    except OSError as error:
        errors.append(f"namespace {number}: {error!r}")


def test_short_lives():
    """Many that live for one packet, half of them observed to the end."""
    before = slab_objects("net_namespace")
    errors = []
    for first in range(0, SHORT_LIVED, 4):
        threads = [threading.Thread(target=live_shortly,
                                    args=(number, errors))
                   for number in range(first, first + 4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    ksft_eq(errors, [])
    wait_until(lambda: slab_objects("net_namespace")
               < before + SHORT_LIVED // 2, "the namespaces are gone")


if __name__ == "__main__":
    program.run(globals())
