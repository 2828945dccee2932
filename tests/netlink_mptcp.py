#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""MPTCP: connections by the ends of their first subflow."""

import contextlib
import errno
import socket

from lib import program
from lib.descriptors import descriptors
from lib.fault import failing
from lib.lifetime import wait_until
from lib.named_sockets import several
from lib.netlink_family import Nsmux, identity, named
from lib.observed import FAMILY_VARIANTS
from lib.topology import LOOPBACK, Namespace
from net.lib.py import (KsftSkipEx, ksft_eq, ksft_ge, ksft_ne,
                        ksft_not_in, ksft_variants)

PORT, CLIENT_PORT = 8080, 4000
# Twice as many ends are more than a question may go over.
PAIRS = 420
# In how many namespaces MPTCP is used, for more parts of a dump than one.
USED = 7


def mptcp(namespace, family, address, port):
    """A socket of MPTCP, bound."""
    try:
        sock = namespace.open_socket(family, socket.SOCK_STREAM,
                                     socket.IPPROTO_MPTCP)
    except OSError as error:
        if error.errno != errno.EPROTONOSUPPORT:
            raise
        raise KsftSkipEx("there is no MPTCP: CONFIG_MPTCP") from error
    sock.bind((address, port))
    return sock


def ends(address, port, remote_port=None):
    """The same as attributes; both ends have one address."""
    told = {"local-address": address, "local-port": port}
    if remote_port:
        told |= {"remote-address": address, "remote-port": remote_port}
    return told


@contextlib.contextmanager
def connection(namespace, family, address):
    """A listener, and both ends of a connection to it."""
    with mptcp(namespace, family, address, PORT) as listener, \
            mptcp(namespace, family, address, CLIENT_PORT) as client:
        listener.listen()
        client.connect((address, PORT))
        with listener.accept()[0] as child:
            # MPTCP knows of a connection when data has come; a connection
            # that is not one of MPTCP is of TCP after all.
            client.send(b"?")
            child.recv(1)
            yield listener, client, child


def look_up(nsmux, key, namespace):
    """What is found there."""
    return nsmux.do("lookup", {"table": "mptcp"} | key | named(namespace))


@ksft_variants(FAMILY_VARIANTS)
def test_connection_in_each(family):
    """Both ends of one, each in each namespace by the same name."""
    address = LOOPBACK[family]
    here, there = (ends(address, PORT, CLIENT_PORT),
                   ends(address, CLIENT_PORT, PORT))
    with several() as (namespaces, empty, _), Nsmux() as nsmux, \
            contextlib.ExitStack() as stack:
        expected = {}
        for namespace in namespaces:
            _, client, child = stack.enter_context(
                connection(namespace, family, address))
            for key, sock in ((here, child), (there, client)):
                answer = look_up(nsmux, key, namespace)
                ksft_eq((answer["outcome"], answer["sockets"],
                         answer.get("socket")),
                        ("established", 1,
                         [identity(sock, "established") | key]))
            expected[namespace.cookie] = look_up(nsmux, here, namespace)
        answers = {answer["netns-cookie"]: answer for answer in
                   nsmux.dump("lookup", {"table": "mptcp"} | here)}
        # Connections of tests before may still be ending elsewhere.
        ksft_eq({cookie: answers.get(cookie) for cookie in expected}, expected)
        ksft_not_in(empty.cookie, answers)
        ksft_eq(look_up(nsmux, here, empty)["outcome"], "none")


@ksft_variants(FAMILY_VARIANTS)
def test_by_one_end(family):
    """Without the other end, all connections of this one; no listener."""
    address = LOOPBACK[family]
    with Namespace() as namespace, Nsmux() as nsmux:
        namespace.ip("link set lo up")
        with connection(namespace, family, address) as (listener, _, child), \
                mptcp(namespace, family, address, CLIENT_PORT + 1) as client:
            client.connect((address, PORT))
            with listener.accept()[0] as second:
                client.send(b"?")
                second.recv(1)
                answer = look_up(nsmux, ends(address, PORT), namespace)
                ksft_eq((answer["outcome"], answer["sockets"]),
                        ("multiple", 2))
                ksft_eq({told["cookie"] for told in answer["socket"]},
                        {identity(sock, "")["cookie"]
                         for sock in (child, second)})
        # The kernel ends them in the background.
        wait_until(lambda: look_up(nsmux, ends(address, PORT),
                                   namespace)["sockets"] == 0, "both are gone")


def test_other_ends():
    """Another port or address is not found."""
    with Namespace() as namespace, Nsmux() as nsmux:
        namespace.ip("link set lo up")
        with connection(namespace, socket.AF_INET, "127.0.0.1"):
            for other in ({"local-port": 1}, {"remote-port": 1},
                          {"local-address": "127.0.0.2"},
                          {"remote-address": "127.0.0.2"}):
                key = ends("127.0.0.1", PORT, CLIENT_PORT) | other
                ksft_eq(look_up(nsmux, key, namespace)["outcome"], "none",
                        str(other))
            key = ends("127.0.0.2", PORT)
            ksft_eq(look_up(nsmux, key, namespace)["outcome"], "none")


def test_many():
    """Of many connections not all are gone over, which the answer says."""
    with descriptors(8 * PAIRS), Namespace() as namespace, Nsmux() as nsmux, \
            contextlib.ExitStack() as stack:
        namespace.ip("link set lo up")
        listener = stack.enter_context(
            mptcp(namespace, socket.AF_INET, "127.0.0.1", PORT))
        listener.listen()
        key = ends("127.0.0.1", 1)
        for number in range(PAIRS):
            client = stack.enter_context(
                mptcp(namespace, socket.AF_INET, "127.0.0.1",
                      CLIENT_PORT + number))
            client.connect(("127.0.0.1", PORT))
            child = stack.enter_context(listener.accept()[0])
            client.send(b"?")
            child.recv(1)
            if number == PAIRS // 2:
                ksft_not_in("incomplete", look_up(nsmux, key, namespace))
        answer = look_up(nsmux, key, namespace)
        ksft_eq((answer["outcome"], "incomplete" in answer), ("none", True))


def test_in_parts():
    """To go through the table takes so much that a part of a dump does it for
    one namespace alone, whatever there is to tell."""
    with contextlib.ExitStack() as stack, Nsmux() as nsmux:
        for _ in range(USED):
            namespace = stack.enter_context(Namespace())
            stack.enter_context(mptcp(namespace, socket.AF_INET, "0.0.0.0", 0))
        answers = list(nsmux.dump("lookup", {"table": "mptcp"}
                                  | ends("127.0.0.1", 1)))
        ksft_ge(answers.count({}), USED - 2)


def test_outside_of_sections():
    """The way through the table of all namespaces, which nobody can stop, is
    not taken in a read-side section."""
    key = {"table": "mptcp"} | ends("127.0.0.1", PORT)
    with Namespace() as namespace, Nsmux() as nsmux:
        namespace.ip("link set lo up")
        questions = (
            lambda: nsmux.do("lookup", key | named(namespace)),
            lambda: nsmux.dump("lookup", key),
            lambda: nsmux.dump("lookup", key | {
                "netns": [{"cookie": namespace.cookie}]}))
        with connection(namespace, socket.AF_INET, "127.0.0.1"):
            for ask in questions:
                with failing("mptcp_token_iter_next", 0) as told:
                    ask()
                    # To the connection, and behind it to the end.
                    ksft_ge(told("calls"), 2)
                    if told("sections") < 0:
                        raise KsftSkipEx("nobody counts read-side sections: "
                                         "CONFIG_PREEMPT_RCU")
                    ksft_eq(told("sections"), 0)


def test_subflow_is_of_tcp():
    """The packets are of a TCP socket, which is another one."""
    with Namespace() as namespace, Nsmux() as nsmux:
        namespace.ip("link set lo up")
        with connection(namespace, socket.AF_INET, "127.0.0.1") as (
                _, client, _):
            key = ends("127.0.0.1", CLIENT_PORT, PORT)
            answer = nsmux.do("lookup", {"table": "tcp"} | key
                              | named(namespace))
            ksft_eq(answer["outcome"], "established")
            ksft_ne(answer["socket"][0]["cookie"],
                    identity(client, "")["cookie"])


if __name__ == "__main__":
    program.run(globals())
