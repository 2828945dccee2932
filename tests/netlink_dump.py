#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Dumps that come in parts, while namespaces come and go.

A dump is read part by part, as small as the kernel makes them, and stands
still for as long as the test does something else. NSMUX_NAMESPACES says how
many there are in the large one, 10,000 by default, of which as many are made
as there is memory and time for.
"""

import contextlib
import errno
import os
import socket
import struct
import threading
import time

from lib import program
from lib.bulk import Bulk, alive, available
from lib.descriptors import descriptors
from lib.identity import socket_cookie
from lib.lifetime import wait_until
from lib.netlink_family import Nsmux, key
from lib.netlink_message import (ACK, DONE, DUMP, GENERIC, NESTED,
                                 RawSocket, attribute, attributes, request)
from lib.topology import Namespace, write_sysctl
from net.lib.py import (KsftNamedVariant, NlError, ksft_eq, ksft_ge, ksft_lt,
                        ksft_pr, ksft_variants)

NAMESPACES = int(os.environ.get("NSMUX_NAMESPACES", 10000))
# Fewer are not a large number, and making them has its own time.
AT_LEAST, SECONDS = 2000, 120
# As many as take several parts.
SMALL = 150
# In one part this many namespaces are looked into at most.
MOST = 800
# As many as take several parts although nothing is told of them.
PATIENT = MOST + 200
PORT = 8080
# More sockets of netlink than are looked at in one section, of which as many
# are asked for; the parts that a table of as many may take.
CROWD, SAMPLES, PARTS = 2500, 25, 50
# The buckets of a table of connections that takes several parts, and of one that
# does not.
LARGE, LITTLE = 1 << 19, 64
# So many threads read one dump. Of asm-generic/socket.h; Python has no name for
# it.
READERS, SO_RCVBUFFORCE = 32, 33
# With as many requests in front of it, a dump has not the share of its packet
# that a lookup may take.
BEFORE = 15
# Of linux/netlink.h, and a group that nobody else joins here.
NETLINK_ROUTE, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP = 0, 270, 1
GROUP = 30
COMMANDS = ("namespace-get", "lookup")
VARIANTS = [KsftNamedVariant(name.replace("-", "_"), name)
            for name in COMMANDS]
WITH_LIST = [KsftNamedVariant(variant.name, *variant.params, False)
             for variant in VARIANTS]
WITH_LIST.append(KsftNamedVariant("lookup_in_a_list", "lookup", True))


def cookies():
    """The cookies of all namespaces, by their inode numbers."""
    with Nsmux() as nsmux:
        return {told["inode"]: told["cookie"]
                for told in nsmux.dump("namespace-get", {})}


def is_answered_at_once():
    """Whether a request without parts can go through all tables."""
    with Nsmux() as nsmux:
        try:
            nsmux.do("socket-get", {"cookie": 1 << 60})
        except NlError as refusal:
            return refusal.error == errno.ENOENT
    return True


class Dump:
    """A dump of all namespaces, or of those with these cookies, or of the
    sockets with this one, read part by part."""

    def __init__(self, command, chosen=(), after_others=False):
        self._socket = RawSocket()
        with Nsmux() as nsmux:
            operation = nsmux.ops[command]
            number = {name: attr.value
                      for name, attr in operation.attr_set.items()}
            family = nsmux.nlproto.family_id
            by_cookie = nsmux.attr_sets["netns"]["cookie"].value
        body = b""
        self._inode = number.get("netns-inode", number.get("inode"))
        if command == "lookup":
            # Every network namespace has a loopback device, the first one.
            body = (attribute(number["table"], struct.pack("=I", 7))
                    + attribute(number["device"], struct.pack("=I", 1)))
            body += b"".join(
                attribute(number["netns"] | NESTED,
                          attribute(by_cookie, struct.pack("=Q", cookie)))
                for cookie in chosen)
        if command == "socket-get":
            body = b"".join(attribute(number["cookie"],
                                      struct.pack("=Q", cookie))
                            for cookie in chosen)
        asked = request(family, operation.req_value, body, flags=DUMP | ACK)
        if after_others:
            asked = BEFORE * request(family, operation.req_value, body,
                                     flags=0) + asked
        self._socket.send(asked)
        if after_others:
            for _ in range(BEFORE):
                self._socket.receive(4096)
        self.parts = 0
        self.done = False
        self.error = None

    def part(self):
        """The inode numbers of the namespaces in the next part."""
        self.parts += 1
        told = []
        # No larger than a page, so that there are many parts.
        for message in self._socket.receive(4096):
            if message.kind == DONE:
                self.done = True
                self.error = message.error
            else:
                found = dict(attributes(message.payload[GENERIC.size:]))
                # One without attributes says that the dump goes on.
                if found:
                    told += struct.unpack("=I", found[self._inode])
        return told

    def rest(self):
        """Those of all further parts."""
        told = []
        while not self.done:
            told += self.part()
        ksft_eq(self.error, 0)
        return told

    def close(self):
        """Ask for no further part."""
        self._socket.close()


@contextlib.contextmanager
def dump(command, chosen=(), after_others=False):
    """A dump that has begun."""
    begun = Dump(command, chosen, after_others)
    try:
        yield begun
    finally:
        begun.close()


def wait_for_the_dying():
    """Those of the tests before may not have given their memory back yet, and
    who makes a namespace waits for them."""
    wait_until(lambda: alive() < len(cookies()) + SMALL // 4,
               "nobody is left", 120)


def is_there(number):
    """Whether there is a namespace of that inode number."""
    with dump("namespace-get") as begun:
        return number in begun.rest()


@ksft_variants(WITH_LIST)
def test_dies_between_two_parts(command, is_listed):
    """The one after which a part ended dies, and many before and after it.

    The kernel makes a part when the one before it is read. So the second one
    still tells of those that have died since; what follows does not.
    """
    with Bulk(SMALL) as bulk:
        with dump(command) as whole:
            order = [number for number in whole.rest()
                     if number in bulk.members]
        ksft_eq(set(order), set(bulk.members))
        known = cookies()
        chosen = [known[number] for number in order] if is_listed else ()
        with dump(command, chosen) as begun:
            told = begun.part()
            first = len(set(told) & set(order))
            dying = order[first:first + SMALL // 2]
            bulk.close(*dying)
            wait_until(lambda: not any(map(is_there, (dying[0], dying[-1]))),
                       "they are dead")
            second = begun.part()
            told += second + begun.rest()
        ksft_ge(begun.parts, 3)
        late = [number for number in second if number in dying]
        ksft_eq(late, dying[:len(late)])
        ksft_lt(len(late), len(dying))
        ksft_eq([number for number in told if number in order],
                [number for number in order
                 if number not in dying or number in late])


@ksft_variants(VARIANTS)
def test_nothing_is_held_meanwhile(command):
    """While a dump stands still, a namespace is made, changed and taken
    apart, and another dump comes to its end."""
    with Bulk(SMALL) as bulk, dump(command) as begun:
        told = begun.part()
        numbers = []

        def live():
            """A namespace's whole life."""
            os.unshare(os.CLONE_NEWNET)
            numbers.append(os.stat("/proc/thread-self/ns/net").st_ino)
            write_sysctl("net/nsmux/mode", "observe")
            write_sysctl("net/nsmux/mode", "off")

        thread = threading.Thread(target=live, daemon=True)
        thread.start()
        thread.join(60)
        ksft_eq(thread.is_alive(), False, "a namespace is made")
        wait_until(lambda: not is_there(numbers[0]), "and dies")
        with dump(command) as other:
            ksft_eq(set(bulk.members) - set(other.rest()), set())
        ksft_eq(begun.done, False)
        check_told(told + begun.rest(), set(bulk.members))


def test_keeps_none_alive():
    """A dump that stands still, and one that was given up, hold nothing."""
    wait_for_the_dying()
    before = alive()
    with Bulk(SMALL), contextlib.ExitStack() as stack:
        stack.enter_context(dump("namespace-get")).part()
        with dump("lookup") as given_up:
            given_up.part()
        held = stack.pop_all()
    with held:
        wait_until(lambda: alive() < before + SMALL // 4, "they die")


def test_goes_on():
    """A part that has nothing to tell says so; what comes late is told."""
    with Bulk(PATIENT) as bulk, Namespace() as last:
        with last.listener("", PORT):
            asked = key("tcp", ("127.0.0.1", PORT))
            with Nsmux() as nsmux:
                *before, told = nsmux.dump("lookup", asked)
                ksft_eq(told["netns-cookie"], last.cookie)
                ksft_ge(len(before), PATIENT // MOST)
                ksft_eq([answer for answer in before if answer], [])
            ksft_ge(len(bulk.members), PATIENT)


def test_netlink_among_many():
    """A socket of netlink, and the members of a group, in tables that are
    gone through in parts: every namespace has sockets there."""
    wait_for_the_dying()
    with Namespace() as first, Bulk(PATIENT), Namespace() as last, \
            contextlib.ExitStack() as stack:
        cookies_of = []
        for namespace in (first, last):
            sock = stack.enter_context(namespace.open_socket(
                socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE))
            sock.bind((0, 0))
            sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, GROUP)
            cookies_of.append((namespace.cookie, socket_cookie(sock)))
        group = {"table": "netlink", "protocol": NETLINK_ROUTE,
                 "group": GROUP}
        with Nsmux() as nsmux:
            for owner, cookie in cookies_of:
                *_, told = nsmux.dump("socket-get", {"cookie": cookie})
                ksft_eq((told["netns-cookie"], told["table"]),
                        (owner, "netlink"))
            ksft_eq([told for told in nsmux.dump(
                "socket-get", {"cookie": 1 << 60}) if told], [])
            told = list(filter(None, nsmux.dump("lookup", group)))
            ksft_eq([(one["netns-cookie"], one["sockets"],
                      one["socket"][0]["cookie"]) for one in told],
                    [(owner, 1, cookie) for owner, cookie in cookies_of])


def test_netlink_crowd():
    """Wherever in a long table it is, a socket of netlink is found, and to look
    for one that is not there comes to an end."""
    # In the test's own namespace: to make one may take long as long as those
    # of the tests before are not gone.
    with descriptors(2 * CROWD), contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE))
            for _ in range(CROWD)]
        for sock in crowd:
            sock.bind((0, 0))
        inode = os.stat("/proc/self/ns/net").st_ino
        cases = [(socket_cookie(sock), [inode])
                 for sock in crowd[::CROWD // SAMPLES]]
        for cookie, expected in cases + [(1 << 60, [])]:
            with dump("socket-get", [cookie]) as begun:
                told = []
                while not begun.done and begun.parts < PARTS:
                    told += begun.part()
                ksft_eq((told, begun.done), (expected, True))


def connected(namespace, stack):
    """The cookie of a connection of the namespace to itself."""
    namespace.ip("link set lo up")
    listener = stack.enter_context(namespace.listener("127.0.0.1", PORT))
    client = stack.enter_context(
        namespace.open_socket(kind=socket.SOCK_STREAM))
    client.connect(("127.0.0.1", PORT))
    stack.enter_context(listener.accept()[0])
    return socket_cookie(client)


def test_dies_in_the_middle():
    """The namespace dies in whose tables a search stands still, and the next
    one has the socket in a table that comes early: it is found, wherever the
    search was."""
    parts, last = 1, 0
    with Namespace() as parent:
        while not last or parts < last:
            with contextlib.ExitStack() as stack:
                made = []
                for size in (LARGE, LITTLE):
                    parent.sysctl("net/ipv4/tcp_child_ehash_entries", size)
                    with parent.enter():
                        made.append(stack.enter_context(Namespace()))
                dying, owner = made
                inodes = [os.stat(f"/run/netns/{namespace.name}").st_ino
                          for namespace in made]
                cookie = connected(owner, stack)
                if not last:
                    with dump("socket-get", [cookie]) as begun:
                        ksft_eq(begun.rest(), inodes[1:])
                        last = begun.parts
                    ksft_ge(last, LARGE >> 17)
                begun = stack.enter_context(dump("socket-get", [cookie]))
                told = [number for _ in range(parts)
                        for number in begun.part()]
                dying.delete()
                wait_until(lambda: not is_there(inodes[0]), "it is dead")
                ksft_eq(told + begun.rest(), inodes[1:],
                        f"after {parts} of {last} parts")
            parts += 1


def read_by(count):
    """How many parts a search has that as many threads read at once. Each has
    something to read, and then makes a part."""
    with Nsmux() as nsmux:
        number = nsmux.ops["socket-get"].req_value
        place = nsmux.attr_sets["lookup"]["cookie"].value
        family = nsmux.nlproto.family_id
    body = attribute(place, struct.pack("=Q", 1 << 60))
    parts = []
    is_done = threading.Event()
    barrier = threading.Barrier(count)

    def read():
        barrier.wait()
        while not is_done.is_set():
            try:
                told = raw.receive(4096)
            except TimeoutError:
                continue
            for message in told:
                if message.kind == DONE:
                    is_done.set()
                elif message.kind == family:
                    parts.append(message)

    with RawSocket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
        # Nobody knows this command: as many errors.
        raw.send(count * request(family, 99, b"", flags=0))
        raw.send(request(family, number, body, flags=DUMP))
        raw.settimeout(2)
        readers = [threading.Thread(target=read) for _ in range(count)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(60)
    ksft_eq(is_done.is_set(), True)
    return len(parts)


def test_many_readers():
    """Of many threads that read one dump at once, each makes a part. All but
    those who see nobody wait do nothing in it, since who waits may hold up
    others."""
    with Namespace() as parent:
        parent.sysctl("net/ipv4/tcp_child_ehash_entries", 8 * LARGE)
        with parent.enter():
            large = Namespace()
        with large:
            alone, many = read_by(1), read_by(READERS)
            ksft_pr(f"{alone} parts for one, {many} for {READERS}")
            ksft_ge(many, alone + READERS // 4)


def test_last_in_a_packet():
    """A dump that is one of many requests in its packet begins with the part
    that is made when the first one is read."""
    with Bulk(SMALL) as bulk, dump("lookup", after_others=True) as begun:
        ksft_eq(begun.part(), [])
        ksft_eq(set(bulk.members) - set(begun.rest()), set())


def check_told(told, expected):
    """Each that is expected was told, and none twice."""
    ksft_eq(len(told), len(set(told)), "none twice")
    ksft_eq(len(expected - set(told)), 0, "none is left out")


def timed(what, function):
    """What the function returns; how long it took is said."""
    begin = time.monotonic()
    result = function()
    ksft_pr(f"{what}: {time.monotonic() - begin:.1f} s")
    return result


def test_many():
    """A dump of many: whole, while half of them die, and while all do."""
    memory = available()
    with Bulk(NAMESPACES, SECONDS) as bulk:
        numbers = list(bulk.members)
        count = len(numbers)
        ksft_pr(f"{count} namespaces, {(memory - available()) // count} KiB "
                f"each, {available() >> 10} MiB are left")
        ksft_ge(count, min(NAMESPACES, AT_LEAST))
        with dump("namespace-get") as begun:
            check_told(timed("a dump of all", begun.rest), set(numbers))
            ksft_pr(f"in {begun.parts} parts")
        with dump("lookup") as begun:
            told = begun.part()
            bulk.close(*numbers[:count // 2])
            told += timed("the rest of one while half die", begun.rest)
            check_told(told, set(bulk.members))
        dying, known = set(bulk.members), cookies()
        of_these = {known[number] for number in dying}
        with dump("lookup") as begun:
            begun.part()
            bulk.close(*bulk.members)
            timed("all die while one stands still", lambda: wait_until(
                lambda: of_these.isdisjoint(cookies().values()), "all die",
                200))
            # The second part was made when the first one was read.
            begun.part()
            ksft_eq(dying & set(begun.rest()), set(), "the dead are left out")
    # Other tests look through the tables in which their sockets still are.
    wait_until(is_answered_at_once, "their sockets are gone", 300)


if __name__ == "__main__":
    program.run(globals())
