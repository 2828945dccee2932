#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""lookup: questions, which unlike packets have no device and no sender.

Who holds an address and a port, whatever device that is bound to; on a device
that has another index in each namespace; and when nobody would get a packet.
What is told of a socket is what the socket itself says by getsockopt(2), who
gets a packet says the packet, and that a port is held says bind(2).
"""

import contextlib
import errno
import socket

from lib import program
from lib.identity import socket_cookie
from lib.netlink_family import (MISSING, Nsmux, check_refused, identity, key, named,
                                opened_in)
from lib.observed import FAMILY_VARIANTS
from lib.topology import LOOPBACK, Namespace, connect
from net.lib.py import (KsftNamedVariant, ksft_eq, ksft_in, ksft_true,
                        ksft_variants)

PORT, PEER_PORT = 80, 40000
ANY = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}
KIND = {"tcp": "listener", "udp": "unconnected"}
TRANSPORTS = [KsftNamedVariant(f"{table}_{variant.name}", table,
                               *variant.params)
              for table in KIND for variant in FAMILY_VARIANTS]


def index_of(namespace, device):
    """The index of a device there."""
    with namespace.enter():
        return socket.if_nametoindex(device)


def bound_to(sock):
    """The device that a socket is bound to, as it says itself."""
    name = sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
    return name.rstrip(b"\0").decode()


def hold(namespace, table, family, device=None, address="", port=PORT,
         reuse=False):
    """A socket of the table that holds a port, bound to a device."""
    kind = socket.SOCK_STREAM if table == "tcp" else socket.SOCK_DGRAM
    sock = namespace.open_socket(family, kind)
    # Without it, one that is bound to no device wants the port for itself.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reuse:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if device:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                        device.encode())
    sock.bind((address, port))
    if table == "tcp":
        sock.listen()
    return sock


def found(answer):
    """The sockets that are told, with the device that each is bound to."""
    return {told["cookie"]: (told["kind"], told.get("device"),
                             told.get("device-name"))
            for told in answer.get("socket", [])}


def expected(namespace, kind, *sockets):
    """The same, as the sockets say it."""
    devices = {socket_cookie(sock): bound_to(sock) for sock in sockets}
    return {cookie: (kind, index_of(namespace, device) if device else None,
                     device or None)
            for cookie, device in devices.items()}


def check(answer, namespace, outcome, kind, *sockets):
    """It tells of these sockets and no others."""
    ksft_eq(answer["outcome"], outcome)
    ksft_eq(found(answer), expected(namespace, kind, *sockets))
    ksft_eq(answer.get("sockets"), len(sockets) if len(sockets) > 1 else None)


@contextlib.contextmanager
def two_with_a_device():
    """Two namespaces with a device of one name, which has two indexes."""
    with Namespace() as first, Namespace() as second:
        for namespace in (first, second):
            namespace.ip("link set lo up")
        first.ip("link add d0 type dummy", "link add d1 type dummy")
        second.ip("link add x type dummy", "link add d0 type dummy")
        ksft_true(index_of(first, "d0") != index_of(second, "d0"))
        yield first, second


@ksft_variants(TRANSPORTS)
def test_on_a_device(table, family):
    """Bound to a device, it is found without one, and by the device's name."""
    asked = key(table, (LOOPBACK[family], PORT))
    with two_with_a_device() as namespaces, Nsmux() as nsmux:
        sockets = [hold(namespace, table, family, "d0")
                   for namespace in namespaces]
        for more in ({}, {"device-name": b"d0"}):
            answers = {answer["netns-cookie"]: answer
                       for answer in nsmux.dump("lookup", asked | more)}
            for namespace, sock in zip(namespaces, sockets):
                check(answers[namespace.cookie], namespace, KIND[table],
                      KIND[table], sock)
        first, second = namespaces
        for more in ({"device-name": b"d1"}, {"device-name": b"lo"},
                     {"device": index_of(second, "d0")}):
            check(nsmux.do("lookup", asked | named(first) | more), first,
                  "none", None)
        check(nsmux.do("lookup", asked | named(second)
                       | {"device-name": b"d1"}), second, "none", None)
        check(nsmux.do("lookup", asked | named(second)
                       | {"device": index_of(second, "d0")}), second,
              KIND[table], KIND[table], sockets[1])


@ksft_variants(TRANSPORTS)
def test_any_address_on_a_device(table, family):
    """The address may be none, of the question as of the socket."""
    with two_with_a_device() as (namespace, _), opened_in(namespace) as nsmux:
        with hold(namespace, table, family, "d0") as sock:
            check(nsmux.do("lookup", key(table, (ANY[family], PORT))),
                  namespace, KIND[table], KIND[table], sock)
        with hold(namespace, table, family, "lo", LOOPBACK[family]) as sock:
            check(nsmux.do("lookup", key(table, (LOOPBACK[family], PORT))),
                  namespace, KIND[table], KIND[table], sock)
            check(nsmux.do("lookup", key(table, (ANY[family], PORT))),
                  namespace, "none", None)
        check(nsmux.do("lookup", key(table, (LOOPBACK[family], PORT))),
              namespace, "none", None)


@ksft_variants(TRANSPORTS)
def test_on_several_devices(table, family):
    """One for each device, and the one for all others; a group is one."""
    asked = key(table, (LOOPBACK[family], PORT))
    with two_with_a_device() as (namespace, _), opened_in(namespace) as nsmux, \
            contextlib.ExitStack() as stack:
        sockets = {device: stack.enter_context(
            hold(namespace, table, family, device))
            for device in ("d0", "lo")}
        if table == "udp":
            # Of TCP none listens beside one that is bound to a device.
            sockets[None] = stack.enter_context(
                hold(namespace, table, family))
        check(nsmux.do("lookup", asked), namespace, "multiple", KIND[table],
              *sockets.values())
        for name, device in (("d0", "d0"), ("lo", "lo"), ("d1", None)):
            answer = nsmux.do("lookup", asked | {"device-name": name.encode()})
            if device in sockets:
                check(answer, namespace, KIND[table], KIND[table],
                      sockets[device])
            else:
                check(answer, namespace, "none", None)
        if table == "udp":
            with namespace.udp(family=family) as client:
                client.sendto(b"?", (LOOPBACK[family], PORT))
            ksft_eq(sockets["lo"].recv(9), b"?")
        for sock in sockets.values():
            sock.close()
        group = [stack.enter_context(
            hold(namespace, table, family, "d0", reuse=True))
            for _ in range(3)]
        answer = nsmux.do("lookup", asked)
        ksft_eq(answer["outcome"], "ambiguous")
        [told] = answer["socket"]
        ksft_in(told["cookie"], [socket_cookie(sock) for sock in group])
        ksft_eq(told["device-name"], "d0")


def test_more_devices_than_are_told():
    """How many there are is said, as with all tables of several."""
    count = 20
    with Namespace() as namespace, opened_in(namespace) as nsmux, \
            contextlib.ExitStack() as stack:
        namespace.ip(*(f"link add d{n} type dummy" for n in range(count)))
        for number in range(count):
            stack.enter_context(
                hold(namespace, "udp", socket.AF_INET, f"d{number}"))
        answer = nsmux.do("lookup", key("udp", ("127.0.0.1", PORT)))
        # As many devices as are asked for are looked at.
        ksft_eq((answer["outcome"], answer["sockets"]), ("multiple", 16))
        ksft_true(1 < len(answer["socket"]) < 16)


@ksft_variants(FAMILY_VARIANTS)
def test_name_of_a_slave(family):
    """A packet that a slave receives arrives on its L3 master.

        vrf-red: dummy0
    """
    asked = key("udp", (LOOPBACK[family], PORT))
    with Namespace() as namespace, opened_in(namespace) as nsmux, \
            contextlib.ExitStack() as stack:
        namespace.ip("link add vrf-red type vrf table 10",
                     "link add dummy0 type dummy",
                     "link set dummy0 master vrf-red")
        sockets = {device: stack.enter_context(
            hold(namespace, "udp", family, device))
            for device in ("vrf-red", "dummy0")}
        for device, sock in sockets.items():
            check(nsmux.do("lookup", asked | {"device-name": device.encode()}),
                  namespace, "unconnected", "unconnected", sock)
        check(nsmux.do("lookup", asked), namespace, "multiple", "unconnected",
              *sockets.values())
        sockets["dummy0"].close()
        check(nsmux.do("lookup", asked | {"device-name": b"dummy0"}),
              namespace, "unconnected", "unconnected", sockets["vrf-red"])


@contextlib.contextmanager
def link_local():
    """Two namespaces with link-local addresses, and the scope in each."""
    with Namespace() as near, Namespace() as far:
        near.ip("link add x type dummy")
        connect(near, far)
        for namespace, address in ((near, "fe80::1"), (far, "fe80::2")):
            namespace.ip(f"addr add {address}/64 dev veth0 nodad")
        yield near, far


def test_link_local():
    """A connection of link-local addresses is bound to its device."""
    with link_local() as (near, far), contextlib.ExitStack() as stack:
        listener = near.open_socket(socket.AF_INET6, socket.SOCK_STREAM)
        listener.bind(("fe80::1", PORT, 0, index_of(near, "veth0")))
        listener.listen()
        client = far.open_socket(socket.AF_INET6, socket.SOCK_STREAM)
        client.bind(("fe80::2", PEER_PORT, 0, index_of(far, "veth0")))
        client.connect(("fe80::1", PORT, 0, index_of(far, "veth0")))
        child = stack.enter_context(listener.accept()[0])
        here, there = ("fe80::1", PORT), ("fe80::2", PEER_PORT)
        with opened_in(near) as nsmux:
            for more in ({}, {"device-name": b"veth0"}):
                for asked, kind, sock in (
                        (key("tcp", here), "listener", listener),
                        (key("tcp", here, there), "established", child)):
                    answer = nsmux.do("lookup", asked | more)
                    ksft_eq(answer["outcome"], kind)
                    [told] = answer["socket"]
                    ksft_eq((told["cookie"], told["device"],
                             told["device-name"]),
                            (socket_cookie(sock), index_of(near, "veth0"),
                             "veth0"))
            answer = nsmux.do("lookup", key("tcp", here, there)
                              | {"device-name": b"x"})
            ksft_eq(answer["outcome"], "none")
        # Once more for what a full socket is not: the end that closes first.
        client.close()
        child.recv(1)
        child.close()
        with opened_in(far) as nsmux:
            while True:
                answer = nsmux.do("lookup", key("tcp", there, here))
                [told] = answer["socket"]
                ksft_eq(told["device-name"], "veth0")
                if answer["outcome"] == "time-wait":
                    break
        listener.close()


@ksft_variants(FAMILY_VARIANTS)
def test_raw(family):
    """Raw sockets that are bound to a device."""
    with two_with_a_device() as (namespace, _), opened_in(namespace) as nsmux:
        asked = {"table": "raw", "protocol": 89,
                 "local-address": LOOPBACK[family]}
        with namespace.open_socket(family, socket.SOCK_RAW, 89) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"d0")
            for more, is_found in (({}, True), ({"device-name": b"d0"}, True),
                                   ({"device-name": b"lo"}, False),
                                   ({"device-name": b"d9"}, False)):
                answer = nsmux.do("lookup", asked | more)
                if is_found:
                    ksft_eq(found(answer),
                            expected(namespace, "unconnected", sock))
                else:
                    ksft_eq(answer["outcome"], "none")


def test_packet():
    """Packet sockets, on the device that has the name in each namespace."""
    with two_with_a_device() as namespaces, Nsmux() as nsmux, \
            contextlib.ExitStack() as stack:
        cookies = {}
        for namespace in namespaces:
            namespace.ip("link set d0 up")
            sock = stack.enter_context(namespace.open_socket(
                socket.AF_PACKET, socket.SOCK_RAW, 0))
            sock.bind(("d0", 0x88cc))
            cookies[namespace.cookie] = socket_cookie(sock)
        answers = nsmux.dump("lookup", {"table": "packet",
                                        "device-name": b"d0"})
        told = {answer["netns-cookie"]: answer["socket"] for answer in answers
                if answer["netns-cookie"] in cookies}
        ksft_eq({netns: [one["cookie"] for one in sockets]
                 for netns, sockets in told.items()},
                {netns: [cookie] for netns, cookie in cookies.items()})
        for namespace in namespaces:
            [one] = told[namespace.cookie]
            ksft_eq((one["device"], one["device-name"]),
                    (index_of(namespace, "d0"), "d0"))


def sctp(namespace, device, port):
    """A socket of SCTP, bound to a device and a port."""
    sock = namespace.open_socket(kind=socket.SOCK_STREAM,
                                 protocol=socket.IPPROTO_SCTP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
    sock.bind(("127.0.0.1", port))
    return sock


def test_sctp():
    """Endpoints and associations of sockets that are bound to a device."""
    with two_with_a_device() as (namespace, _), opened_in(namespace) as nsmux, \
            sctp(namespace, b"lo", PORT) as listener, \
            sctp(namespace, b"lo", PEER_PORT) as client:
        listener.listen()
        client.connect(("127.0.0.1", PORT))
        here, there = ("127.0.0.1", PORT), ("127.0.0.1", PEER_PORT)
        with listener.accept()[0] as child:
            for asked, kind, sock in (
                    (key("sctp", here), "listener", listener),
                    (key("sctp", there, here), "established", client),
                    (key("sctp", here, there), "established", child)):
                for more in ({}, {"device-name": b"lo"}):
                    answer = nsmux.do("lookup", asked | more)
                    ksft_eq((answer["outcome"], list(found(answer))),
                            (kind, [socket_cookie(sock)]))
                answer = nsmux.do("lookup", asked | {"device-name": b"d0"})
                ksft_eq(answer["outcome"], "none")


def is_taken(namespace, family, address):
    """Whether the port is held, for somebody else."""
    with namespace.enter(), socket.socket(family, socket.SOCK_STREAM) as sock:
        try:
            sock.bind((address, PORT))
        except OSError as error:
            ksft_eq(error.errno, errno.EADDRINUSE)
            return True
        return False


@ksft_variants(FAMILY_VARIANTS)
def test_bound(family):
    """A socket that is bound and nothing else holds the port."""
    with Namespace() as namespace, opened_in(namespace) as nsmux:
        namespace.ip("link set lo up")

        def ask(address, remote=None, **more):
            return nsmux.do("lookup", key("tcp", (address, PORT), remote,
                                          **more))

        for address in (ANY[family], LOOPBACK[family]):
            with namespace.open_socket(family, socket.SOCK_STREAM) as sock:
                sock.bind((address, PORT))
                ksft_true(is_taken(namespace, family, address))
                for asked in {address, LOOPBACK[family]}:
                    answer = ask(asked)
                    check(answer, namespace, "bound", "bound", sock)
                    ksft_eq(answer["socket"][0],
                            identity(sock, "bound") | {"local-address": address,
                                                       "local-port": PORT})
                # With the other end a connection is meant.
                ksft_eq(ask(address, (LOOPBACK[family], 9))["outcome"], "none")
                ksft_eq(ask(address, device=7)["outcome"], "bound")
                if address != ANY[family]:
                    ksft_eq(ask(ANY[family])["outcome"], "none")
                sock.listen()
                check(ask(LOOPBACK[family]), namespace, "listener", "listener",
                      sock)
            ksft_true(not is_taken(namespace, family, address))
            ksft_eq(ask(LOOPBACK[family])["outcome"], "none")


def test_bound_of_both_families():
    """One of IPv6 holds the port of IPv4 too, unless it is IPv6's alone."""
    with Namespace() as namespace, opened_in(namespace) as nsmux:
        for only in (0, 1):
            with namespace.open_socket(socket.AF_INET6,
                                       socket.SOCK_STREAM) as sock:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
                sock.bind(("::", PORT))
                for family in (socket.AF_INET, socket.AF_INET6):
                    taken = is_taken(namespace, family, ANY[family])
                    answer = nsmux.do("lookup",
                                      key("tcp", (ANY[family], PORT)))
                    ksft_eq(answer["outcome"], "bound" if taken else "none")
                    ksft_eq(list(found(answer)),
                            [socket_cookie(sock)] if taken else [])


def test_bound_on_a_device():
    """Bound to a device too, and several of them."""
    with two_with_a_device() as namespaces, Nsmux() as nsmux, \
            contextlib.ExitStack() as stack:
        namespace = namespaces[0]
        sockets = {}
        for device in (b"d0", b"lo", None):
            sock = sockets[device] = stack.enter_context(
                namespace.open_socket(kind=socket.SOCK_STREAM))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if device:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                                device)
            sock.bind(("", PORT))
        asked = key("tcp", ("127.0.0.1", PORT)) | named(namespace)
        check(nsmux.do("lookup", asked), namespace, "multiple", "bound",
              *sockets.values())
        check(nsmux.do("lookup", asked | {"device-name": b"d0"}), namespace,
              "multiple", "bound", sockets[b"d0"], sockets[None])
        cookies = {answer["netns-cookie"]
                   for answer in nsmux.dump("lookup",
                                            key("tcp", ("127.0.0.1", PORT)))}
        ksft_in(namespace.cookie, cookies)
        ksft_true(namespaces[1].cookie not in cookies)
        for _ in range(20):
            sock = stack.enter_context(
                namespace.open_socket(kind=socket.SOCK_STREAM))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind(("", PORT))
        answer = nsmux.do("lookup", asked)
        ksft_eq((answer["outcome"], answer["sockets"]), ("multiple", 23))
        # Those that are told are let go again.
        for sock in sockets.values():
            sock.close()
        ksft_eq(nsmux.do("lookup", asked)["sockets"], 20)


@ksft_variants(["tcp", "udp"])
def test_port(table):
    """Without an address it is whoever holds the port, of either family."""
    with two_with_a_device() as (namespace, other), Nsmux() as nsmux, \
            contextlib.ExitStack() as stack:
        v4, v6 = socket.AF_INET, socket.AF_INET6
        asked = {"table": table, "local-port": PORT}

        def ask(**more):
            return nsmux.do("lookup", asked | named(namespace) | more)

        check(ask(), namespace, "none", None)
        sockets = []
        for family, device, address in (
                (v4, "lo", "127.0.0.53"), (v4, None, "127.0.0.1"),
                (v6, "lo", "::1"), (v6, "d0", "")):
            sockets.append(stack.enter_context(
                hold(namespace, table, family, device, address)))
            check(ask(), namespace,
                  KIND[table] if len(sockets) == 1 else "multiple",
                  KIND[table], *sockets)
        # A port beside it, and the same one elsewhere, are others.
        stack.enter_context(hold(namespace, table, v4, port=PORT + 1))
        elsewhere = stack.enter_context(hold(other, table, v4))
        check(ask(), namespace, "multiple", KIND[table], *sockets)
        answers = {answer["netns-cookie"]: answer
                   for answer in nsmux.dump("lookup", asked)}
        check(answers[other.cookie], other, KIND[table], KIND[table],
              elsewhere)
        check(ask(**{"device-name": b"d0"}), namespace, "multiple",
              KIND[table], sockets[1], sockets[3])
        check(ask(**{"device-name": b"d9"}), namespace, "none", None)
        for sock in sockets:
            sock.close()
        check(ask(), namespace, "none", None)
        # One of both families is one.
        both = stack.enter_context(namespace.open_socket(
            v6, socket.SOCK_STREAM if table == "tcp" else socket.SOCK_DGRAM))
        both.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        both.bind(("::", PORT))
        kind = {"tcp": "bound", "udp": "unconnected"}[table]
        check(ask(), namespace, kind, kind, both)
        if table == "tcp":
            both.listen()
            with namespace.open_socket(kind=socket.SOCK_STREAM) as client:
                client.connect(("127.0.0.1", PORT))
                with both.accept()[0]:
                    check(ask(), namespace, "listener", "listener", both)
        check_refused(lambda: nsmux.do("lookup", asked | {"remote-port": 1}),
                      errno.EINVAL, MISSING, None, "local-address")


def mapped(end):
    """An end of IPv4 as sockets of IPv6 have it."""
    return (f"::ffff:{end[0]}", end[1])


def test_mapped():
    """Addresses of IPv4 that are mapped are what they say, in every table."""
    with Namespace() as namespace, opened_in(namespace) as nsmux, \
            contextlib.ExitStack() as stack:
        namespace.ip("link set lo up")
        here, there = ("127.0.0.1", PORT), ("127.0.0.1", PEER_PORT)

        def enter(protocol, kind=socket.SOCK_STREAM, family=socket.AF_INET):
            return stack.enter_context(
                namespace.open_socket(family, kind, protocol))

        for protocol in (socket.IPPROTO_TCP, socket.IPPROTO_SCTP):
            listener = enter(protocol)
            listener.bind(here)
            listener.listen()
            client = enter(protocol)
            client.bind(there)
            client.connect(here)
        enter(socket.IPPROTO_UDP, socket.SOCK_DGRAM).bind(here)
        enter(89, socket.SOCK_RAW)
        server = enter(socket.IPPROTO_MPTCP)
        server.bind(("127.0.0.1", PORT + 1))
        server.listen()
        client = enter(socket.IPPROTO_MPTCP)
        client.bind(("127.0.0.1", PEER_PORT + 1))
        client.connect(("127.0.0.1", PORT + 1))
        for asked in (key("tcp", here), key("tcp", here, there),
                      key("udp", here), key("sctp", here),
                      key("sctp", here, there),
                      key("mptcp", ("127.0.0.1", PEER_PORT + 1)),
                      {"table": "raw", "protocol": 89,
                       "local-address": here[0]}):
            plain = nsmux.do("lookup", asked)
            ksft_true(plain["outcome"] != "none", asked)
            changed = asked | {name: f"::ffff:{address}"
                               for name, address in asked.items()
                               if name.endswith("-address")}
            ksft_eq(nsmux.do("lookup", changed), plain)
        # One end as it is, and the other one mapped; but no two families.
        ksft_eq(nsmux.do("lookup", key("tcp", mapped(here), there))["outcome"],
                "established")
        check_refused(lambda: nsmux.do("lookup", key("tcp", mapped(here),
                                                     ("::1", 1))),
                      errno.EINVAL, "both addresses have to be of one family",
                      ".remote-address")


@ksft_variants(["tcp", "udp"])
def test_what_is_told_can_be_asked(table):
    """A socket of both families, by the ends that it is told with."""
    kind = socket.SOCK_STREAM if table == "tcp" else socket.SOCK_DGRAM
    with Namespace() as namespace, opened_in(namespace) as nsmux, \
            namespace.open_socket(socket.AF_INET6, kind) as client:
        namespace.ip("link set lo up")
        client.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        client.bind(("::ffff:127.0.0.1", PEER_PORT))
        with hold(namespace, table, socket.AF_INET):
            client.connect(("::ffff:127.0.0.1", PORT))
            [told] = nsmux.do("lookup", key(table, ("127.0.0.1", PEER_PORT),
                                            ("127.0.0.1", PORT)))["socket"]
            ksft_eq(told["cookie"], socket_cookie(client))
            ends = {name: value for name, value in told.items()
                    if name.startswith(("local-", "remote-"))}
            ksft_eq(ends["local-address"], "::ffff:127.0.0.1")
            [again] = nsmux.do("lookup", {"table": table} | ends)["socket"]
            ksft_eq(again, told)


ASKED = key("udp", ("127.0.0.1", PORT))
ONE_WAY = "a device is named by its index or by its name"
REFUSED = {
    "twice": ({"device": 1, "device-name": b"lo"}, ".device"),
    "slave_of_a_name": ({"slave": 1, "device-name": b"lo"}, ".slave"),
}


@ksft_variants([KsftNamedVariant(name, *case)
                for name, case in REFUSED.items()])
def test_named_twice(more, blamed):
    """A device is named once."""
    with Nsmux() as nsmux:
        check_refused(lambda: nsmux.do("lookup", ASKED | more), errno.EINVAL,
                      ONE_WAY, blamed)


def test_names_of_no_device():
    """Empty, too long, with a zero in it; and one with a zero at its end."""
    with Nsmux() as nsmux:
        for name in (b"", b"\0", b"a\0b", b"0123456789abcdef"):
            check_refused(
                lambda name=name: nsmux.do("lookup",
                                           ASKED | {"device-name": name}),
                errno.EINVAL, "a device cannot have this name", ".device-name")
        check_refused(lambda: nsmux.do("lookup", ASKED
                                       | {"device-name": bytes(17)}),
                      errno.ERANGE, "binary attribute size out of range",
                      ".device-name")
        with Namespace() as namespace, opened_in(namespace) as inside, \
                hold(namespace, "udp", socket.AF_INET, "lo") as sock:
            check(inside.do("lookup", ASKED | {"device-name": b"lo\0"}),
                  namespace, "unconnected", "unconnected", sock)


if __name__ == "__main__":
    program.run(globals())
