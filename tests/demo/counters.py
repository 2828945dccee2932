# SPDX-License-Identifier: GPL-2.0
"""The counters of one namespace: those of nsmux, and the kernel's own.

Both are read in the namespace that the process is in.
"""
import re
from collections import Counter
from pathlib import Path

NSMUX = Path("/proc/net/nsmux")

WAYS = ("by-socket", "by-device", "by-hook")
NOT_LOOKED_UP = ("unparsed", "fragment", "no-table", "routed", "dropped")
DIRECTIONS = ("receive", "transmit")
PROTOCOLS = ("tcp", "udp", "tcp6", "udp6")
OTHER_PROTOCOLS = ("raw", "raw6", "error", "error6")

# How long to wait for a moment without packets.
READINGS = 50


class Counters:
    """What /proc/net/nsmux says.

    values maps (block, row, column) to a number, for example
    ("resolved", "receive", "by-device") or ("transmit", "tcp6", "request").
    """

    def __init__(self, text):
        head, *blocks = text.strip().split("\n\n")
        self.head = dict(line.split() for line in head.splitlines())
        self.values = Counter()
        for block in blocks:
            lines = [line.split() for line in block.splitlines()]
            name, *columns = lines[0]
            if name in DIRECTIONS:
                # After the number of packets, what became of them.
                self.outcomes = columns[1:]
            for row, *fields in lines[1:]:
                if len(fields) != len(columns):
                    raise ValueError(f"{NSMUX}: the row {row} of {name} has "
                                     f"{len(fields)} fields for "
                                     f"{len(columns)} columns")
                for column, field in zip(columns, fields):
                    # A dash is a combination that cannot occur.
                    if field != "-":
                        self.values[name, row, column] = int(field)

    @property
    def namespace(self):
        return int(self.head["namespace"])

    def problems(self):
        """A sentence for each sum that is not what it should be."""
        for direction in DIRECTIONS:
            seen = packets(self.values, direction)
            kinds = sum(self.values["resolved", direction, column]
                        for column in NOT_LOOKED_UP)
            for protocol in PROTOCOLS + OTHER_PROTOCOLS:
                looked_up = self.values[direction, protocol, "packets"]
                kinds += looked_up
                found = sum(self.values[direction, protocol, outcome]
                            for outcome in self.outcomes)
                if found != looked_up:
                    yield (f"the outcomes of {protocol} in {direction} add up "
                           f"to {found}, its packets are {looked_up}")
            if kinds != seen:
                yield (f"{seen} packets were resolved in {direction}, but "
                       f"{kinds} were looked up or counted as something else")


def packets(values, direction):
    """All packets of one direction, however their namespace was found."""
    return sum(values["resolved", direction, way] for way in WAYS)


def read_quiet():
    """nsmux's and the kernel's counters, with no packet in between.

    A late multicast report may come at any time. When nsmux's counters are
    the same before and after the kernel's were read, none did.
    """
    before = NSMUX.read_text()
    for _ in range(READINGS):
        kernel = snmp_text()
        after = NSMUX.read_text()
        if after == before:
            return Counters(after), Snmp(kernel)
        before = after
    raise TimeoutError(f"{NSMUX} still changed after {READINGS} readings")


def snmp_text():
    return [Path("/proc/net", name).read_text() for name in ("snmp", "snmp6")]


class Snmp:
    """What the kernel's own protocol code counted."""

    def __init__(self, texts):
        self.values = Counter()
        rows = [line.split() for line in texts[0].splitlines()]
        for names, numbers in zip(rows[::2], rows[1::2]):
            for name, number in zip(names[1:], numbers[1:]):
                self.values[names[0][:-1] + name] = int(number)
        for name, number in re.findall(r"^(\w+)\s+(\d+)$", texts[1], re.M):
            self.values[name] = int(number)

    def problems(self, counters):
        """A sentence for each number that differs from nsmux's."""
        value = self.values
        segments = value["TcpOutSegs"]
        # A segment that is sent again counts in RetransSegs, and a SYN-ACK
        # that is sent again in both.
        yield from compare(counters, "transmit", ("tcp", "tcp6"),
                           segments, segments + value["TcpRetransSegs"])
        yield from compare(counters, "receive", ("tcp", "tcp6"),
                           value["TcpInSegs"])
        for protocol, prefix in (("udp", "Udp"), ("udp6", "Udp6")):
            yield from compare(counters, "transmit", (protocol,),
                               value[f"{prefix}OutDatagrams"])
            yield from compare(counters, "receive", (protocol,),
                               value[f"{prefix}InDatagrams"]
                               + value[f"{prefix}NoPorts"]
                               + value[f"{prefix}InErrors"])


def compare(counters, direction, protocols, least, most=None):
    seen = sum(counters.values[direction, protocol, "packets"]
               for protocol in protocols)
    if not least <= seen <= (most or least):
        yield (f"nsmux saw {seen} packets of {' and '.join(protocols)} in "
               f"{direction}, the kernel's protocol counted {least}")
