#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Requests that nobody thought of.

Good requests of every command are cut short, stretched, doubled, nested and
filled with anything, and sent many at a time by several processes at once.
All that may come back are errors and well-formed answers; and afterwards the
module does what it did before. NSMUX_SEED gives the seed, NSMUX_MESSAGES how
many messages each process sends.
"""

import collections
import errno
import os
import random
import socket
import struct
import sys
from pathlib import Path

from lib import effects, program, status
from lib.netlink_family import Nsmux, key, opened_in
from lib.netlink_message import (ACK, DONE, DUMP, ERROR, GENERIC, HEADER,
                                 MULTI, NESTED, RawSocket, attribute,
                                 attributes, request)
from lib.privileges import start
from lib.topology import Namespace
from net.lib.py import Netlink, ksft_eq, ksft_ge, ksft_pr

MESSAGES = int(os.environ.get("NSMUX_MESSAGES", 60000))
PROCESSES = 2
BATCH = 60
ROOM = 1 << 24
PORT = 7
# Of asm-generic/socket.h; Python has no names for them.
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
TAINTED = Path("/proc/sys/kernel/tainted")

# The errors that a request can have, whatever is in it.
ERRORS = {errno.EINVAL, errno.ERANGE, errno.EOPNOTSUPP, errno.ENOENT,
          errno.ESRCH, errno.EBADF, errno.EBUSY, errno.EMSGSIZE,
          errno.EPROTONOSUPPORT, errno.EPERM,
          # More to go through than one answer may take.
          errno.E2BIG}


def number(bits, value):
    """An unsigned number as an attribute has it."""
    return value.to_bytes(bits // 8, sys.byteorder)


def selectors():
    """Ways to name a namespace, as contents of the attribute netns."""
    return [attribute(1, number(32, 0)), attribute(2, number(32, 1)),
            attribute(3, number(32, 1)), attribute(4, number(32, 1)),
            attribute(4, number(64, 1 << 40))]


def requests(nsmux):
    """Good requests: the command, and its attributes one by one."""
    four, six, port = (bytes((127, 0, 0, 1)), bytes(15) + b"\1",
                       struct.pack("!H", PORT))
    keys = [{"table": number(32, table), "local-address": local,
             "local-port": port} for table in (0, 1, 9, 10)
            for local in (four, six)]
    keys += [entry | {"remote-address": entry["local-address"],
                      "remote-port": port, "device": number(32, 1),
                      "slave": number(32, 1)} for entry in keys]
    keys += [{"table": number(32, table)} | entry for table, entry in (
        (2, {"local-address": four, "protocol": number(32, 17)}),
        (3, {"device": number(32, 1)}),
        (4, {"name": b"\0nobody"}),
        (5, {"protocol": number(32, 16), "group": number(32, 1)}),
        (5, {"protocol": number(32, 0)}),
        (6, {"local-vsock-port": number(32, 1)}),
        (7, {"name": b"lo\0"}),
        (8, {"number": number(32, 1)}))]
    commands = {"lookup": keys, "namespace-get": [{}], "counters-reset": [{}],
                "mode-set": [{"mode": number(32, mode)} for mode in range(4)],
                "socket-get": [{"cookie": number(32, 1)},
                               {"cookie": number(64, 1)}]}
    good = []
    for command, entries in commands.items():
        operation = nsmux.ops[command]
        for entry in entries:
            parts = [attribute(operation.attr_set[name].value, content)
                     for name, content in entry.items()]
            good += [(operation.req_value, netns, parts) for netns in
                     (b"", *(attribute(1 | NESTED, way)
                             for way in selectors()))]
    return good


class Generator:
    """Makes one request after the other, each wrong in some way."""

    def __init__(self, seed, family, good):
        self.random = random.Random(seed)
        self.family = family
        self.good = good
        self.ways = [self.as_it_is, self.as_it_is, self.as_it_is,
                     self.less, self.doubled, self.shuffled,
                     self.changed_bytes, self.other_length, self.other_type,
                     self.huge, self.deep, self.cut, self.noise]

    def pick(self, limit):
        """A number below the limit."""
        return int(self.random.random() * limit)

    def body(self):
        """The attributes of a good request, and its command."""
        command, selector, parts = self.good[self.pick(len(self.good))]
        return command, [selector, *parts]

    def as_it_is(self, parts):
        """Good: its neighbours in the batch must not harm it."""
        return b"".join(parts)

    def less(self, parts):
        """Without one of its attributes."""
        del parts[self.pick(len(parts))]
        return b"".join(parts)

    def doubled(self, parts):
        """With one of them twice, or many times."""
        part = parts[self.pick(len(parts))]
        return b"".join(parts) + part * (1 + self.pick(4) * self.pick(30))

    def shuffled(self, parts):
        """In another order, with one of another request among them."""
        parts += self.body()[1]
        self.random.shuffle(parts)
        return b"".join(parts)

    def changed_bytes(self, parts):
        """Some bytes are others."""
        body = bytearray(b"".join(parts) or bytes(4))
        for _ in range(1 + self.pick(4)):
            body[self.pick(len(body))] = self.pick(256)
        return bytes(body)

    def other_length(self, parts):
        """One says another length than it has."""
        return self._header(parts, 0, (0, 1, 3, 4, 5, 7, 8, 0xffff, 0x8000,
                                       self.pick(64), self.pick(1 << 16)))

    def other_type(self, parts):
        """One says that it is something else."""
        return self._header(parts, 2, (0, NESTED, 1 | NESTED, 0x4000,
                                       0xffff, self.pick(40),
                                       NESTED | self.pick(40),
                                       self.pick(1 << 16)))

    def _header(self, parts, place, values):
        place_of = self.pick(len(parts))
        part = bytearray(parts[place_of] or attribute(1))
        struct.pack_into("=H", part, place, values[self.pick(len(values))])
        parts[place_of] = bytes(part)
        return b"".join(parts)

    def huge(self, parts):
        """One is as large as its kind never is."""
        size = (5, 16, 17, 108, 109, 255, 4000, 30000)[self.pick(8)]
        return b"".join(parts) + attribute(
            1 + self.pick(30) | (NESTED if self.pick(3) == 0 else 0),
            bytes((self.pick(256),)) * size)

    def deep(self, parts):
        """Nested in itself."""
        body = b"".join(parts)
        for _ in range(1 + self.pick(40)):
            body = attribute(1 | NESTED, body)
        return body

    def cut(self, parts):
        """The end is missing."""
        body = b"".join(parts)
        return body[:self.pick(len(body) + 1)]

    def noise(self, _):
        """Nothing but noise."""
        return self.random.randbytes(self.pick(80))

    def message(self, sequence):
        """One message, whose headers may be wrong as well."""
        command, parts = self.body()
        body = self.ways[self.pick(len(self.ways))](parts)
        wrong, chance = {}, self.pick(24)
        flags = ACK | (DUMP if self.pick(4) == 0 else 0)
        if chance == 0:
            command = self.pick(256)
        elif chance == 1:
            wrong["version"] = self.pick(256)
        elif chance == 2:
            wrong["reserved"] = 1 + self.pick(0xffff)
        elif chance == 3:
            flags = ACK | self.pick(1 << 16)
        message = request(self.family, command, body, flags, sequence,
                          **wrong)
        if chance == 4:
            message = self.with_length(
                message, HEADER.size + self.pick(GENERIC.size + 1))
        return message + bytes(-len(message) % 4)

    @staticmethod
    def with_length(message, length):
        """Not longer than so many bytes, and that is what it says."""
        return struct.pack("=I", length) + message[4:length]

    def batch(self, first):
        """Many messages. The last one lies about its length: what came after
        it would not be looked at."""
        *others, last = (self.message(first + place)
                         for place in range(BATCH))
        lie = (0, 15, 16, 19, len(last) - 1, len(last) + 1, 1 << 31,
               0xffffffff)[self.pick(8)]
        return b"".join((*others, struct.pack("=I", lie), last[4:]))


def check_answer(answer, counts):
    """It is an error of the right kind, or can be read to its end."""
    if answer.kind in (ERROR, DONE):
        error = answer.error
        counts[error] += 1
        # Reading the text goes through all that the ack has.
        text = answer.text
        if error and error not in ERRORS:
            return f"error {error}: {text}"
    else:
        counts["answers"] += 1
        for _ in attributes(answer.payload[GENERIC.size:]):
            pass
    return None


def drain(sock, last, counts):
    """All answers up to the one to the last request, and to a dump's end."""
    wrong, acknowledged, dumping = [], False, False
    while not acknowledged or dumping:
        for answer in sock.receive():
            dumping = answer.flags & MULTI and answer.kind != DONE or (
                dumping and answer.kind != DONE)
            acknowledged |= answer.sequence == last and answer.kind == ERROR
            if trouble := check_answer(answer, counts):
                wrong.append(trouble)
    return wrong


def send_all(seed, family, good):
    """Send the messages; what was answered, and what was wrong with it."""
    generator = Generator(seed, family, good)
    counts, wrong = collections.Counter(), []
    with RawSocket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
        sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, ROOM)
        for first in range(0, MESSAGES, BATCH):
            batch = generator.batch(first + 1)
            sock.send(batch)
            # A message of no kind, which is only acknowledged.
            sock.send(HEADER.pack(HEADER.size, 1, Netlink.NLM_F_REQUEST | ACK,
                                  1 << 31, 0))
            found = drain(sock, 1 << 31, counts)
            if found:
                wrong.append((found, batch.hex()))
    return counts, wrong


def test_fuzzed():
    """Nothing but errors and answers, however many there are."""
    seed = effects.seed()
    ksft_pr(f"NSMUX_SEED={seed}: {PROCESSES} x {MESSAGES} messages")
    tainted = TAINTED.read_text("ascii")
    mode = status.read().mode
    with Namespace() as namespace, namespace.udp("127.0.0.1", PORT) as sock:
        namespace.ip("link set lo up")
        with opened_in(namespace) as nsmux:
            before = nsmux.do("lookup", key("udp", ("127.0.0.1", PORT)))
            results = in_parallel(namespace, seed, nsmux)
            after = nsmux.do("lookup", key("udp", ("127.0.0.1", PORT)))
        ksft_eq(after, before)
        ksft_eq(after["socket"][0]["inode"], os.fstat(sock.fileno()).st_ino)
        total = collections.Counter()
        for counts, wrong in results:
            total += counts
            for found, batch in wrong:
                ksft_eq(found, [], batch)
        ksft_pr({errno.errorcode.get(error, error): count
                 for error, count in total.items()})
        answered = total.total() - total["answers"]
        ksft_ge(answered, PROCESSES * MESSAGES * 9 // 10)
        # What was meant is reached: every kind of error, and good answers.
        for kind in (errno.EINVAL, errno.ERANGE, errno.EOPNOTSUPP,
                     errno.ENOENT, errno.ESRCH, errno.EBADF, "answers", 0):
            ksft_ge(total[kind], MESSAGES // 2000, str(kind))
    with Nsmux() as nsmux:
        nsmux.do("mode-set", {"mode": mode})
    ksft_eq(TAINTED.read_text("ascii"), tainted, "no warning")


def in_parallel(namespace, seed, nsmux):
    """The results of all processes, which run at the same time."""
    family, good = nsmux.nlproto.family_id, requests(nsmux)

    def work(place):
        with namespace.enter():
            return send_all(seed + place, family, good)

    results = [start(lambda place=place: work(place))
               for place in range(PROCESSES)]
    return [result() for result in results]


if __name__ == "__main__":
    program.run(globals())
