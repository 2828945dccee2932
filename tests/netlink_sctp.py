#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""SCTP: associations by their ends, and sockets that wait for one."""

import contextlib
import errno
import socket
import struct

from lib import program
from lib.bulk import Bulk
from lib.descriptors import descriptors
from lib.named_sockets import COUNT, several
from lib.netlink_family import Nsmux, identity, named, opened_in
from lib.observed import FAMILY_VARIANTS
from lib.topology import LOOPBACK, Namespace
from net.lib.py import (KsftNamedVariant, KsftSkipEx, ksft_eq, ksft_ge,
                        ksft_not_in, ksft_variants)

PORT, CLIENT_PORT = 3868, 4000
# More than were found when the kernel began the chain anew for each, and more
# than a question may look at.
CHAIN, MANY = 300, 1600
# Sockets on the host that the kernel passes for each of so many namespaces in
# more than one part.
CROWD, NAMESPACES = 6000, 150
# More on the host than the kernel is let go past.
TOO_MANY = 8600
# Of linux/sctp.h; Python has no name for it.
SCTP_SOCKOPT_BINDX_ADD = 100


def unbound(namespace, family, kind=socket.SOCK_STREAM):
    """A socket of SCTP, which the kernel may load or not have."""
    try:
        return namespace.open_socket(family, kind, socket.IPPROTO_SCTP)
    except OSError as error:
        if error.errno not in (errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT):
            raise
        raise KsftSkipEx("there is no SCTP: CONFIG_IP_SCTP") from error


def sctp(namespace, family, port, kind=socket.SOCK_STREAM):
    """A socket that is bound to the loopback address."""
    sock = unbound(namespace, family, kind)
    sock.bind((LOOPBACK[family], port))
    return sock


def add_addresses(sock, addresses):
    """Bind a socket to these as well."""
    packed = b"".join(struct.pack("=H2s4s8x", socket.AF_INET,
                                  struct.pack("!H", PORT),
                                  socket.inet_aton(address))
                      for address in addresses)
    if packed:
        sock.setsockopt(socket.IPPROTO_SCTP, SCTP_SOCKOPT_BINDX_ADD, packed)


def listener(*arguments):
    """One that waits for associations."""
    sock = sctp(*arguments)
    sock.listen()
    return sock


def ends(local, port, remote=None, remote_port=None):
    """The same as attributes."""
    told = {"local-address": local, "local-port": port}
    if remote:
        told |= {"remote-address": remote, "remote-port": remote_port}
    return told


def check(nsmux, key, namespace, sock, kind, told):
    """One socket is found there, and this is told of it; the answer."""
    answer = nsmux.do("lookup", {"table": "sctp"} | key | named(namespace))
    ksft_eq((answer["outcome"], answer["sockets"], answer.get("socket")),
            (kind, 1, [identity(sock, kind) | told]))
    return answer


def check_none(nsmux, key, namespace):
    """Nothing is found there."""
    answer = nsmux.do("lookup", {"table": "sctp"} | key | named(namespace))
    ksft_eq((answer["outcome"], answer["sockets"]), ("none", 0))


@ksft_variants(FAMILY_VARIANTS)
def test_listener_in_each(family):
    """Each namespace tells its own; a dump tells one of each."""
    here = ends(LOOPBACK[family], PORT)
    with several() as (namespaces, empty, _), Nsmux() as nsmux, \
            contextlib.ExitStack() as stack:
        expected = {}
        for namespace in namespaces:
            sock = stack.enter_context(listener(namespace, family, PORT))
            expected[namespace.cookie] = check(nsmux, here, namespace, sock,
                                               "listener", here)
        answers = {answer["netns-cookie"]: answer for answer in
                   nsmux.dump("lookup", {"table": "sctp"} | here)}
        for cookie, answer in expected.items():
            ksft_eq(answers.get(cookie), answer)
        ksft_not_in(empty.cookie, answers)
        check_none(nsmux, here, empty)
        check_none(nsmux, ends(LOOPBACK[family], PORT + 1), namespaces[0])


@ksft_variants(FAMILY_VARIANTS)
def test_association_in_each(family):
    """Both ends of one, each in each namespace by the same name."""
    address = LOOPBACK[family]
    here = ends(address, PORT, address, CLIENT_PORT)
    there = ends(address, CLIENT_PORT, address, PORT)
    with several() as (namespaces, empty, _), Nsmux() as nsmux, \
            contextlib.ExitStack() as stack:
        found = []
        for namespace in namespaces:
            waiting = stack.enter_context(listener(namespace, family, PORT))
            client = stack.enter_context(sctp(namespace, family, CLIENT_PORT))
            client.connect((address, PORT))
            child = stack.enter_context(waiting.accept()[0])
            found.append((namespace, waiting, client, child))
        for namespace, waiting, client, child in found:
            check(nsmux, here, namespace, child, "established", here)
            check(nsmux, there, namespace, client, "established", there)
            # With another end, the answer is who would be asked for it.
            check(nsmux, here | {"remote-port": CLIENT_PORT + 1}, namespace,
                  waiting, "listener", ends(address, PORT))
        answers = {answer["netns-cookie"]: answer["socket"][0]["cookie"]
                   for answer in nsmux.dump("lookup",
                                            {"table": "sctp"} | here)}
        for namespace, _, _, child in found:
            ksft_eq(answers.get(namespace.cookie),
                    identity(child, "established")["cookie"])
        ksft_not_in(empty.cookie, answers)
        check_none(nsmux, here, empty)


def test_long_chains():
    """Listeners in one chain of the kernel's table, and those behind it: all
    are found, whatever their place."""
    ports = [PORT + 64 * number + chain for chain in (0, 1)
             for number in range(CHAIN)]
    ports += range(PORT - 64, PORT)
    with descriptors(4 * len(ports)), Namespace() as namespace, \
            Namespace() as other, opened_in(namespace) as nsmux, \
            contextlib.ExitStack() as stack:
        for one in (namespace, other):
            one.ip("link set lo up")
        listeners = {}
        for port in ports:
            for one in (namespace, other):
                listeners[one, port] = stack.enter_context(
                    listener(one, socket.AF_INET, port))
        for port in (*ports[::CHAIN - 1], *ports[-64:]):
            here = ends("127.0.0.1", port)
            answer = check(nsmux, here, namespace, listeners[namespace, port],
                           "listener", here)
            ksft_not_in("incomplete", answer)


@ksft_variants([KsftNamedVariant("sockets", MANY, 1),
                KsftNamedVariant("addresses", MANY // 8, 40)])
def test_many_at_one_port(many, addresses):
    """Of those that listen at a port not all are looked at, and of their
    addresses neither, which the answer says."""
    with descriptors(2 * MANY), Namespace() as namespace, \
            opened_in(namespace) as nsmux, contextlib.ExitStack() as stack:
        namespace.ip("link set lo up")
        asked = {"table": "sctp"} | ends("127.0.1.1", PORT)
        for number in range(many):
            # The first one is the last in its chain.
            first, second = divmod(number, 250)
            bound = [f"127.{place}.{first + 1}.{second + 1}"
                     for place in range(addresses)]
            sock = unbound(namespace, socket.AF_INET)
            stack.enter_context(sock).bind((bound[0], PORT))
            add_addresses(sock, bound[1:])
            sock.listen()
            if number == many // 10:
                answer = nsmux.do("lookup", asked)
                ksft_eq(answer["sockets"], 1)
                ksft_not_in("incomplete", answer)
        answer = nsmux.do("lookup", asked)
        ksft_eq((answer["sockets"], "incomplete" in answer), (0, True))


def test_sockets_of_others():
    """A dump takes longer if the kernel has many sockets to pass for each
    namespace: it comes in more parts. Of too many it says that some may have
    been left out."""
    with Bulk(NAMESPACES) as bulk, Namespace() as crowded, Nsmux() as nsmux, \
            contextlib.ExitStack() as stack:
        asked = {"table": "sctp"} | ends("127.0.0.1", PORT)
        # So that it is there.
        unbound(crowded, socket.AF_INET).close()
        ksft_ge(len(bulk.members), NAMESPACES)
        ksft_eq(list(nsmux.dump("lookup", asked)), [])
        stack.enter_context(descriptors(2 * TOO_MANY))
        for _ in range(CROWD):
            stack.enter_context(unbound(crowded, socket.AF_INET))
        parts = list(nsmux.dump("lookup", asked))
        ksft_ge(len(parts), 1)
        ksft_eq([part for part in parts if part], [])
        for _ in range(TOO_MANY - CROWD):
            stack.enter_context(unbound(crowded, socket.AF_INET))
        answer = nsmux.do("lookup", asked)
        ksft_eq((answer["outcome"], "incomplete" in answer), ("none", True))


def test_many_on_one_socket():
    """A socket with several associations is found by each."""
    with Namespace() as namespace, opened_in(namespace) as nsmux:
        namespace.ip("link set lo up")
        with listener(namespace, socket.AF_INET, PORT,
                      socket.SOCK_SEQPACKET) as server, \
                contextlib.ExitStack() as stack:
            for number in range(COUNT):
                port = CLIENT_PORT + number
                client = stack.enter_context(
                    sctp(namespace, socket.AF_INET, port))
                client.connect(("127.0.0.1", PORT))
                here = ends("127.0.0.1", PORT, "127.0.0.1", port)
                check(nsmux, here, namespace, server, "established", here)


def test_several_addresses():
    """An endpoint has all the addresses that it is bound to."""
    second = "127.0.0.2"
    with Namespace() as namespace, opened_in(namespace) as nsmux:
        namespace.ip("link set lo up")
        with sctp(namespace, socket.AF_INET, PORT) as sock:
            add_addresses(sock, [second])
            sock.listen()
            for address, count in (("127.0.0.1", 1), ("127.0.0.2", 1),
                                   ("127.0.0.3", 0), ("0.0.0.0", 0)):
                answer = nsmux.do("lookup",
                                  {"table": "sctp"} | ends(address, PORT))
                ksft_eq(answer["sockets"], count, address)


@ksft_variants([
    KsftNamedVariant("ipv4", socket.AF_INET, False, "", (1, 0)),
    KsftNamedVariant("ipv6_only", socket.AF_INET6, True, "", (0, 1)),
    KsftNamedVariant("ipv6_and_ipv4", socket.AF_INET6, False, "", (1, 1)),
    KsftNamedVariant("mapped", socket.AF_INET6, False, "::ffff:0.0.0.0",
                     (1, 1))])
def test_any_address(family, only, address, counts):
    """A socket that is bound to no address has those of its families."""
    with Namespace() as namespace, opened_in(namespace) as nsmux:
        namespace.ip("link set lo up")
        with unbound(namespace, family) as sock:
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
            sock.bind((address, PORT))
            sock.listen()
            for asked, count in zip(LOOPBACK.values(), counts):
                answer = nsmux.do("lookup",
                                  {"table": "sctp"} | ends(asked, PORT))
                ksft_eq(answer["sockets"], count, asked)


DEVICES = (({}, 1), ({"device": 1}, 1), ({"device": 2}, 0),
           ({"device": 2, "slave": 1}, 1))


def test_bound_device():
    """A socket of one device has its packets alone, and so has its
    association; one of no device has those of all. Without a device both
    are asked for."""
    key = {"table": "sctp"} | ends("127.0.0.1", PORT)
    with Namespace() as namespace, opened_in(namespace) as nsmux:
        namespace.ip("link set lo up")
        with sctp(namespace, socket.AF_INET, PORT) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
            sock.listen()
            with sctp(namespace, socket.AF_INET, CLIENT_PORT) as client:
                client.connect(("127.0.0.1", PORT))
                here = ends("127.0.0.1", PORT, "127.0.0.1", CLIENT_PORT)
                there = ends("127.0.0.1", CLIENT_PORT, "127.0.0.1", PORT)
                for device, count in DEVICES:
                    answer = nsmux.do("lookup", key | device)
                    ksft_eq(answer["sockets"], count, str(device))
                    answer = nsmux.do("lookup", {"table": "sctp"} | here
                                      | device)
                    ksft_eq((answer["outcome"], answer["sockets"]),
                            (("none", "established")[count], count),
                            str(device))
                    check(nsmux, there | device, namespace, client,
                          "established", there)


if __name__ == "__main__":
    program.run(globals())
