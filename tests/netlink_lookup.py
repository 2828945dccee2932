#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""lookup: which socket has an address, in one namespace, in some, in all.

What is told of a socket is compared with what the socket itself says, by
getsockopt(2) and fstat(2).
"""

import contextlib
import errno
import os
import socket
import subprocess
import sys

from lib import program
from lib.identity import socket_cookie
from lib.netlink_family import (MISSING, Nsmux, check_refused, identity, key,
                                named, opened_in)
from lib.observed import FAMILY_VARIANTS, observed_tun
from lib.packet import ACK
from lib.tcp_peer import TcpPeer
from lib.topology import FAR, LOOPBACK, NEAR, Namespace, ip_batch
from net.lib.py import (KsftNamedVariant, ksft_eq, ksft_in, ksft_not_in,
                        ksft_variants)

PORT, PEER_PORT = 80, 40000
ANY = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}
GROUP = {socket.AF_INET: "239.1.2.3", socket.AF_INET6: "ff15::1"}
OWNER, MARK = 4242, 0xabcdef01


def ends(local, remote=None):
    """What an answer tells of the ends of a socket."""
    told = {"local-address": local[0], "local-port": local[1]}
    if remote:
        told |= {"remote-address": remote[0], "remote-port": remote[1]}
    return told


def check_found(answer, namespace, outcome, *sockets):
    """An answer as a whole, from that namespace, with those sockets."""
    status = os.stat(f"/run/netns/{namespace.name}")
    expected = {"netns-cookie": namespace.cookie,
                "netns-inode": status.st_ino,
                "table": answer.get("table"), "outcome": outcome}
    if sockets:
        expected["socket"] = list(sockets)
    ksft_eq(answer, expected)


@contextlib.contextmanager
def crowd(count=3):
    """Namespaces with one address and port, and each one's listener."""
    with contextlib.ExitStack() as stack:
        namespaces = [stack.enter_context(Namespace()) for _ in range(count)]
        for namespace in namespaces:
            namespace.ip("link set lo up")
        yield namespaces, [stack.enter_context(
            namespace.listener("127.0.0.1", PORT))
            for namespace in namespaces]


def listening(sock):
    """What is told of a listener of the crowd."""
    return identity(sock, "listener") | ends(("127.0.0.1", PORT))


ASKED = key("tcp", ("127.0.0.1", PORT))


def test_own_namespace():
    """Without a selector it is the namespace of the netlink socket."""
    with crowd() as (namespaces, listeners):
        for namespace, listener in zip(namespaces, listeners):
            with opened_in(namespace) as nsmux:
                check_found(nsmux.do("lookup", ASKED), namespace, "listener",
                            listening(listener))


def test_named_by_cookie_and_descriptor():
    """By its cookie, and by a descriptor of the caller's."""
    with crowd() as (namespaces, listeners), Nsmux() as nsmux:
        for namespace, listener in zip(namespaces, listeners):
            with open(f"/run/netns/{namespace.name}", "rb") as file:
                for way in (named(namespace),
                            {"netns": {"fd": file.fileno()}}):
                    check_found(nsmux.do("lookup", ASKED | way), namespace,
                                "listener", listening(listener))


def test_named_by_process():
    """By a process that is in it."""
    with crowd() as (namespaces, listeners), Nsmux() as nsmux:
        for namespace, listener in zip(namespaces, listeners):
            with namespace.enter():
                process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
            with process:
                way = {"netns": {"pid": process.pid}}
                check_found(nsmux.do("lookup", ASKED | way), namespace,
                            "listener", listening(listener))
                process.stdin.close()


def test_named_by_number():
    """By its nsid, which is the caller's namespace's own number for it."""
    with crowd() as (namespaces, listeners), Namespace() as caller, \
            opened_in(caller) as nsmux:
        with caller.enter():
            ip_batch(*(f"netns set {namespace.name} {number}" for
                       number, namespace in enumerate(namespaces, 100)))
        for number, (namespace, listener) in enumerate(
                zip(namespaces, listeners), 100):
            way = {"netns": {"nsid": number}}
            check_found(nsmux.do("lookup", ASKED | way), namespace,
                        "listener", listening(listener))
        with Nsmux() as elsewhere:
            check_refused(lambda: elsewhere.do("lookup", ASKED | way),
                          errno.ENOENT, "no namespace has this number here",
                          ".netns.nsid")


def test_dump_of_all():
    """One answer for each namespace that has the socket, none for others."""
    with crowd() as (namespaces, listeners), Namespace() as empty, \
            Nsmux() as nsmux:
        answers = {answer["netns-cookie"]: answer
                   for answer in nsmux.dump("lookup", ASKED)}
        for namespace, listener in zip(namespaces, listeners):
            check_found(answers.get(namespace.cookie, {}), namespace,
                        "listener", listening(listener))
        ksft_not_in(empty.cookie, answers)
        ksft_eq(list(answers), sorted(answers))


def test_dump_of_some():
    """In those that the request names, in its order, and no others."""
    with crowd() as (namespaces, listeners), Nsmux() as nsmux:
        order = (2, 0, 2)
        answers = nsmux.dump("lookup", ASKED | {"netns": [
            {"cookie": namespaces[number].cookie} for number in order]})
        ksft_eq(len(answers), len(order))
        for number, answer in zip(order, answers):
            check_found(answer, namespaces[number], "listener",
                        listening(listeners[number]))


def test_dump_of_one_that_is_not_there():
    """Names that mean nothing end a dump as they refuse a single request."""
    with Nsmux() as nsmux:
        check_refused(
            lambda: nsmux.dump("lookup", ASKED | {"netns": {"cookie": 1 << 60}}),
            errno.ENOENT, "there is no namespace with this cookie",
            ".netns.cookie")


def test_dump_of_too_many():
    """A request names 1024 namespaces at most."""
    with Nsmux() as nsmux:
        own = {"pid": os.getpid()}
        asked = ASKED | {"netns": [own] * 1024}
        ksft_eq([answer for answer in nsmux.dump("lookup", asked) if answer],
                [])
        asked["netns"].append(own)
        check_refused(lambda: nsmux.dump("lookup", asked), errno.EINVAL,
                      "a request names 1024 namespaces at most", ".netns")


@ksft_variants(FAMILY_VARIANTS)
def test_tcp(family):
    """A listener, a request, a connection and one in TIME_WAIT."""
    here, there = (NEAR[family], PORT), (FAR[family], PEER_PORT)
    with observed_tun() as observed, opened_in(observed.namespace) as nsmux:
        namespace = observed.namespace
        both = ends(here, there)

        def look_up(**more):
            return nsmux.do("lookup", key("tcp", here, there, **more))

        check_found(look_up(), namespace, "none")
        with namespace.listener(NEAR[family], PORT, family) as listener:
            told = identity(listener, "listener") | ends(here)
            check_found(look_up(), namespace, "listener", told)
            check_found(nsmux.do("lookup", key("tcp", here)), namespace,
                        "listener", told)
            peer = TcpPeer(observed.tun, *there, *here)
            peer.half_open()
            request = look_up()
            peer.send(ACK)
            with listener.accept()[0] as child:
                told = identity(child, "established")
                closed = told["cookie"]
                less = {name: told[name] for name in
                        ("cookie", "family", "netns-cookie")}
                check_found(request, namespace, "request",
                            less | both | {"kind": "request"})
                check_found(look_up(), namespace, "established", told | both)
                check_found(nsmux.do("lookup", key("tcp", here)), namespace,
                            "listener",
                            identity(listener, "listener") | ends(here))
            peer.close_after_near_end()
            check_found(look_up(), namespace, "time-wait",
                        less | both | {"kind": "time-wait", "cookie": closed})


@ksft_variants(FAMILY_VARIANTS)
def test_udp(family):
    """A socket with a peer, and one without; mark, owner and all."""
    here, there = (LOOPBACK[family], PORT), (LOOPBACK[family], PEER_PORT)
    with Namespace() as namespace, opened_in(namespace) as nsmux:
        namespace.ip("link set lo up")
        with namespace.udp(*here, family) as sock:
            os.fchown(sock.fileno(), OWNER, -1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK,
                            MARK.to_bytes(4, sys.byteorder))
            told = {"uid": OWNER, "mark": MARK}
            for remote in (None, there):
                check_found(nsmux.do("lookup", key("udp", here, remote)),
                            namespace, "unconnected",
                            identity(sock, "unconnected") | ends(here) | told)
            sock.connect(there)
            check_found(nsmux.do("lookup", key("udp", here, there)),
                        namespace, "connected",
                        identity(sock, "connected") | ends(here, there)
                        | told)
            other = (LOOPBACK[family], PEER_PORT + 1)
            for remote in (None, other):
                check_found(nsmux.do("lookup", key("udp", here, remote)),
                            namespace, "none")


@ksft_variants([KsftNamedVariant(f"{table}_{variant.name}", table,
                                 *variant.params)
                for table in ("tcp", "udp") for variant in FAMILY_VARIANTS])
def test_wildcards(table, family):
    """A socket bound to no address has all; nobody else has none."""
    kind = {"tcp": "listener", "udp": "unconnected"}[table]
    with Namespace() as namespace, opened_in(namespace) as nsmux:
        namespace.ip("link set lo up")
        make = namespace.listener if table == "tcp" else namespace.udp

        def look_up(address):
            return nsmux.do("lookup", key(table, (address, PORT)))

        with make("", PORT, family) as sock:
            told = identity(sock, kind) | ends((ANY[family], PORT))
            check_found(look_up(LOOPBACK[family]), namespace, kind, told)
            check_found(look_up(ANY[family]), namespace, kind, told)
        with make(LOOPBACK[family], PORT, family):
            check_found(look_up(ANY[family]), namespace, "none")


def test_dual_stack():
    """A socket of IPv6 that takes IPv4 as well is told as what it is."""
    with Namespace() as namespace, opened_in(namespace) as nsmux, \
            namespace.open_socket(socket.AF_INET6) as sock:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(("::", PORT))
        for address in ("127.0.0.1", "::1"):
            check_found(nsmux.do("lookup", key("udp", (address, PORT))),
                        namespace, "unconnected",
                        identity(sock, "unconnected") | ends(("::", PORT)))


@ksft_variants(FAMILY_VARIANTS)
def test_devices(family):
    """A device and, below an L3 master, the slave: who is bound to which.

        vrf-red: dummy0        dummy1
    """
    with Namespace() as namespace, opened_in(namespace) as nsmux, \
            contextlib.ExitStack() as stack:
        namespace.ip("link add vrf-red type vrf table 10",
                     "link add dummy0 type dummy", "link add dummy1 type dummy",
                     "link set dummy0 master vrf-red")
        namespace.sysctl("net/ipv4/udp_l3mdev_accept", 0)
        bound = {}
        for device in ("vrf-red", "dummy0", "dummy1"):
            sock = bound[device] = stack.enter_context(
                namespace.open_socket(family))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                            device.encode())
            sock.bind(("", PORT))
        with namespace.enter():
            index = {name: number for number, name in socket.if_nameindex()}
        cases = [({"device": index["dummy1"]}, "dummy1"),
                 ({"device": index["vrf-red"], "slave": index["dummy0"]},
                  "dummy0"),
                 ({"device": index["vrf-red"]}, "vrf-red"),
                 ({"device": index["lo"]}, None)]

        def check(devices, winner):
            answer = nsmux.do("lookup", key("udp", (LOOPBACK[family], PORT),
                                            **devices))
            if winner is None:
                check_found(answer, namespace, "none")
                return
            check_found(answer, namespace, "unconnected",
                        identity(bound[winner], "unconnected")
                        | ends((ANY[family], PORT))
                        | {"device": index[winner], "device-name": winner})

        for devices, winner in cases:
            check(devices, winner)
        bound["dummy0"].close()
        check(cases[1][0], "vrf-red")


@ksft_variants(FAMILY_VARIANTS)
def test_not_a_single_socket(family):
    """One of a reuseport group is ambiguous; a group's address is multiple."""
    with Namespace() as namespace, opened_in(namespace) as nsmux, \
            contextlib.ExitStack() as stack:
        cookies = []
        for _ in range(2):
            sock = stack.enter_context(namespace.open_socket(family))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind(("", PORT))
            cookies.append(socket_cookie(sock))
        answer = nsmux.do("lookup", key("udp", (LOOPBACK[family], PORT)))
        ksft_eq(answer["outcome"], "ambiguous")
        for told in answer.get("socket", []):
            ksft_in(told["cookie"], cookies)
        check_found(nsmux.do("lookup", key("udp", (GROUP[family], PORT))),
                    namespace, "multiple")


LOCAL = {"local-address": "127.0.0.1", "local-port": PORT}
REMOTE = {"remote-address": "127.0.0.2", "remote-port": PEER_PORT}
LENGTH = "an address has 4 bytes (IPv4) or 16 (IPv6)"
FAMILIES_DIFFER = "both addresses have to be of one family"
LARGE = "the index of a device is not so large"
RANGE = "integer out of range"
ONE_WAY = "a namespace is named by exactly one of fd, pid, nsid and cookie"
# name: (what is asked, error, text, the attribute to blame, the missing one)
REFUSED = {
    "no_table": (LOCAL, "EINVAL", MISSING, None,
                 "table"),
    "unknown_table": (LOCAL | {"table": 11}, "ERANGE", RANGE, ".table", None),
    "no_address": ({"table": "sctp", "local-port": PORT}, "EINVAL",
                   MISSING, None, "local-address"),
    "no_port": ({"table": "tcp", "local-address": "127.0.0.1"}, "EINVAL",
                MISSING, None, "local-port"),
    "port_0": (LOCAL | {"table": "tcp", "local-port": 0}, "ERANGE", RANGE,
               ".local-port", None),
    "short_address": (LOCAL | {"table": "tcp", "local-address": b"\x7f\0\0"},
                      "EINVAL", LENGTH, ".local-address", None),
    "empty_address": (LOCAL | {"table": "udp", "local-address": b""},
                      "EINVAL", LENGTH, ".local-address", None),
    "address_between": (LOCAL | {"table": "udp", "local-address": bytes(8)},
                        "EINVAL", LENGTH, ".local-address", None),
    "long_address": (LOCAL | {"table": "udp", "local-address": bytes(17)},
                     "ERANGE", "binary attribute size out of range",
                     ".local-address", None),
    "two_families": (LOCAL | REMOTE | {"table": "udp",
                                       "remote-address": "::1"},
                     "EINVAL", FAMILIES_DIFFER, ".remote-address", None),
    "remote_address_alone": (
        LOCAL | {"table": "tcp", "remote-address": "127.0.0.2"}, "EINVAL",
        MISSING, None, "remote-port"),
    "remote_port_alone": (
        LOCAL | {"table": "tcp", "remote-port": 1}, "EINVAL",
        MISSING, None, "remote-address"),
    "large_device": (LOCAL | {"table": "udp", "device": 1 << 31}, "EINVAL",
                     LARGE, ".device", None),
    "large_slave": (LOCAL | {"table": "udp", "slave": 0xffffffff}, "EINVAL",
                    LARGE, ".slave", None),
    "selector_without_a_way": (ASKED | {"netns": {}}, "EINVAL", ONE_WAY,
                               ".netns", None),
    "selector_with_two_ways": (ASKED | {"netns": {"fd": 0, "pid": 1}},
                               "EINVAL", ONE_WAY, ".netns", None),
    "descriptor_not_open": (
        ASKED | {"netns": {"fd": 987654}}, "EBADF",
        "the file descriptor is not one of a network namespace", ".netns.fd",
        None),
    "descriptor_too_large": (
        ASKED | {"netns": {"fd": 0xffffffff}}, "EBADF",
        "the file descriptor is not one of a network namespace", ".netns.fd",
        None),
    "process_0": (ASKED | {"netns": {"pid": 0}}, "ERANGE", RANGE,
                  ".netns.pid", None),
    "no_such_process": (ASKED | {"netns": {"pid": 0x7fffffff}}, "ESRCH",
                        "there is no such process", ".netns.pid", None),
    "process_too_large": (ASKED | {"netns": {"pid": 0xffffffff}}, "ESRCH",
                          "there is no such process", ".netns.pid", None),
    "negative_number": (ASKED | {"netns": {"nsid": -1}}, "ERANGE", RANGE,
                        ".netns.nsid", None),
    "no_such_number": (ASKED | {"netns": {"nsid": 123456}}, "ENOENT",
                       "no namespace has this number here", ".netns.nsid",
                       None),
    "cookie_0": (ASKED | {"netns": {"cookie": 0}}, "ERANGE", RANGE,
                 ".netns.cookie", None),
    "no_such_cookie": (ASKED | {"netns": {"cookie": (1 << 64) - 1}},
                       "ENOENT", "there is no namespace with this cookie",
                       ".netns.cookie", None),
    "several": (ASKED | {"netns": [{"pid": 1}, {"pid": 1}]}, "EINVAL",
                "only a dump takes more than one namespace", ".netns", None),
}


@ksft_variants([KsftNamedVariant(name, *case)
                for name, case in REFUSED.items()])
def test_refused(asked, error, *told):
    """Each with its error, and with what the extended ack blames."""
    with Nsmux() as nsmux:
        check_refused(lambda: nsmux.do("lookup", asked),
                      getattr(errno, error), *told)
        if "only a dump" not in (told[0] or ""):
            check_refused(lambda: nsmux.dump("lookup", asked),
                          getattr(errno, error), *told)


def test_descriptor_of_something_else():
    """A descriptor of a file, and of a namespace of another kind."""
    with Nsmux() as nsmux:
        for path in ("/proc/self/ns/uts", "/dev/null"):
            with open(path, "rb") as file:
                way = {"netns": {"fd": file.fileno()}}
                check_refused(
                    lambda: nsmux.do("lookup", ASKED | way), errno.EINVAL,
                    "the file descriptor is not one of a network namespace",
                    ".netns.fd")


if __name__ == "__main__":
    program.run(globals())
