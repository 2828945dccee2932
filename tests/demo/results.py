# SPDX-License-Identifier: GPL-2.0
"""What a run gave, and everything that is wrong with it."""
from collections import Counter
from dataclasses import dataclass, field

import plan
from clients import Answers
from counters import DIRECTIONS, PROTOCOLS, packets


@dataclass
class Results:
    servers: list
    mode: str
    version: str = ""
    cookies: dict = field(default_factory=dict)
    tables: Counter = field(default_factory=Counter)
    totals: Counter = field(default_factory=Counter)
    outcomes: list = field(default_factory=list)
    others: Counter = field(default_factory=Counter)
    cost: object = None
    lookup: object = None
    problems: list = field(default_factory=list)

    def __post_init__(self):
        self.answers = Answers(self.problems)

    def complain(self, name, sentences):
        self.problems += [f"{name}: {sentence}" for sentence in sentences]

    def add_tables(self, name, tcp, udp):
        """The sizes of a namespace's tables, negative for shared ones."""
        self.tables[tcp, udp] += 1
        if (tcp, udp) != (plan.TCP_ENTRIES, plan.UDP_ENTRIES):
            self.complain(name, [
                "its tables are not its own: their sizes are "
                f"{tcp} (TCP) and {udp} (UDP), negative when shared"])

    def add_server(self, name, counters, snmp):
        self.totals.update(counters.values)
        self.outcomes = counters.outcomes
        if counters.namespace != self.cookies[name]:
            self.complain(name, [
                f"its cookie is {self.cookies[name]}, but nsmux says "
                f"{counters.namespace}"])
        self.complain(name, expected_lookups(counters.values, self.rounds))
        if self.mode == "steer":
            self.complain(name, steering(counters.values))
        self.check(name, counters, snmp)

    def add_other(self, name, counters, snmp):
        """A namespace without a server: its packets are not reported."""
        self.others.update(counters.values)
        self.check(name, counters, snmp)

    def check(self, name, counters, snmp):
        self.complain(name, counters.problems())
        self.complain(name, snmp.problems(counters))
        self.complain(name, first_level(counters.values))
        for direction in DIRECTIONS:
            for column in ("demux-other", "sender-other"):
                number = counters.values["modes", direction, column]
                if number:
                    self.complain(name, [
                        f"{column} is {number} in {direction}"])
            for column in ("disagree", "unparsed"):
                number = counters.values["resolved", direction, column]
                if number:
                    self.complain(name, [
                        f"{column} is {number} in {direction}"])
            for protocol in PROTOCOLS:
                number = counters.values[direction, protocol, "foreign"]
                if number:
                    self.complain(name, [
                        f"{number} sockets of another namespace were found "
                        f"for {protocol} in {direction}"])

    def count_answers(self):
        if self.answers.right != self.answers_due:
            self.problems.append(f"{self.answers.right} answers were right, "
                                 f"of {self.answers_due}")

    @property
    def rounds(self):
        return plan.rounds(len(self.servers))

    @property
    def answers_due(self):
        return plan.PER_ROUND * self.rounds * len(self.servers)

    @property
    def bridged(self):
        return sum(server.bridged for server in self.servers)

    @property
    def packets(self):
        return sum(packets(self.totals, direction)
                   for direction in DIRECTIONS)

    @property
    def disagreements(self):
        return sum(values["resolved", direction, "disagree"]
                   for values in (self.totals, self.others)
                   for direction in DIRECTIONS)


def steering(values):
    """A sentence when a packet was not steered as it must be.

    All are, but for those that are of a request or of TIME_WAIT.
    """
    looked_up = sum(values["receive", protocol, "packets"]
                    for protocol in PROTOCOLS)
    left = sum(values["receive", tcp, outcome] for tcp in ("tcp", "tcp6")
               for outcome in ("request", "time-wait", "none"))
    steered = values["modes", "receive", "steered"]
    if steered != looked_up - left:
        yield (f"{looked_up} packets were looked up, {left} of them have no "
               f"socket that could be handed over, but {steered} were steered")


def first_level(values):
    """A sentence when the namespace of a packet was not found as it must be.

    What is received has a device, and all TCP and UDP that is sent a socket.
    """
    received = packets(values, "receive")
    by_device = values["resolved", "receive", "by-device"]
    if by_device != received:
        yield (f"{received} packets were received, but the namespace of "
               f"{by_device} was found by the device")
    sent = sum(values["transmit", protocol, "packets"]
               for protocol in PROTOCOLS)
    by_socket = values["resolved", "transmit", "by-socket"]
    if by_socket < sent:
        yield (f"{sent} packets of TCP and UDP were transmitted, but the "
               f"namespace of {by_socket} was found by the socket")


def expected_lookups(values, rounds):
    """A sentence for each kind of socket that was not found as it must be.

    A datagram is sent once. A TCP segment may be sent again, so of those
    there may be more.
    """
    for direction in DIRECTIONS:
        for udp in ("udp", "udp6"):
            for outcome in ("connected", "unconnected"):
                found = values[direction, udp, outcome]
                if found != rounds:
                    yield (f"{udp} {outcome} was found {found} times in "
                           f"{direction}, not {rounds}")
    for tcp in ("tcp", "tcp6"):
        for direction, outcome, least in (
                ("receive", "listener", 1),
                ("receive", "request", 1),
                ("receive", "established", rounds),
                ("transmit", "request", 1),
                ("transmit", "established", rounds)):
            found = values[direction, tcp, outcome]
            if found < least:
                yield (f"{tcp} {outcome} was found {found} times in "
                       f"{direction}, and should have been at least {least}")
