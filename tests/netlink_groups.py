#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The list of members of netlink's groups, which all namespaces share.

Who has many sockets in it makes it long for everyone. A dump then goes on in
further parts, and keeps what it has found so far; a request that has one
answer is refused.
"""

import contextlib
import errno
import socket
import struct

from lib import program
from lib.descriptors import descriptors
from lib.lifetime import check_death
from lib.netlink_family import Nsmux, check_refused, named
from lib.netlink_message import (DONE, DUMP, GENERIC, NESTED, RawSocket,
                                 attribute, attributes, request)
from lib.topology import Namespace
from net.lib.py import ksft_eq, ksft_ge, ksft_lt, ksft_pr

PROTOCOL, GROUP = 0, 9
ASKED = {"table": "netlink", "protocol": PROTOCOL, "group": GROUP}
# More members than are looked at in one section, and more than in one part. It
# takes long to have them: the kernel goes through the list for each that joins
# or leaves.
MEMBERS, TOO_MANY = 3000, 9000
# As many join or leave until it is said: a guest that is silent is ended.
SOME = 1500
# As many namespaces may be named.
NAMED = 1024
# No part is larger, and in each there are as many answers on the average.
SIZE, ANSWERS = 1 << 17, 8


@contextlib.contextmanager
def members(*wanted):
    """As many members of the group in each namespace."""
    with descriptors(2 * TOO_MANY), contextlib.ExitStack() as stack:
        for namespace, many in wanted:
            with namespace.enter():
                for number in range(many):
                    if number and not number % SOME:
                        ksft_pr(f"{number} members of {many}")
                        stack.callback(ksft_pr, f"{number} are left")
                    sock = stack.enter_context(socket.socket(
                        socket.AF_NETLINK, socket.SOCK_RAW, PROTOCOL))
                    sock.bind((0, 1 << (GROUP - 1)))
        yield


class Dump:
    """A dump of the members in these namespaces, or in all, in its parts."""

    def __init__(self, *namespaces):
        with Nsmux() as nsmux:
            operation = nsmux.ops["lookup"]
            self._number = {name: attr.value
                            for name, attr in operation.attr_set.items()}
            tables = nsmux.consts["table"].entries
            by_cookie = nsmux.attr_sets["netns"]["cookie"].value
            family = nsmux.nlproto.family_id
        body = b"".join(
            attribute(self._number[name], struct.pack("=I", value))
            for name, value in (ASKED | {
                "table": tables["netlink"].value}).items())
        body += b"".join(
            attribute(self._number["netns"] | NESTED, attribute(
                by_cookie, struct.pack("=Q", namespace.cookie)))
            for namespace in namespaces)
        self._socket = RawSocket()
        self._socket.send(request(family, operation.req_value, body,
                                  flags=DUMP))
        self.parts = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def read(self):
        """Namespace and number of members in each answer, which are all."""
        told = []
        while True:
            self.parts += 1
            for message in self._socket.receive(SIZE):
                if message.kind == DONE:
                    ksft_eq(message.error, 0)
                    return told
                found = dict(attributes(message.payload[GENERIC.size:]))
                # One without attributes says that the dump goes on.
                if found:
                    told.append(self._answer(found))

    def _answer(self, found):
        ksft_eq(self._number["incomplete"] in found, False, "all are told")
        return tuple(int.from_bytes(found[self._number[name]], "little")
                     for name in ("netns-cookie", "sockets"))


def test_long_list():
    """Who has more members than one part looks at has all of them told by a
    dump, and makes nobody else's question fail. Who does not read on keeps
    nobody alive when the socket is closed."""
    with Namespace() as witness, Namespace() as before, \
            Namespace() as crowded, Namespace() as after, Nsmux() as nsmux:
        crowded.ip("link add veth0 type veth peer name veth0 "
                   f"netns {witness.name}")
        wanted = [(before, 3), (crowded, TOO_MANY), (after, 2)]
        with members(*wanted):
            ksft_pr("all have joined")
            expected = [(namespace.cookie, many) for namespace, many in wanted]
            with Dump() as begun:
                told = dict(begun.read())
                ksft_ge(begun.parts, 2)
            ksft_eq([(cookie, told.get(cookie)) for cookie, _ in expected],
                    expected)
            # In the order in which they are named.
            with Dump(after, crowded, before, after) as begun:
                ksft_eq(begun.read(),
                        [expected[place] for place in (2, 1, 0, 2)])
            ksft_eq(nsmux.do("lookup", ASKED | named(after))["sockets"], 2)
            check_refused(lambda: nsmux.do("lookup", ASKED | named(crowded)),
                          errno.E2BIG, "there is too much to go through for "
                                       "one answer: a dump takes its time")
            left = Dump(crowded)
            ksft_pr("all was asked")
        with left:
            pass
        check_death(crowded, witness, "veth0")


def test_names():
    """The list is gone through once for many names. To check as many takes a
    half of what a part may do, and the list more than the other half."""
    with Namespace() as crowded, members((crowded, MEMBERS)), \
            Dump(*[crowded] * NAMED) as begun:
        ksft_eq(begun.read(), [(crowded.cookie, MEMBERS)] * NAMED)
        ksft_lt(begun.parts, NAMED // ANSWERS)


if __name__ == "__main__":
    program.run(globals())
