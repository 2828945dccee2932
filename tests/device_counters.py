#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The counters that each device has in sysfs, wherever it goes.

They are compared with the socket that got the packets, and with the
namespace's own counters, which are counted elsewhere.
"""

import contextlib
import errno
import os
import socket
import subprocess
import threading

from lib import kernel_module, program, status
from lib.device_counters import group, read, sysfs, with_group
from lib.lifetime import check_death, wait_until
from lib.topology import FAR, NEAR, Namespace, veth_pair, write_sysctl
from net.lib.py import ksft_eq

PORT, CLOSED = 7, 9
# An ordinary user.
OWNER = 4242


def send(near, far, count, port=PORT):
    """Datagrams that arrive; with no socket for them, until they are counted."""
    before = status.read(far).counts["receive", "by-device"]
    with near.udp() as client, far.udp("", PORT) as server:
        for _ in range(count):
            client.sendto(b"?", (FAR[socket.AF_INET], port))
        if port == PORT:
            for _ in range(count):
                server.recv(10)
    status.wait(far, lambda now: now.counts["receive", "by-device"]
                >= before + count)


@contextlib.contextmanager
def counted_pair():
    """A veth pair, and the sysfs of both ends."""
    with veth_pair("observe") as (near, far), sysfs(near) as near_devices, \
            sysfs(far) as far_devices:
        yield near, far, near_devices, far_devices


def test_counts():
    """Every packet is in one counter of the device that received it."""
    with counted_pair() as (near, far, near_devices, far_devices):
        send(near, far, 5)
        send(near, far, 2, CLOSED)
        with far.listener("", PORT) as listener, near.open_socket(
                kind=socket.SOCK_STREAM) as client:
            client.connect((FAR[socket.AF_INET], PORT))
            listener.accept()[0].close()
        counts = read(far_devices, "veth0")
        ksft_eq(counts["unconnected"], 5, "datagrams")
        ksft_eq(counts["none"], 2, "datagrams that nobody wanted")
        ksft_eq(counts["listener"], 1, "the first packet of the connection")
        ksft_eq(counts["packets"], sum(counts.values()) - counts["packets"])
        now = status.read(far)
        ksft_eq(counts["packets"], now.counts["receive", "by-device"],
                "all that the namespace has received")
        ksft_eq(read(far_devices, "lo"), {}, "on loopback")
        # The errors for what nobody wanted.
        ksft_eq(read(near_devices, "veth0")["packets"],
                status.read(near).counts["receive", "by-device"])


def test_off():
    """Nothing is counted while the mode is off."""
    with counted_pair() as (near, far, _, far_devices):
        send(near, far, 3)
        before = read(far_devices, "veth0")
        far.set_mode("off")
        with near.udp() as client, far.udp("", PORT) as server:
            client.sendto(b"?", (FAR[socket.AF_INET], PORT))
            server.recv(10)
        ksft_eq(read(far_devices, "veth0"), before)


def test_every_device():
    """Each device of a namespace has them, and no device of another."""
    with counted_pair() as (near, far, near_devices, far_devices):
        near.ip("link add dummy0 type dummy", "link add br0 type bridge",
                "link add vrf0 type vrf table 5")
        ksft_eq(with_group(near_devices),
                sorted([*near.devices, "br0", "dummy0", "veth0", "vrf0"]))
        ksft_eq(with_group(far_devices), sorted([*far.devices, "veth0"]))


def move(devices, far, third, name="veth0"):
    """Take the far end of the pair to a third namespace."""
    far.ip(f"link set veth0 netns {third.name} name {name}")
    ksft_eq(os.path.exists(devices / "veth0"), False, "it has left")
    third.ip(f"addr add {FAR[socket.AF_INET]}/24 dev {name}",
             f"link set {name} up")


def test_move():
    """The counters follow the device, and go on from where they were."""
    with counted_pair() as (near, far, _, far_devices), \
            Namespace() as third, sysfs(third) as third_devices:
        third.set_mode("observe")
        # Both names are taken there, and so is the index.
        index = (far_devices / "veth0/ifindex").read_text(encoding="ascii")
        third.ip(f"link add veth0 index {index.strip()} type dummy")
        send(near, far, 4)
        before = read(far_devices, "veth0")
        ksft_eq(before["unconnected"], 4)
        move(far_devices, far, third, "moved0")
        ksft_eq(read(third_devices, "moved0"), before, "after the move")
        ksft_eq(read(third_devices, "veth0"), {}, "its neighbour")
        send(near, third, 3)
        ksft_eq(read(third_devices, "moved0")["unconnected"], 7)
        ksft_eq(with_group(far_devices), sorted(far.devices))


def test_borne_elsewhere():
    """What bears its socket is counted too of a device whose place an older
    one has."""
    with Namespace() as near, Namespace() as far, sysfs(far) as devices:
        far.set_mode("observe")
        far.sysctl("net/ipv4/ip_early_demux", 1)
        far.ip("link add dummy0 index 66 type dummy",
               "link add veth0 index 74 type veth peer name veth0 "
               f"netns {near.name}")
        for end, address in (near, NEAR), (far, FAR):
            end.ip(f"addr add {address[socket.AF_INET]}/24 dev veth0",
                   "link set veth0 up")
        with near.udp(NEAR[socket.AF_INET], PORT) as client, \
                far.udp(FAR[socket.AF_INET], PORT) as server:
            server.connect(client.getsockname())
            client.sendto(b"?", server.getsockname())
            server.recv(10)
        ksft_eq(status.read(far).counts["receive", "early-demux"], 1)
        ksft_eq(read(devices, "veth0")["connected"], 1)


def test_shared_place():
    """Loopback gives way to a device whose index has the same place."""
    with Namespace() as near, Namespace() as far, sysfs(far) as devices:
        far.set_mode("observe")
        far.ip("link add veth0 index 65 type veth peer name veth0 "
               f"netns {near.name}")
        for end, address in (near, NEAR), (far, FAR):
            end.ip(f"addr add {address[socket.AF_INET]}/24 dev veth0",
                   "link set veth0 up", "link set lo up")
        # Before the packets of the neighbours, all of which are counted.
        before = read(devices, "veth0").get("unconnected", 0)
        send(near, far, 4)
        with far.udp("", PORT) as server, far.udp() as client:
            client.sendto(b"?", ("127.0.0.1", PORT))
            server.recv(10)
        ksft_eq(read(devices, "veth0")["unconnected"], before + 4)
        ksft_eq(read(devices, "lo"), {"packets": 1, "unconnected": 1})
        near.ip("link delete veth0")
        ksft_eq(read(devices, "lo"), {"packets": 1, "unconnected": 1})
        ksft_eq(with_group(devices), sorted(far.devices))


class OfProcess:
    """The network namespace that a process is in."""

    def __init__(self, process):
        self.path = f"/proc/{process}/ns/net"

    @contextlib.contextmanager
    def enter(self):
        """The calling thread is in the namespace, inside a with block."""
        with open("/proc/thread-self/ns/net", "rb") as before, \
                open(self.path, "rb") as there:
            os.setns(there.fileno(), os.CLONE_NEWNET)
            try:
                yield
            finally:
                os.setns(before.fileno(), os.CLONE_NEWNET)


def owners(devices):
    """Who owns the directory of the device, and who a file in it."""
    directory = group(devices, "veth0")
    return directory.stat().st_uid, (directory / "packets").stat().st_uid


def test_owner():
    """They belong to the user who owns the namespace that has the device."""
    with counted_pair() as (_, far, _, far_devices), subprocess.Popen(
            ["unshare", "--user", "--net", "--map-root-user", "cat"],
            user=OWNER, group=OWNER, extra_groups=[],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        # It answers, so its namespaces are there.
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        ksft_eq(owners(far_devices), (0, 0))
        far.ip(f"link set veth0 netns {process.pid}")
        there = OfProcess(process.pid)
        with sysfs(there) as devices:
            ksft_eq(with_group(devices), [], "of a namespace in mode off")
            with there.enter():
                write_sysctl("net/nsmux/mode", "observe")
            ksft_eq(owners(devices), (OWNER, OWNER))
            process.stdin.close()
            process.wait()


def test_rename():
    """A new name changes nothing else."""
    with counted_pair() as (near, far, _, far_devices):
        send(near, far, 2)
        before = read(far_devices, "veth0")
        far.ip("link set veth0 name other0")
        ksft_eq(read(far_devices, "other0"), before)
        send(near, far, 1)
        ksft_eq(read(far_devices, "other0")["unconnected"], 3)


def test_delete():
    """What is open when the device goes can be read no more."""
    with counted_pair() as (near, far, near_devices, far_devices):
        send(near, far, 2)
        with open(group(far_devices, "veth0") / "packets", "rb",
                  buffering=0) as file:
            ksft_eq(int(file.read()) > 0, True)
            near.ip("link delete veth0")
            try:
                os.lseek(file.fileno(), 0, os.SEEK_SET)
                ksft_eq(file.read(), "an error", "what was read")
            except OSError as error:
                ksft_eq(error.errno, errno.ENODEV)
        ksft_eq(with_group(far_devices), sorted(far.devices))
        near.ip(f"link add veth0 type veth peer name veth0 netns {far.name}")
        ksft_eq(read(far_devices, "veth0"), {}, "a new device of that name")
        ksft_eq(read(near_devices, "veth0"), {}, "and its other end")


def test_namespace_dies():
    """Nobody's counters keep a namespace."""
    with Namespace() as witness:
        namespace = Namespace()
        witness.ip(f"link add peer0 type veth peer name veth0 netns "
                   f"{namespace.name}")
        namespace.set_mode("observe")
        with sysfs(namespace) as devices:
            ksft_eq(with_group(devices),
                    sorted([*namespace.devices, "veth0"]))
        check_death(namespace, witness, "peer0")


class Reader(threading.Thread):
    """Reads the counters of all devices as fast as it can."""

    def __init__(self, *places):
        super().__init__(daemon=True)
        self.places = places
        self.stopped = threading.Event()
        self.reads = 0

    def run(self):
        while not self.stopped.is_set():
            for devices in self.places:
                with contextlib.suppress(OSError):
                    for device in with_group(devices):
                        self.reads += len(read(devices, device))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.join()


def test_move_while_read():
    """A device moves to and fro while its counters are read."""
    with counted_pair() as (near, far, _, far_devices), \
            Namespace() as third, sysfs(third) as third_devices:
        third.set_mode("observe")
        send(near, far, 2)
        before = read(far_devices, "veth0")
        with Reader(far_devices, third_devices) as reader:
            for _ in range(10):
                far.ip(f"link set veth0 netns {third.name}")
                third.ip(f"link set veth0 netns {far.name}")
            goal = reader.reads + 20
            wait_until(lambda: reader.reads > goal, "they can be read")
        ksft_eq(read(far_devices, "veth0"), before)


def test_unload():
    """They go with the module, also while they are read, and begin anew."""
    with counted_pair() as (near, far, near_devices, far_devices):
        send(near, far, 3)
        with Reader(near_devices, far_devices):
            for _ in range(5):
                kernel_module.rmmod()
                ksft_eq(with_group(far_devices), [])
                kernel_module.insmod("mode=observe")
                ksft_eq(with_group(far_devices),
                        sorted([*far.devices, "veth0"]))
                ksft_eq(read(far_devices, "veth0"), {})
        send(near, far, 1)
        ksft_eq(read(far_devices, "veth0")["unconnected"], 1)


if __name__ == "__main__":
    program.run_alone(globals(), load_first=True)
