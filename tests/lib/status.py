# SPDX-License-Identifier: GPL-2.0
"""/proc/net/nsmux of one network namespace, as numbers."""

import time

from net.lib.py import ksft_eq
from .patience import end_after

PATH = "/proc/thread-self/net/nsmux"

# The columns, in the order in which they are printed.
HOW = ("by-socket", "by-device", "by-hook")
UNKNOWN = ("unparsed", "fragment", "no-table", "routed", "dropped")
BORNE = ("early-demux", "chosen")
RESOLVED = HOW + ("disagree",) + UNKNOWN + ("tapped",) + BORNE
MODES = ("demux-other", "sender-other", "twin", "steered", "left-kind",
         "left-device", "left-form")
OUTCOMES = ("established", "time-wait", "request", "listener", "connected",
            "unconnected", "ambiguous", "multiple", "foreign", "none")
DIRECTIONS = ("receive", "transmit")
ARP_DIRECTIONS = ("arp-receive", "arp-transmit")
PROTOCOLS = ("tcp", "udp", "tcp6", "udp6", "raw", "raw6", "error", "error6")


class Status:
    """What the file said when it was read.

    counts maps (direction, column) of the first two blocks and (direction,
    protocol, column) of the others to numbers. Subtracting an earlier
    status gives the counts that changed, and by how much.
    """

    def __init__(self, text):
        self.text = text
        head, *blocks = text.rstrip("\n").split("\n\n")
        self.head = dict(line.split() for line in head.splitlines())
        self.counts = {}
        self.absent = set()
        for block in blocks:
            self._parse_block(*(line.split() for line in block.splitlines()))

    def _parse_block(self, header, *rows):
        name, *columns = header
        for label, *cells in rows:
            prefix = ((label,) if name in ("resolved", "modes")
                      else (name, label))
            for column, cell in zip(columns, cells, strict=True):
                if cell == "-":
                    self.absent.add(prefix + (column,))
                else:
                    self.counts[prefix + (column,)] = int(cell)

    @property
    def mode(self):
        """The name of the namespace's mode."""
        return self.head["mode"]

    @property
    def namespace(self):
        """The namespace's cookie."""
        return int(self.head["namespace"])

    def __sub__(self, earlier):
        return {key: count - earlier.counts[key]
                for key, count in self.counts.items()
                if count != earlier.counts[key]}

    def seen(self, direction):
        """How many packets went through the hook of that direction."""
        return sum(self.counts[direction, how] for how in HOW)


def read(namespace=None):
    """Read the file in a namespace, or in the calling thread's own."""
    if namespace is not None:
        with namespace.enter():
            return read()
    with open(PATH, encoding="ascii") as file:
        return Status(file.read())


def wait(namespace, condition, deadline=20):
    """Read until condition(status) holds; returns the last one read."""
    end = end_after(deadline)
    while True:
        status = read(namespace)
        if condition(status) or time.monotonic() > end:
            return status
        time.sleep(0.005)


def adds_up(status):
    """Whether no packet was counted between the reading of two counters."""
    return all(
        sum(count for key, count in status.counts.items()
            if key[0] == direction and (key[1] in UNKNOWN
                                        or key[2:] == ("packets",)))
        == status.seen(direction) for direction in DIRECTIONS)


def check_sums(status, comment=""):
    """Every packet is in exactly one cell of each of the two groupings."""
    for direction in DIRECTIONS:
        unknown = sum(status.counts[direction, key] for key in UNKNOWN)
        packets = 0
        for protocol in PROTOCOLS:
            row = {key[2]: count for key, count in status.counts.items()
                   if key[:2] == (direction, protocol)}
            ksft_eq(row.pop("packets"), sum(row.values()),
                    f"{direction} {protocol}: outcomes {row} {comment}")
            packets += sum(row.values())
        ksft_eq(status.seen(direction), unknown + packets,
                f"{direction}: packets resolved and accounted for {comment}")
    for direction in ARP_DIRECTIONS:
        ksft_eq(status.seen(direction), status.counts[direction, "no-table"],
                f"{direction}: packets resolved and accounted for {comment}")
