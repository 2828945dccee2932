#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Every table that lookup knows, with one name in several namespaces.

For each kind of name there is a socket, a device or a process of that name
in each of them; each namespace has to tell its own, and a dump all of them.
"""

import contextlib
import errno
import os
import socket
import subprocess
import tempfile
from pathlib import Path

from lib import program
from lib.lifetime import wait_until
from lib.netlink_family import (NEEDS_ADMINISTRATOR, Nsmux, check_refused,
                                identity, named, opened_in)
from lib.privileges import ordinary_user, outcome, run_as
from lib.topology import Namespace
from net.lib.py import (KsftNamedVariant, KsftSkipEx, cmd, ksft_eq,
                        ksft_not_in, ksft_variants)

COUNT = 3
OSPF, UDPLITE = 89, 136
ETH_P_IP, ETH_P_ARP = 0x0800, 0x0806
NETLINK_ROUTE, NETLINK_GENERIC, RTNLGRP_LINK = 0, 16, 1
VSOCK_PORT = 5000
ABSTRACT = b"\0nsmux-selftest"
MISSING = "a required attribute is missing"


class Case:
    """What is looked up, and what each namespace has under that name."""

    def __init__(self, key, make, kind, tells):
        self.key = key
        self.make = make
        self.kind = kind
        self.tells = tells


def raw(family, protocol, remote=None):
    """A raw socket, which is found by its protocol."""
    def make(namespace, _):
        sock = namespace.open_socket(family, socket.SOCK_RAW, protocol)
        if remote:
            sock.connect((remote, 0))
        return sock
    return make


def packet(namespace, _):
    """A packet socket that listens on the loopback device."""
    sock = namespace.open_socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.bind(("lo", ETH_P_IP))
    return sock


def unix(name, kind):
    """A local socket; a name in the file system is unlinked again, since
    the next namespace is to have the same."""
    def make(namespace, folder):
        path = name if name.startswith(b"\0") else bytes(folder / "socket")
        sock = namespace.open_socket(socket.AF_UNIX, kind)
        sock.bind(path)
        if not path.startswith(b"\0"):
            os.unlink(path)
        if kind == socket.SOCK_STREAM:
            sock.listen()
        return sock
    return make


def member(namespace, _):
    """A member of the group of rtnetlink that is told of devices."""
    sock = namespace.open_socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                 NETLINK_ROUTE)
    sock.bind((0, 1 << RTNLGRP_LINK - 1))
    return sock


def port(namespace, _):
    """A holder of a port of netlink."""
    sock = namespace.open_socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                 NETLINK_GENERIC)
    sock.bind((4242, 0))
    return sock


FOUR, SIX = {"local-address": "127.0.0.1"}, {"local-address": "::1"}
CASES = {
    "raw_ipv4": Case({"table": "raw", "protocol": OSPF} | FOUR,
                     raw(socket.AF_INET, OSPF), "unconnected",
                     {"local-address": "0.0.0.0"}),
    "raw_ipv6": Case({"table": "raw", "protocol": UDPLITE} | SIX,
                     raw(socket.AF_INET6, UDPLITE), "unconnected",
                     {"local-address": "::"}),
    "raw_connected": Case(
        {"table": "raw", "protocol": OSPF, "remote-address": "127.0.0.2"}
        | FOUR, raw(socket.AF_INET, OSPF, "127.0.0.2"), "connected",
        {"local-address": "127.0.0.1", "remote-address": "127.0.0.2"}),
    "packet": Case({"table": "packet", "device": 1}, packet, "unconnected",
                   {"device": 1}),
    "packet_protocol": Case(
        {"table": "packet", "device": 1, "protocol": ETH_P_IP}, packet,
        "unconnected", {"device": 1}),
    "unix_abstract": Case({"table": "unix", "name": ABSTRACT},
                          unix(ABSTRACT, socket.SOCK_STREAM), "listener",
                          {"name": ABSTRACT}),
    "unix_path": Case({"table": "unix", "name": None},
                      unix(b"", socket.SOCK_DGRAM), "unconnected",
                      {"name": None}),
    "netlink_group": Case(
        {"table": "netlink", "protocol": NETLINK_ROUTE,
         "group": RTNLGRP_LINK}, member, "member", {"port-id": None}),
    "netlink_port": Case(
        {"table": "netlink", "protocol": NETLINK_GENERIC, "port-id": 4242},
        port, "member", {"port-id": 4242}),
}
VARIANTS = [KsftNamedVariant(name, case) for name, case in CASES.items()]


@contextlib.contextmanager
def several(count=COUNT):
    """So many namespaces, and one that has nothing, and a folder."""
    with contextlib.ExitStack() as stack:
        namespaces = [stack.enter_context(Namespace()) for _ in range(count)]
        for namespace in namespaces:
            namespace.ip("link set lo up")
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        yield (namespaces, stack.enter_context(Namespace()), Path(folder))


def filled(template, folder, sock):
    """The same, with what is known only when a socket is there."""
    known = {"name": bytes(folder / "socket"), "port-id": None}
    if sock and sock.family == socket.AF_NETLINK:
        known["port-id"] = sock.getsockname()[0]
    return {name: known[name] if value is None else value
            for name, value in template.items()}


@ksft_variants(VARIANTS)
def test_same_name_in_each(case):
    """Each namespace tells its own socket; a dump tells one of each."""
    with several() as (namespaces, empty, folder), Nsmux() as nsmux, \
            contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(case.make(namespace, folder))
                   for namespace in namespaces]
        key = filled(case.key, folder, None)
        answers = {told["netns-cookie"]: told
                   for told in nsmux.dump("lookup", key)}
        for namespace, sock in zip(namespaces, sockets):
            told = identity(sock, case.kind) | filled(case.tells, folder,
                                                      sock)
            expected = {
                "netns-cookie": namespace.cookie,
                "netns-inode": os.stat(
                    f"/run/netns/{namespace.name}").st_ino,
                "table": key["table"], "outcome": case.kind, "sockets": 1,
                "socket": [told]}
            ksft_eq(nsmux.do("lookup", key | named(namespace)), expected)
            ksft_eq(answers.get(namespace.cookie), expected)
        ksft_not_in(empty.cookie, answers)
        ksft_eq(nsmux.do("lookup", key | named(empty))["outcome"], "none")


def test_several_in_one():
    """All that match are counted; what fits into an answer is told."""
    with Namespace() as namespace, opened_in(namespace) as nsmux, \
            contextlib.ExitStack() as stack:
        key = CASES["raw_ipv4"].key
        cookies = set()
        for count in range(1, 41):
            sock = stack.enter_context(CASES["raw_ipv4"].make(namespace, None))
            cookies.add(identity(sock, "")["cookie"])
            answer = nsmux.do("lookup", key)
            told = {entry["cookie"] for entry in answer["socket"]}
            ksft_eq((answer["sockets"], answer["outcome"]),
                    (count, "unconnected" if count == 1 else "multiple"))
            ksft_eq(len(told), min(count, 12))
            ksft_eq(told - cookies, set())


def test_not_matching():
    """Another protocol, device, name, group or port is not found."""
    others = {"raw_ipv4": {"protocol": OSPF + 1}, "packet": {"device": 2},
              "packet_protocol": {"protocol": ETH_P_ARP},
              "raw_connected": {"remote-address": "127.0.0.3"},
              "unix_abstract": {"name": ABSTRACT + b"\0"},
              "unix_path": {"name": b"socket"},
              "netlink_group": {"group": RTNLGRP_LINK + 1},
              "netlink_port": {"port-id": 4243}}
    with several(1) as ((namespace,), _, folder), Nsmux() as nsmux:
        for name, other in others.items():
            case = CASES[name]
            key = filled(case.key, folder, None) | named(namespace)
            with case.make(namespace, folder):
                ksft_eq(nsmux.do("lookup", key)["outcome"], case.kind, name)
                answer = nsmux.do("lookup", key | other)
                ksft_eq((answer["outcome"], answer["sockets"]), ("none", 0),
                        name)


def test_devices():
    """By index and by name; a part of a bridge names the bridge."""
    with several() as (namespaces, empty, _), Nsmux() as nsmux:
        for namespace in namespaces:
            namespace.ip("link add name br9 index 9 type bridge",
                         "link add name part8 index 8 type dummy",
                         "link set part8 master br9")
        bridge = {"index": 9, "name": "br9"}
        part = {"index": 8, "name": "part8", "master": 9}
        for key, told in (({"device": 9}, bridge), ({"name": b"br9"}, bridge),
                          ({"device": 8}, part), ({"name": b"part8"}, part)):
            key = {"table": "netdev"} | key
            answers = {answer["netns-cookie"]: answer
                       for answer in nsmux.dump("lookup", key)}
            for namespace in namespaces:
                answer = nsmux.do("lookup", key | named(namespace))
                ksft_eq((answer["outcome"], answer["interface"]),
                        ("device", told))
                ksft_eq(answers.get(namespace.cookie), answer)
            ksft_not_in(empty.cookie, answers)
            ksft_eq(nsmux.do("lookup", key | named(empty))["outcome"], "none")


VSOCK_END = {"local-vsock-port": VSOCK_PORT}


def load_vsock():
    """These sockets are in a module of the kernel's."""
    if cmd("modprobe vsock_loopback", fail=False).ret:
        raise KsftSkipEx("there is no vsock_loopback: CONFIG_VSOCKETS_LOOPBACK")


def vsock_listener(namespace):
    """A listener on any machine, on the one port of these tests."""
    sock = namespace.open_socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    sock.bind((socket.VMADDR_CID_ANY, VSOCK_PORT))
    sock.listen()
    return sock


def test_vsock_in_each():
    """Namespaces that have machine numbers of their own."""
    load_vsock()
    with Namespace() as parent, contextlib.ExitStack() as stack, \
            Nsmux() as nsmux:
        parent.sysctl("net/vsock/child_ns_mode", "local")
        with parent.enter():
            namespaces = [stack.enter_context(Namespace())
                          for _ in range(COUNT)]
        key = {"table": "vsock"} | VSOCK_END
        ksft_eq(nsmux.do("lookup", key | named(namespaces[0]))["outcome"],
                "none")
        listeners = [stack.enter_context(vsock_listener(namespace))
                     for namespace in namespaces]
        answers = {answer["netns-cookie"]: answer
                   for answer in nsmux.dump("lookup", key)}
        for namespace, listener in zip(namespaces, listeners):
            answer = nsmux.do("lookup", key | named(namespace))
            ksft_eq((answer["outcome"], answer["socket"]),
                    ("listener", [identity(listener, "listener") | VSOCK_END
                                  | {"local-cid": socket.VMADDR_CID_ANY}]))
            ksft_eq(answers.get(namespace.cookie), answer)


def test_vsock_connection():
    """Both ends of a connection, each by its own."""
    load_vsock()
    with Namespace() as namespace, opened_in(namespace) as nsmux, \
            vsock_listener(namespace) as listener, \
            namespace.open_socket(socket.AF_VSOCK,
                                  socket.SOCK_STREAM) as client:
        client.connect((1, VSOCK_PORT))
        with listener.accept()[0] as child:
            for sock in (client, child):
                local, remote = sock.getsockname(), sock.getpeername()
                told = {"local-cid": local[0], "local-vsock-port": local[1],
                        "remote-cid": remote[0],
                        "remote-vsock-port": remote[1]}
                answer = nsmux.do("lookup", {"table": "vsock"} | told)
                ksft_eq(answer["outcome"], "connected")
                ksft_eq(answer["socket"], [identity(sock, "connected") | told])


@contextlib.contextmanager
def pid_namespace():
    """A process that is the first one of its PID namespace; its number."""
    with subprocess.Popen(["unshare", "--pid", "--fork", "cat"],
                          stdin=subprocess.PIPE) as parent:
        def child_of():
            return subprocess.run(["pgrep", "-P", str(parent.pid)], text=True,
                                  check=False, stdout=subprocess.PIPE).stdout

        wait_until(child_of, "it has a child")
        child = int(child_of())
        wait_until(lambda: Path(f"/proc/{child}/comm").read_text() == "cat\n",
                   "which is cat")
        yield child
        parent.stdin.close()


def test_processes():
    """Number 1 of each PID namespace: in one, and in all."""
    with contextlib.ExitStack() as stack, Nsmux() as nsmux:
        key = {"table": "pid", "number": 1}
        children = [stack.enter_context(pid_namespace())
                    for _ in range(COUNT)]
        expected = {os.stat(f"/proc/{child}/ns/pid").st_ino: {
            "pidns-inode": os.stat(f"/proc/{child}/ns/pid").st_ino,
            "number": 1, "own-number": child, "command": "cat"}
            for child in children}
        for child, told in zip(children, expected.values()):
            answer = nsmux.do("lookup", key | {"pidns": child})
            ksft_eq((answer["outcome"], answer.get("process")),
                    ("process", told))
        answers = {answer["process"]["pidns-inode"]: answer["process"]
                   for answer in nsmux.dump("lookup", key)}
        own = os.stat("/proc/self/ns/pid").st_ino
        for inode, told in expected.items():
            ksft_eq(answers.get(inode), told)
        ksft_eq(answers[own]["own-number"], 1)
        ksft_eq(nsmux.do("lookup", key | {"number": os.getpid()})["process"],
                {"pidns-inode": own, "number": os.getpid(),
                 "own-number": os.getpid(),
                 "command": Path("/proc/self/comm").read_text().strip()})
        ksft_eq(nsmux.do("lookup", {"table": "pid", "number": 0x7ffffff0}),
                {"table": "pid", "outcome": "none"})
        ksft_eq(run_as(ordinary_user, lambda: outcome(
            lambda: Nsmux().do("lookup", key))),
            ("EPERM", NEEDS_ADMINISTRATOR.replace("network", "PID")))
        ksft_eq(run_as(ordinary_user, lambda: Nsmux().dump("lookup", key)),
                [])


def test_socket_by_cookie():
    """socket-get finds sockets of every table, wherever they are."""
    with several() as (namespaces, empty, folder), Nsmux() as nsmux, \
            contextlib.ExitStack() as stack:
        made = {name: case.make for name, case in CASES.items()} | {
            "tcp": lambda namespace, _: namespace.listener("", 80),
            "tcp6": lambda namespace, _: namespace.listener(
                "", 80, socket.AF_INET6),
            "udp": lambda namespace, _: namespace.udp("", 80),
            "udp6": lambda namespace, _: namespace.udp(
                "", 80, socket.AF_INET6)}
        kinds = {name: case.kind for name, case in CASES.items()} | {
            "tcp": "listener", "tcp6": "listener", "udp": "unconnected",
            "udp6": "unconnected"}
        for name, make in made.items():
            for namespace in namespaces:
                sock = stack.enter_context(make(namespace, folder))
                told = identity(sock, kinds[name])
                asked = {"cookie": told["cookie"]}
                answer = nsmux.do("socket-get", asked | named(namespace))
                ksft_eq((answer["netns-cookie"], answer["table"],
                         answer["outcome"]),
                        (namespace.cookie, name.split("_")[0].rstrip("6"),
                         kinds[name]))
                found, = answer["socket"]
                ksft_eq(found | told, found, name)
                ksft_eq(nsmux.dump("socket-get", asked), [answer], name)
                check_refused(
                    lambda: nsmux.do("socket-get", asked | named(empty)),
                    errno.ENOENT, "no socket has this cookie", ".cookie")


def test_connection_by_cookie():
    """A connection of TCP, and a socket of UDP with a peer."""
    with several() as (namespaces, _, _folder), Nsmux() as nsmux:
        for namespace in namespaces:
            with namespace.listener("127.0.0.1", 80) as listener, \
                    namespace.open_socket(kind=socket.SOCK_STREAM) as client, \
                    namespace.udp("127.0.0.1", 80) as datagram:
                client.connect(("127.0.0.1", 80))
                datagram.connect(("127.0.0.1", 81))
                with listener.accept()[0] as child:
                    for sock, kind in ((client, "established"),
                                       (child, "established"),
                                       (datagram, "connected")):
                        told = identity(sock, kind)
                        answer, = nsmux.dump("socket-get", {
                            "cookie": told["cookie"]})
                        found, = answer["socket"]
                        ksft_eq(found | told, found)
                        ksft_eq(answer["netns-cookie"], namespace.cookie)


def test_no_cookie():
    """A dump of a cookie that no socket has is empty."""
    with Nsmux() as nsmux:
        ksft_eq(nsmux.dump("socket-get", {"cookie": 1 << 60}), [])
        for ask in (nsmux.do, nsmux.dump):
            check_refused(lambda: ask("socket-get", {}), errno.EINVAL,
                          MISSING, None, "cookie")
            check_refused(lambda: ask("socket-get", {"cookie": 0}),
                          errno.ERANGE, "integer out of range", ".cookie")


DEVICE_TEXT = "a device is named by its index or by its name"
REFUSED = {
    "raw_protocol": ({"table": "raw"} | FOUR, "EINVAL", MISSING, None,
                     "protocol"),
    "raw_address": ({"table": "raw", "protocol": 1}, "EINVAL", MISSING, None,
                    "local-address"),
    "raw_large_protocol": (
        {"table": "raw", "protocol": 256} | FOUR, "EINVAL",
        "a protocol over IP has 8 bits", ".protocol", None),
    "raw_two_families": (
        {"table": "raw", "protocol": 1, "remote-address": "::1"} | FOUR,
        "EINVAL", "both addresses have to be of one family",
        ".remote-address", None),
    "packet_device": ({"table": "packet"}, "EINVAL", MISSING, None, "device"),
    "packet_large_protocol": (
        {"table": "packet", "device": 1, "protocol": 65536}, "EINVAL",
        "a protocol over Ethernet has 16 bits", ".protocol", None),
    "unix_name": ({"table": "unix"}, "EINVAL", MISSING, None, "name"),
    "unix_empty_name": (
        {"table": "unix", "name": b""}, "EINVAL",
        "the name of a local socket has 1 to 108 bytes", ".name", None),
    "unix_long_name": ({"table": "unix", "name": bytes(109)}, "ERANGE",
                       "binary attribute size out of range", ".name", None),
    "netlink_protocol": ({"table": "netlink", "group": 1}, "EINVAL", MISSING,
                         None, "protocol"),
    "netlink_key": ({"table": "netlink", "protocol": 0}, "EINVAL", MISSING,
                    None, "group"),
    "netlink_two_keys": (
        {"table": "netlink", "protocol": 0, "group": 1, "port-id": 1},
        "EINVAL", "a message is for a group or for a port", ".port-id", None),
    "netlink_no_such_protocol": (
        {"table": "netlink", "protocol": 32, "group": 1}, "EPROTONOSUPPORT",
        "there is no such protocol of netlink", ".protocol", None),
    "vsock_port": ({"table": "vsock"}, "EINVAL", MISSING, None,
                   "local-vsock-port"),
    "vsock_remote_port": (
        {"table": "vsock", "local-vsock-port": 1, "remote-cid": 1}, "EINVAL",
        MISSING, None, "remote-vsock-port"),
    "vsock_remote_cid": (
        {"table": "vsock", "local-vsock-port": 1, "remote-vsock-port": 1},
        "EINVAL", MISSING, None, "remote-cid"),
    "netdev_key": ({"table": "netdev"}, "EINVAL", MISSING, None, "device"),
    "netdev_two_keys": ({"table": "netdev", "device": 1, "name": b"lo"},
                        "EINVAL", DEVICE_TEXT, ".name", None),
    "netdev_long_name": (
        {"table": "netdev", "name": b"n" * 16}, "EINVAL",
        "a device cannot have this name", ".name", None),
    "netdev_name_with_an_end": (
        {"table": "netdev", "name": b"lo\0"}, "EINVAL",
        "a device cannot have this name", ".name", None),
    "netdev_empty_name": ({"table": "netdev", "name": b""}, "EINVAL",
                          "a device cannot have this name", ".name", None),
    "pid_number": ({"table": "pid"}, "EINVAL", MISSING, None, "number"),
    "pid_number_0": ({"table": "pid", "number": 0}, "ERANGE",
                     "integer out of range", ".number", None),
    "pid_network": (
        {"table": "pid", "number": 1, "netns": {"pid": 1}}, "EINVAL",
        "processes are in PID namespaces, and not in those of the network",
        ".netns", None),
}


@ksft_variants([KsftNamedVariant(name, *case)
                for name, case in REFUSED.items()])
def test_refused(asked, error, *told):
    """Each with its error and what is to blame, alone and in a dump."""
    with Nsmux() as nsmux:
        for ask in (nsmux.do, nsmux.dump):
            check_refused(lambda: ask("lookup", asked), getattr(errno, error),
                          *told)


def test_many_namespaces_refused():
    """Looking for a cookie costs too much in a list of any length."""
    with Nsmux() as nsmux:
        own = {"pid": os.getpid()}
        asked = {"cookie": 1 << 60, "netns": [own] * 16}
        ksft_eq(nsmux.dump("socket-get", asked), [])
        asked["netns"].append(own)
        check_refused(lambda: nsmux.dump("socket-get", asked), errno.EINVAL,
                      "a socket is looked for in 16 namespaces that are named, "
                      "or in all", ".netns")


def test_pid_namespaces_refused():
    """The process that names a PID namespace has to be there, and a dump is
    of all."""
    key = {"table": "pid", "number": 1, "pidns": 0x7ffffff0}
    with Nsmux() as nsmux:
        check_refused(lambda: nsmux.do("lookup", key), errno.ESRCH,
                      "there is no such process", ".pidns")
        check_refused(lambda: nsmux.dump("lookup", key), errno.EINVAL,
                      "a dump looks in all PID namespaces", ".pidns")


if __name__ == "__main__":
    program.run(globals())
