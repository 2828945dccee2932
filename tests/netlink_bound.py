#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""lookup: who holds a port, and would get no packet.

That a port is held says bind(2).
"""

import contextlib
import errno
import socket

from lib import program
from lib.descriptors import descriptors
from lib.identity import socket_cookie
from lib.netlink_family import Nsmux, identity, key, named, opened_in
from lib.observed import FAMILY_VARIANTS
from lib.port_holders import ANY, PORT, check, found, two_with_a_device
from lib.topology import LOOPBACK, Namespace
from net.lib.py import ksft_eq, ksft_in, ksft_true, ksft_variants


# The table has some ten thousand chains.
OTHERS, ASKED = 2000, 400


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


def test_others_in_the_chain():
    """Who is at another address is not at this one, though both may be in one
    chain: with so many of each, some are."""
    with descriptors(2 * OTHERS), Namespace() as namespace, \
            opened_in(namespace) as nsmux, contextlib.ExitStack() as stack:
        namespace.ip("link set lo up")
        for number in range(OTHERS):
            sock = stack.enter_context(
                namespace.open_socket(kind=socket.SOCK_STREAM))
            sock.bind((f"127.1.{number >> 8}.{number & 255}", PORT))
        ksft_eq({nsmux.do("lookup", key("tcp", (f"127.2.{number >> 8}."
                                                f"{number & 255}", PORT)))
                 ["outcome"] for number in range(ASKED)}, {"none"})


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


if __name__ == "__main__":
    program.run(globals())
