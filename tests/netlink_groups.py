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
from lib.netlink_message import (DONE, DUMP, ERROR, GENERIC, NESTED, RawSocket,
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
# Of linux/netlink.h.
SOL_NETLINK, ADD_MEMBERSHIP, DROP_MEMBERSHIP = 270, 1, 2
# With as many requests in front of it, a dump has too little of its packet.
BEFORE = 15
# As many namespaces may be named.
NAMED = 1024
# No part is larger, and in each there are as many answers on the average.
SIZE, ANSWERS = 1 << 17, 8


@contextlib.contextmanager
def members(*wanted):
    """As many members of the group in each namespace, in a list for each."""
    with descriptors(2 * TOO_MANY), contextlib.ExitStack() as stack:
        made = []
        for namespace, many in wanted:
            made.append([])
            with namespace.enter():
                for number in range(many):
                    if number and not number % SOME:
                        ksft_pr(f"{number} members of {many}")
                        stack.callback(ksft_pr, f"{number} are left")
                    sock = stack.enter_context(socket.socket(
                        socket.AF_NETLINK, socket.SOCK_RAW, PROTOCOL))
                    sock.bind((0, 1 << (GROUP - 1)))
                    made[-1].append(sock)
        yield made


def set_membership(sock, option):
    """Have it join or leave."""
    sock.setsockopt(SOL_NETLINK, option, GROUP)


class Dump:
    """A dump of the members in these namespaces, or in all, in its parts."""

    def __init__(self, *namespaces, others=0):
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
        # Behind others in a packet the first part is empty. Whatever is read, the
        # next one is made.
        self._socket.send(
            others * request(family, operation.req_value, body, flags=0)
            + request(family, operation.req_value, body, flags=DUMP))
        self.parts = 0
        self._is_done = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def read(self):
        """Namespace and number of members in each answer, which are all."""
        told = []
        while not self._is_done:
            told += self.part()
        return told

    def part(self):
        """The answers in the next part, or none in place of the refusal of
        another request in the packet."""
        told = []
        self.parts += 1
        for message in self._socket.receive(SIZE):
            if message.kind == DONE:
                ksft_eq(message.error, 0)
                self._is_done = True
                break
            if message.kind == ERROR:
                continue
            found = dict(attributes(message.payload[GENERIC.size:]))
            # One without attributes says that the dump goes on.
            if found:
                told.append(self._answer(found))
        return told

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


def test_changes():
    """Between two parts all that came by leave. Those that come back are told
    once; when they do not, the list is gone through from its beginning."""
    with Namespace() as crowded, Namespace() as late, \
            members((crowded, TOO_MANY), (late, 3)) as (crowd, few):
        # Who has joined last comes first. The part that is made when something is
        # read does not come to the end.
        with Dump(late, crowded, others=BEFORE) as begun:
            ksft_eq(begun.part(), [])
            # In their order, so that the one at which it stands is as far from the
            # beginning, and the few, which came by first, are behind it.
            for number, sock in enumerate(crowd):
                if number and not number % SOME:
                    ksft_pr(f"{number} have joined again")
                set_membership(sock, DROP_MEMBERSHIP)
                set_membership(sock, ADD_MEMBERSHIP)
            ksft_eq(begun.read(), [(late.cookie, 3), (crowded.cookie, TOO_MANY)])
        for sock in few:
            set_membership(sock, DROP_MEMBERSHIP)
            set_membership(sock, ADD_MEMBERSHIP)
        with Dump(late, crowded, others=BEFORE) as begun:
            ksft_eq(begun.part(), [])
            for number, sock in enumerate(crowd[1:], 1):
                if not number % SOME:
                    ksft_pr(f"{number} have left")
                set_membership(sock, DROP_MEMBERSHIP)
            ksft_eq(begun.read(), [(late.cookie, 3), (crowded.cookie, 1)])


def test_names():
    """The list is gone through once for many names. To check as many takes a
    half of what a part may do, and the list more than the other half."""
    with Namespace() as crowded, members((crowded, MEMBERS)), \
            Dump(*[crowded] * NAMED) as begun:
        ksft_eq(begun.read(), [(crowded.cookie, MEMBERS)] * NAMED)
        ksft_lt(begun.parts, NAMED // ANSWERS)


if __name__ == "__main__":
    program.run(globals())
