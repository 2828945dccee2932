#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The same lookups by nsmux and by others, at random.

In many namespaces another process makes and closes sockets of all kinds.
Tuples, at random or of sockets that there are, are looked up by nsmux
through generic netlink and by the kernel itself: with a device by a BPF
program (bpf_skc_lookup_tcp, bpf_sk_lookup_udp), without one by inet_diag;
raw, packet and local sockets are compared with the kernel's lists of them.

Where the answers differ, something may have changed in between: then the
change is in the log of the other process, and while that one stands still the
answers are the same. Every other difference is a failure. NSMUX_SEED gives
the seed, NSMUX_TUPLES how many tuples there are.
"""

import collections
import contextlib
import os
import random
import resource
import socket
import time

from lib import effects, program
from lib.bpf_lookup import BATCH, BpfLookup
from lib.change_log import ChangeLog
from lib.crowd import crowd, pick
from lib.held_sockets import plain, until
from lib.lookup_batch import Format, LookupSocket, Tuple
from lib.privileges import start
from lib.random_sockets import (ANY, CLIENT_PORTS, ETH_P_ALL, GROUP_PORTS,
                                NAMES, PACKET_PROTOCOLS, PORTS, RAW_PROTOCOLS,
                                REQUEST_PORTS, Maker)
from lib.topology import FAMILIES, FAR, LOOPBACK, NEAR
from net.lib.py import ksft_eq, ksft_ge, ksft_pr

TUPLES = int(os.environ.get("NSMUX_TUPLES", 104000))
NAMESPACES = 104
# How many changes there are in each namespace before the first lookup.
BEFOREHAND = 12
FEW = 20
# The fewer at once, the fewer changes fall between the two answers.
AT_ONCE = 85
# A timer may go off between two lookups, but not between each two.
REPEATS = 3
FILES = 1 << 14
SECONDS_OF_SILENCE = 30

PROTOCOLS = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}
# The states of the kernel that are told apart: TCP's connections have all
# the others.
ESTABLISHED, TIME_WAIT, CLOSE, LISTEN, REQUEST = 1, 6, 7, 10, 12


def packed(family, *tables):
    """The addresses of a family in those tables, as bytes."""
    return [socket.inet_pton(family, table[family]) for table in tables]


LOCAL = {family: packed(family, LOOPBACK, NEAR, NEAR, ANY)
         for family in FAMILIES}
REMOTE = {family: packed(family, LOOPBACK, NEAR, FAR, ANY)
          for family in FAMILIES}
SERVED = [port.to_bytes(2, "big")
          for port in PORTS + GROUP_PORTS + REQUEST_PORTS]
RAW = [protocol.to_bytes(2, "big") for protocol in RAW_PROTOCOLS]
CALLING = [port.to_bytes(2, "big") for port in CLIENT_PORTS]


class Tuples:
    """Makes tuples that have a chance to find something."""

    def __init__(self, generator):
        self.generator = generator

    def pick(self, values):
        """One of the values."""
        return pick(self.generator, values)

    def anything(self, table, family):
        """One at random."""
        local_port, remote_port = self.pick(SERVED), self.pick(CALLING)
        if self.generator.random() < 0.2:
            local_port, remote_port = remote_port, local_port
        return (table, self.pick(LOCAL[family]), local_port,
                self.pick(REMOTE[family]), remote_port)

    def of_entry(self, table, entry):
        """One that finds a socket that is there, or nearly so."""
        local, remote = plain(entry.local), plain(entry.remote)
        family = socket.AF_INET if len(local) == 4 else socket.AF_INET6
        if not any(local) or self.generator.random() < 0.1:
            local = self.pick(LOCAL[family])
        if not any(remote) or self.generator.random() < 0.1:
            remote = self.pick(REMOTE[family])
        port, local_port = entry.remote_port, entry.local_port
        if not any(port) or self.generator.random() < 0.1:
            port = self.pick(CALLING)
        # A socket that is being closed has none any more, and nobody can be
        # asked for port 0.
        if not any(local_port):
            local_port = self.pick(SERVED)
        return table, local, local_port, remote, port

    def batch(self, member, count, device, slave):
        """So many, for packets that arrive on a device of a namespace."""
        entries = [(table, entry) for table, protocol in PROTOCOLS.items()
                   for family in FAMILIES
                   for entry in member.diag.inet(family, protocol)]
        parts = []
        for _ in range(count):
            if entries and self.generator.random() < 0.6:
                parts.append(self.of_entry(*self.pick(entries)))
            else:
                parts.append(self.anything(self.pick(("tcp", "udp")),
                                           self.pick(FAMILIES)))
        return [Tuple(*part, device, slave) for part in parts]

    def raw(self, member, count, device, slave):
        """Some for raw sockets."""
        entries = [entry for family in FAMILIES for entry in
                   member.diag.inet(family, socket.IPPROTO_RAW)]
        parts = []
        for _ in range(count):
            if entries and self.generator.random() < 0.8:
                parts.append(self.of_entry("raw", self.pick(entries)))
            else:
                parts.append(self.anything("raw", self.pick(FAMILIES)))
        protocols = [part[2] if part[2] in RAW else self.pick(RAW)
                     for part in parts]
        return [Tuple(table, local, protocol, remote, b"\0\0", device, slave)
                for (table, local, _, remote, _), protocol
                in zip(parts, protocols)]

    def packet(self, member, count):
        """Some for packet sockets."""
        devices = list(member.devices.values())
        return [Tuple("packet", b"", self.pick(PACKET_PROTOCOLS).to_bytes(
            2, "big"), b"", b"", self.pick(devices), 0) for _ in range(count)]

    def local(self, count):
        """Some for local sockets."""
        return [Tuple("unix", NAMES[number], number.to_bytes(2, "big"), b"",
                      b"", 0, 0)
                for number in (self.pick(list(NAMES)) for _ in range(count))]


def outcome_of(tuple_, state):
    """What nsmux has to call a socket that the kernel has found."""
    is_group = tuple_.port in GROUP_PORTS
    if tuple_.table == "udp":
        return {ESTABLISHED: "connected"}.get(
            state, "ambiguous" if is_group else "unconnected")
    return {TIME_WAIT: "time-wait", REQUEST: "request",
            LISTEN: "ambiguous" if is_group else "listener"}.get(
                state, "established")


def answer(tuple_, state, cookie):
    """The kernel's answer in nsmux's words."""
    return (outcome_of(tuple_, state), [cookie]) if state else ("none", [])


def by_inet_diag(member, tuples):
    """What inet_diag finds without a device, and on each: all that count."""
    found = [{} for _ in tuples]
    for device in (0, *sorted(set(member.devices.values()))):
        entries = member.diag.look_up([
            (it.family, PROTOCOLS[it.table], (it.local, it.local_port),
             (it.remote, it.remote_port), device) for it in tuples])
        for it, entry, seen in zip(tuples, entries, found):
            if entry:
                # It calls a request SYN_RECV, as if it were a socket.
                state = {3: REQUEST}.get(entry.state, entry.state)
                seen[entry.cookie] = outcome_of(it, state)
    return [("none", []) if not seen
            else (*seen.values(), [*seen]) if len(seen) == 1
            else ("multiple", sorted(seen)) for seen in found]


def by_list_of_raw(member, tuples):
    """Which of the raw sockets there are match, by the rule of raw(7)."""
    entries = {family: member.diag.inet(family, socket.IPPROTO_RAW)
               for family in FAMILIES}
    answers = []
    for it in tuples:
        match = [entry for entry in entries[it.family]
                 if entry.local_port == it.local_port
                 and (entry.local == it.local or not any(entry.local))
                 and (entry.remote == it.remote or not any(entry.remote))
                 # Asked without a device, nsmux tells of all.
                 and (not it.device
                      or entry.device in (0, it.device, it.slave))]
        outcome = "none" if not match else "multiple" if match[1:] else (
            "connected" if match[0].state == ESTABLISHED else "unconnected")
        answers.append((outcome, sorted(entry.cookie for entry in match)))
    return answers


def by_list_of_packet(member, tuples):
    """Which of the packet sockets there are listen there."""
    entries = member.diag.packet()
    answers = []
    for it in tuples:
        match = sorted(cookie for protocol, device, cookie in entries
                       if protocol in (it.port, ETH_P_ALL)
                       and device in (0, it.device))
        outcome = ("none", "unconnected")[len(match)] if len(match) < 2 else (
            "multiple")
        answers.append((outcome, match))
    return answers


def by_list_of_unix(member, tuples):
    """Which of the local sockets there are have the name."""
    entries = member.diag.unix()
    answers = []
    for it in tuples:
        match = [(cookie, state) for name, state, cookie in entries
                 if name == it.local]
        outcome = "none" if not match else "multiple" if match[1:] else (
            "listener" if match[0][1] == LISTEN else "unconnected")
        answers.append((outcome, sorted(cookie for cookie, _ in match)))
    return answers


def concerning(tuple_):
    """The ports of which a change may change the answer."""
    return {tuple_.port} | ({ETH_P_ALL} if tuple_.table == "packet" else set())


class Comparison:
    """Compares, and keeps account of it."""

    def __init__(self, log, bpf):
        self.log = log
        self.bpf = bpf
        self.outcomes = collections.Counter()
        self.compared = collections.Counter()
        self.visited = set()
        self.races = 0
        self.failures = []

    def by_bpf(self, _, tuples):
        """What the BPF program finds, in the calling thread's namespace."""
        found = self.bpf.look_up(
            [((it.table, it.family),
              it.remote + it.local + it.remote_port + it.local_port)
             for it in tuples], tuples[0].device)
        return [answer(it, *entry) for it, entry in zip(tuples, found)]

    @staticmethod
    def ask(member, oracle, tuples, selector):
        """Both answers to each tuple."""
        told = [(outcome, sorted(cookies)) for outcome, cookies
                in member.nsmux.look_up(tuples, selector)]
        return list(zip(tuples, told, oracle(member, tuples)))

    def compare(self, member, oracle, tuples, selector=b""):
        """Look all tuples up, and account for every difference."""
        mark, begin = self.log.count, time.monotonic_ns()
        answers = self.ask(member, oracle, tuples, selector)
        end = time.monotonic_ns()
        self.visited.add(member.number)
        self.compared[oracle.__name__] += len(tuples)
        for it, told, _ in answers:
            self.outcomes[it.table, told[0]] += 1
        different = [entry for entry in answers if entry[1] != entry[2]]
        if different:
            changed = self.log.changed(member.number, mark, begin, end)
            with self.log.quiet():
                self.examine(member, oracle, different, selector, changed)

    def examine(self, member, oracle, different, selector, changed):
        """Nothing changes now; has what was different changed before?"""
        left = [it for it, _, _ in different]
        for _ in range(REPEATS):
            again = [entry for entry in self.ask(member, oracle, left,
                                                 selector)
                     if entry[1] != entry[2]]
            if not again:
                break
            left = [it for it, _, _ in again]
        for it, told, kernel in again:
            self.failures.append(f"namespace {member.number}: {it}: nsmux "
                                 f"{told}, the kernel {kernel}, again and "
                                 "again")
        for it, told, kernel in different:
            if it in left and again:
                continue
            if changed & concerning(it):
                self.races += 1
            else:
                self.failures.append(
                    f"namespace {member.number}: {it}: nsmux {told}, the "
                    f"kernel {kernel}; then they agreed, and of what changed "
                    f"meanwhile, {sorted(changed)}, nothing concerns it")


def make_sockets(seed, log, members):
    """What the other process does."""
    maker = Maker(random.Random(seed), log, members)
    for member in members:
        for _ in range(BEFOREHAND):
            maker.step(member)
    while log.wait_if_held():
        maker.step(members[log.focus] if maker.maybe(0.3)
                   else maker.pick(members))
    return log.count


def look_up_all(comparison, generator, members):
    """All tuples, a batch in one namespace after the other."""
    tuples, done = Tuples(generator), 0
    order, told_at = [], 0
    while done < TUPLES:
        # A guest that says nothing for long is taken for dead.
        if time.monotonic() - told_at > SECONDS_OF_SILENCE:
            ksft_pr(f"{done} tuples, {comparison.races} races")
            told_at = time.monotonic()
        if not order:
            order = generator.sample(members, len(members))
        member = order.pop()
        member.enter()
        comparison.log.look_at(member.number)
        name = pick(generator, list(member.devices))
        device, oracle = member.devices[name], comparison.by_bpf
        # For a slave of a VRF the program tells the index of the slave twice.
        slave = device if name == "dummy1" else 0
        if generator.random() < 0.1:
            device, slave, oracle = 0, 0, by_inet_diag
        selector = pick(generator, member.nsmux.selectors)
        batch = tuples.batch(member, BATCH, device, slave)
        for first in range(0, len(batch), AT_ONCE):
            comparison.compare(member, oracle, batch[first:first + AT_ONCE],
                               selector)
        raw = tuples.raw(member, FEW, device, slave)
        comparison.compare(member, by_list_of_raw, raw, selector)
        packet = tuples.packet(member, FEW)
        comparison.compare(member, by_list_of_packet, packet, selector)
        local = tuples.local(FEW)
        comparison.compare(member, by_list_of_unix, local, selector)
        done += len(batch) + len(raw) + len(packet) + len(local)


@contextlib.contextmanager
def sockets_that_come_and_go(seed, members):
    """Another process makes and closes sockets while the block runs."""
    log = ChangeLog()
    result = start(lambda: make_sockets(seed, log, members))
    try:
        until(lambda: log.count >= BEFOREHAND * len(members) * 3 // 4, 120)
        yield log
    finally:
        log.stop()
        ksft_pr(f"{result()} changes")


def test_lookups():
    """No difference but those that a change explains."""
    seed = effects.seed()
    ksft_pr(f"NSMUX_SEED={seed}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    processors = os.sched_getaffinity(0)
    form, bpf = Format(), BpfLookup()
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    with crowd(NAMESPACES) as members:
        for member in members:
            member.enter()
            member.nsmux = LookupSocket(form, member)
        with sockets_that_come_and_go(seed, members) as log:
            comparison = Comparison(log, bpf)
            # The kernel prefers sockets that were used on the same processor.
            os.sched_setaffinity(0, {min(processors)})
            look_up_all(comparison, random.Random(seed + 1), members)
        os.sched_setaffinity(0, processors)
        os.setns(own, os.CLONE_NEWNET)
    report(comparison)
    bpf.close()


def report(comparison):
    """Say what was compared, and what came of it."""
    total = comparison.compared.total()
    ksft_pr(f"{total} tuples in {len(comparison.visited)} namespaces: "
            + ", ".join(f"{count} {name}" for name, count
                        in comparison.compared.items()))
    for key, count in sorted(comparison.outcomes.items()):
        ksft_pr(*key, count)
    ksft_pr(f"{comparison.races + len(comparison.failures)} differences, "
            f"{comparison.races} of them by recorded changes")
    ksft_ge(total, TUPLES)
    ksft_eq(len(comparison.visited), NAMESPACES)
    # How often depends on how much the other process gets done meanwhile.
    found = {key for key, count in comparison.outcomes.items()
             if count >= TUPLES // 10000}
    ksft_eq(EXPECTED - found, set(), "kinds of answers that there were not")
    ksft_eq(comparison.failures[:20], [],
            f"the first of {len(comparison.failures)}")


EXPECTED = {("tcp", outcome) for outcome in (
    "established", "time-wait", "request", "listener", "ambiguous", "none")}
EXPECTED |= {("udp", outcome) for outcome in (
    "connected", "unconnected", "ambiguous", "none")}
EXPECTED |= {("raw", outcome) for outcome in (
    "connected", "unconnected", "multiple", "none")}
EXPECTED |= {("packet", outcome) for outcome in (
    "unconnected", "multiple", "none")}
EXPECTED |= {("unix", outcome) for outcome in (
    "listener", "unconnected", "multiple", "none")}


if __name__ == "__main__":
    program.run(globals())
