#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What requests may do that come in one packet, and one that has much to go
over.

Generic netlink answers all requests of a packet in one go, with a lock held
that others wait for; so each has its share of what one request may do alone,
by its length. Who has too little of it is told so, and told all when it asks
alone.
"""

import contextlib
import errno
import select
import socket
import struct

from lib import program
from lib.bulk import Bulk
from lib.descriptors import descriptors
from lib.netlink_family import Nsmux
from lib.netlink_message import (DUMP, ERROR, NESTED, RawSocket, attribute,
                                 request)
from lib.topology import Namespace
from net.lib.py import (KsftNamedVariant, KsftSkipEx, ksft_eq, ksft_ge,
                        ksft_variants)

# So many requests in a packet have each what a question may take, and so many
# have not.
FEW, TOGETHER = 8, 160
# More than a question may go over, of those that are looked at quickly and of
# others; more than the kernel's lookup may where others wait for it, since it
# cannot be stopped. And about as many as it may for one question, and more.
MOST, MANY, DATAGRAMS, FEWER, TOO_MANY = 6500, 3200, 2500, 2000, 2100
FEW_AT_END = 1000
# A table that all namespaces share has 256 chains or more: of so many namespaces,
# at most one is in that of the crowd.
OTHERS = 4
PORT, PROTOCOL, GROUP = 5353, 253, 9
# Of asm-generic/socket.h; Python has no name for it.
SO_RCVBUFFORCE = 33
# More numbers of namespaces than are looked for at a time.
NUMBERED = 150
# As many requests have each enough to tell about a namespace, and not enough to
# look for its number among many.
DESCRIBED = 60
# How many sockets are told, and how many may be looked at in place of each; and
# as many as may be looked at if none is told.
TOLD, TELL, ALMOST = 12, 48, 5900
# Of linux/if_ether.h.
ETH_P_ALL = 3


def bound(namespace, *kind, bind, many=MANY):
    """Many sockets of a kind in one place."""
    for number in range(many):
        sock = namespace.open_socket(*kind)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(bind(number))
        yield sock


def of_udp(namespace):
    """Sockets of UDP at one end."""
    return bound(namespace, bind=lambda _: ("", PORT), many=DATAGRAMS)


def of_raw(namespace):
    """Raw sockets of one protocol."""
    return (namespace.open_socket(socket.AF_INET, socket.SOCK_RAW, PROTOCOL)
            for _ in range(MANY))


def of_packet(namespace):
    """Packet sockets, which do not listen yet."""
    return (namespace.open_socket(socket.AF_PACKET, socket.SOCK_RAW)
            for _ in range(MOST))


def of_unix(namespace):
    """Local sockets with names."""
    return bound(namespace, socket.AF_UNIX,
                 bind=lambda number: f"\0{number}")


def of_netlink(namespace):
    """A member of a group."""
    return bound(namespace, socket.AF_NETLINK, socket.SOCK_RAW,
                 bind=lambda _: (0, 1 << (GROUP - 1)), many=1)


def of_mptcp(namespace):
    """One is enough, for the whole table is gone through."""
    try:
        yield namespace.open_socket(socket.AF_INET, socket.SOCK_STREAM,
                                    socket.IPPROTO_MPTCP)
    except OSError as error:
        if error.errno != errno.EPROTONOSUPPORT:
            raise
        raise KsftSkipEx("there is no MPTCP: CONFIG_MPTCP") from error


def of_nobody(namespace):
    """Nobody: nobody counts them."""
    return iter(())


ENDS = {"local-address": socket.inet_aton("10.9.8.7"),
        "local-port": struct.pack("!H", PORT)}
# What becomes of a few questions in a packet about a crowd, and about nobody.
REFUSED, ANSWERED = errno.E2BIG, 0
CROWDS = [KsftNamedVariant(name.replace(" ", "_"), name, make, key, crowd,
                           nobody)
          for name, make, key, crowd, nobody in (
              ("udp", of_udp, ENDS, REFUSED, ANSWERED),
              ("udp port", of_udp, {"local-port": ENDS["local-port"]},
               REFUSED, ANSWERED),
              ("raw", of_raw, {"protocol": struct.pack("=I", PROTOCOL),
                               "local-address": ENDS["local-address"]},
               REFUSED, ANSWERED),
              ("packet", of_packet, {"device": struct.pack("=I", 1)},
               REFUSED, ANSWERED),
              ("unix", of_unix, {"name": b"/nobody"}, REFUSED, ANSWERED),
              ("vsock", of_nobody, {"local-vsock-port": struct.pack("=I", 1)},
               REFUSED, REFUSED),
              ("sctp", of_nobody, ENDS, REFUSED, REFUSED),
              ("mptcp", of_mptcp, ENDS, REFUSED, ANSWERED),
              ("netlink", of_netlink, {"protocol": struct.pack("=I", 0),
                                       "group": struct.pack("=I", GROUP)},
               REFUSED, REFUSED))]


class Together:
    """Requests of the same kind, in one packet."""

    def __init__(self, command, body):
        self._command, self._body = command, body
        with Nsmux() as nsmux:
            self._family = nsmux.nlproto.family_id

    def ask(self, count):
        """The errors of all of them, or 0."""
        with RawSocket() as raw:
            raw.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
            raw.send(b"".join(
                request(self._family, self._command, self._body, flags=0,
                        sequence=number) for number in range(count)))
            answers = [raw.receive()[0] for _ in range(count)]
        ksft_eq([answer.sequence for answer in answers], list(range(count)))
        return [answer.error if answer.kind == ERROR else 0
                for answer in answers]


def lookup(table, namespace, **more):
    """Lookups in a namespace, with attributes as bytes."""
    with Nsmux() as nsmux:
        operation = nsmux.ops["lookup"]
        numbers = {name: attr.value
                   for name, attr in operation.attr_set.items()}
        tables = {entry.name: number for number, entry
                  in nsmux.consts["table"].entries_by_val.items()}
        by_cookie = nsmux.attr_sets["netns"]["cookie"].value
        more["table"] = struct.pack("=I", tables[table])
        return Together(operation.req_value, b"".join(
            attribute(numbers[name], value) for name, value in more.items())
            + attribute(numbers["netns"] | NESTED, attribute(
                by_cookie, struct.pack("=Q", namespace.cookie))))


@ksft_variants(CROWDS)
def test_share(name, make, key, crowd, nobody):
    """Who goes over many sockets is refused a share of a packet, and answered
    alone. Who has too little of it for any question is refused before that says
    anything."""
    with descriptors(2 * MOST), Namespace() as crowded, \
            contextlib.ExitStack() as stack:
        for sock in make(crowded):
            stack.enter_context(sock)
        others = [stack.enter_context(Namespace()) for _ in range(OTHERS)]
        table = name.split(" ", maxsplit=1)[0]
        asked = lookup(table, crowded, **key)
        ksft_eq(asked.ask(FEW), [crowd] * FEW)
        ksft_eq(asked.ask(1), [0])
        ksft_eq(asked.ask(TOGETHER), [errno.E2BIG] * TOGETHER)
        asked = [lookup(table, other, **key) for other in others]
        answers = [other.ask(FEW) for other in asked]
        ksft_ge(answers.count([nobody] * FEW), OTHERS - 1)
        ksft_eq(asked[0].ask(TOGETHER), [errno.E2BIG] * TOGETHER)


def test_incomplete():
    """An answer says that there is more than was gone over, also where nothing
    was found; who looks at all does not."""
    asked = {"table": "unix", "name": b"/nobody"}
    with descriptors(2 * MANY), Namespace() as crowded, \
            Namespace() as other, contextlib.ExitStack() as stack, \
            Nsmux() as nsmux:
        for sock in (*of_unix(crowded), other.open_socket(socket.AF_UNIX)):
            stack.enter_context(sock)
        told = {answer["netns-cookie"]: said(answer)
                for answer in nsmux.dump("lookup", asked) if answer}
        ksft_eq(told, {crowded.cookie: ("none", True)})
        for namespace, incomplete in (crowded, True), (other, False):
            asked["netns"] = {"cookie": namespace.cookie}
            ksft_eq(said(nsmux.do("lookup", asked)), ("none", incomplete))


def test_longest_lookup():
    """The kernel's lookup goes over all sockets at an end and cannot be
    stopped. One that would go over too many is not made for a question, which
    says so; a packet finds its socket."""
    asked = {"table": "udp", "local-address": "127.0.0.1", "local-port": PORT}
    with descriptors(2 * TOO_MANY), Namespace() as crowded, \
            Namespace() as other, contextlib.ExitStack() as stack, \
            Nsmux() as nsmux:
        crowded.ip("link set lo up")
        asked["netns"] = {"cookie": crowded.cookie}
        made = []
        for sock in bound(crowded, bind=lambda _: ("", PORT), many=TOO_MANY):
            made.append(stack.enter_context(sock))
            # Of more, not all are asked for their devices.
            if len(made) in (FEW_AT_END, FEWER):
                ksft_eq(said(nsmux.do("lookup", asked)),
                        ("unconnected", len(made) == FEWER))
        ksft_eq(said(nsmux.do("lookup", asked)), ("none", True))
        told = [answer for answer in nsmux.dump("lookup", {
            name: value for name, value in asked.items() if name != "netns"})
                if answer.get("netns-cookie") == crowded.cookie]
        ksft_eq(list(map(said, told)), [("none", True)])
        asked["netns"] = {"cookie": other.cookie}
        ksft_eq(said(nsmux.do("lookup", asked)), ("none", False))
        stack.enter_context(crowded.open_socket()).sendto(
            b"?", ("127.0.0.1", PORT))
        poll = select.poll()
        by_number = {sock.fileno(): sock for sock in made}
        for number in by_number:
            poll.register(number, select.POLLIN)
        ksft_eq([by_number[number].recv(9)
                 for number, _ in poll.poll(20000)], [b"?"])


def test_telling():
    """To tell of sockets takes some of what a question may go over, more than
    to look at them."""
    with descriptors(2 * MOST), Namespace() as namespace, Nsmux() as nsmux, \
            contextlib.ExitStack() as stack:
        asked = {"table": "packet", "device": 1,
                 "netns": {"cookie": namespace.cookie}}
        protocol = socket.htons(ETH_P_ALL)
        for _ in range(TOLD):
            stack.enter_context(namespace.open_socket(
                socket.AF_PACKET, socket.SOCK_RAW, protocol))
        for sock, number in zip(of_packet(namespace), range(ALMOST)):
            stack.enter_context(sock)
            if number == ALMOST - 2 * TOLD * TELL:
                ksft_eq(said(nsmux.do("lookup", asked)), ("multiple", False))
        answer = nsmux.do("lookup", asked)
        ksft_eq(said(answer), ("multiple", True))
        ksft_eq((answer["sockets"], len(answer["socket"])), (TOLD, TOLD))


def said(answer):
    """What an answer says, and whether that is all."""
    return answer["outcome"], "incomplete" in answer


def test_description():
    """To tell about a namespace takes more than a share."""
    with Nsmux() as nsmux:
        number = nsmux.ops["namespace-get"].req_value
    asked = Together(number, b"")
    ksft_eq(asked.ask(1), [0])
    ksft_eq(asked.ask(TOGETHER), [errno.E2BIG] * TOGETHER)


def test_search():
    """To go through all tables takes more than a share."""
    with Nsmux() as nsmux:
        number = nsmux.ops["socket-get"].req_value
        place = nsmux.attr_sets["lookup"]["cookie"].value
    asked = Together(number, attribute(place, struct.pack("=Q", 1 << 60)))
    ksft_eq(asked.ask(1), [errno.ENOENT])
    ksft_eq(asked.ask(TOGETHER), [errno.E2BIG] * TOGETHER)


def test_long_packet():
    """Attributes without an end are not gone over, in a request or in many."""
    with Nsmux() as nsmux:
        number = nsmux.ops["socket-get"].req_value
        place = nsmux.attr_sets["lookup"]["cookie"].value
        family = nsmux.nlproto.family_id
    cookie = attribute(place, struct.pack("=Q", 1 << 60))
    for repeated, flags, error in ((5000, 0, errno.ENOENT),
                                   (6000, 0, errno.E2BIG),
                                   (5000, DUMP, 0),
                                   (6000, DUMP, errno.E2BIG)):
        with RawSocket() as raw:
            _, end = raw.ask(request(family, number, cookie * repeated,
                                     flags=flags))
            ksft_eq(end.error, error)
            if error == errno.E2BIG:
                ksft_eq(end.text,
                        "a packet of requests has 65536 bytes at most")


def test_numbers():
    """The numbers of more namespaces than are looked for at a time."""
    with Namespace() as namespace, Bulk(NUMBERED) as bulk:
        ksft_ge(len(bulk.members), NUMBERED)
        with namespace.enter(), Nsmux() as nsmux, \
                socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as route:
            expected = {}
            # The last one gets the first number, and so on; some get none.
            for number, (inode, file) in enumerate(
                    reversed(bulk.members.items())):
                expected[inode] = 3 * number if number % 5 else None
                if number % 5:
                    # RTM_NEWNSID with NETNSA_NSID and NETNSA_FD.
                    route.send(struct.pack("=IHHII BxxxHHiHHI", 36, 88, 5, 0,
                                           0, 0, 8, 1, 3 * number, 8, 3,
                                           file))
                    ksft_eq(struct.unpack_from("=i", route.recv(4096), 16),
                            (0,))
            told = {answer["inode"]: answer.get("nsid")
                    for answer in nsmux.dump("namespace-get", {})}
            ksft_eq({inode: told.get(inode) for inode in expected}, expected)
            inode, number = list(expected.items())[-1]
            answer = nsmux.do("namespace-get", {"netns": {
                "fd": bulk.members[inode]}})
            ksft_eq(answer.get("nsid"), number)
            # Who cannot look at all of them does not tell without.
            ask = Together(nsmux.ops["namespace-get"].req_value, b"").ask
            ksft_eq(ask(DESCRIBED), [errno.E2BIG] * DESCRIBED)
    ksft_eq(ask(DESCRIBED), [0] * DESCRIBED)


if __name__ == "__main__":
    program.run(globals())
