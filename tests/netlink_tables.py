#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Every table that lookup knows, with one name in several namespaces.

For each kind of name there is a socket or a device of that name in each of
them; each namespace has to tell its own, and a dump all of them.
"""

import contextlib
import errno
import os
import socket

from lib import program
from lib.named_sockets import (ABSTRACT, CASES, COUNT, FOUR, NETLINK_ROUTE,
                               OSPF, RTNLGRP_LINK, filled, several)
from lib.netlink_family import (MISSING, Nsmux, check_refused, identity,
                                named, opened_in)
from lib.topology import Namespace
from net.lib.py import (KsftNamedVariant, KsftSkipEx, cmd, ksft_eq,
                        ksft_not_in, ksft_variants)

ETH_P_ARP = 0x0806
VSOCK_PORT = 5000
# Of linux/netlink.h; Python has no names for them.
SOL_NETLINK, NETLINK_ADD_MEMBERSHIP = 270, 1
VARIANTS = [KsftNamedVariant(name, case) for name, case in CASES.items()]


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


def test_groups_with_members():
    """Which groups of a protocol have members, in each namespace."""
    key = {"table": "netlink", "protocol": NETLINK_ROUTE}
    with several() as (namespaces, empty, _), Nsmux() as nsmux, \
            contextlib.ExitStack() as stack:
        expected = {}
        for number, namespace in enumerate(namespaces, 1):
            groups = [RTNLGRP_LINK, RTNLGRP_LINK + number]
            # A third socket is a member of none.
            for joined in (groups, groups[:1], ()):
                sock = stack.enter_context(namespace.open_socket(
                    socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE))
                for group in joined:
                    sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
            answer = nsmux.do("lookup", key | named(namespace))
            ksft_eq((answer["outcome"], answer["sockets"],
                     answer["member-group"]), ("member", 2, groups))
            expected[namespace.cookie] = answer
        answers = {answer["netns-cookie"]: answer
                   for answer in nsmux.dump("lookup", key)}
        for cookie, answer in expected.items():
            ksft_eq(answers.get(cookie), answer)
        ksft_not_in(empty.cookie, answers)
        answer = nsmux.do("lookup", key | named(empty))
        ksft_eq((answer["outcome"], answer["sockets"]), ("none", 0))
        ksft_not_in("member-group", answer)


def test_devices():
    """By index and by name; a part of a bridge names the bridge."""
    with several() as (namespaces, empty, _), Nsmux() as nsmux:
        for namespace in namespaces:
            namespace.ip("link add name br99 index 99 type bridge",
                         "link add name part98 index 98 type dummy",
                         "link set part98 master br99")
        bridge = {"index": 99, "name": "br99"}
        part = {"index": 98, "name": "part98", "master": 99}
        for key, told in (({"device": 99}, bridge), ({"name": b"br99"}, bridge),
                          ({"device": 98}, part), ({"name": b"part98"}, part)):
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
    "sctp_port": ({"table": "sctp"} | FOUR, "EINVAL", MISSING, None,
                  "local-port"),
    "sctp_remote_port": (
        {"table": "sctp", "local-port": 1, "remote-port": 0,
         "remote-address": "127.0.0.1"} | FOUR,
        "EINVAL", "the other end has a port", ".remote-port", None),
    "mptcp_address": (
        {"table": "mptcp", "local-address": b"\1\2\3\4\5", "local-port": 1},
        "EINVAL", "an address has 4 bytes (IPv4) or 16 (IPv6)",
        ".local-address", None),
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


if __name__ == "__main__":
    program.run(globals())
