# SPDX-License-Identifier: GPL-2.0
"""What was measured, and what is computed from it.

All figures are instructions. The guest gives the whole path of a packet, from the system call that
sends it to the queue of its socket, with each contender in its way. A contender's *cost* is what
the path takes more than with nothing in its way.

nsmux's *own* instructions are its cost, less netfilter's dispatch, less the kernel's lookup
functions: that is, less the cost of hooks that do nothing in the same places, and less what the
functions take that the kernel has for the lookup, measured around each call of one and less the
instructions of a call itself. Received and transmitted packets are told apart by having the
contender in one of two namespaces only, which a veth pair joins.
"""

from dataclasses import dataclass

NOTHING, EMPTY, LOOKUPS = "nothing", "empty-both", "lookups"
MODES = ("off", "observe", "verify", "steer")
RECEIVER, SENDER = "receiver", "sender"

# Kinds of packets, as tests/bench/traffic.py has them. A byte of a connection and its
# acknowledgement are two packets, of which each end sends one.
KINDS = {
    "udp": "datagram to an unconnected socket",
    "udp-connected": "datagram to a connected socket",
    "tcp": "byte of a connection and its acknowledgement",
    "ack": "acknowledgement alone",
    "syn": "SYN to a listener",
    "miss": "segment for nobody",
}
ONE_WAY = ("udp", "udp-connected", "ack", "syn", "miss")
# Kinds whose sender is a socket of their own protocol, and not a raw one.
SENT_BY_THEIR_OWN = ("udp", "udp-connected")
# Kinds whose socket early demultiplexing finds, if it is on.
DEMULTIPLEXED = ("udp-connected", "ack")

FAMILIES = (4, 6)
LOOPBACK, VETH, DEMUX = "loopback", "veth", "veth, early demux"
WAYS = {
    LOOPBACK: "loopback early-demux-off",
    VETH: "veth early-demux-off",
    DEMUX: "veth early-demux-on",
}


def cell(kind, family, way):
    """The name that the guest gives a kind of packets."""
    return f"{kind} ipv{family} {WAYS[way]}"


@dataclass
class Figures:
    """What guests have measured: contender, or "<contender> at the <place>" -> cell -> figure."""

    measured: dict

    @classmethod
    def merged(cls, parts):
        """From guests that measured different cells."""
        measured = {}
        for part in parts:
            for name, cells in part.items():
                measured.setdefault(name, {}).update(cells)
        return cls(measured)

    def path(self, contender, kind, family, way):
        """The whole path of a packet."""
        return self.measured[contender][cell(kind, family, way)]

    def cost(self, contender, kind, family, way, place=None):
        """What the path takes more than with nothing in its way."""
        name = f"{contender} at the {place}" if place else contender
        return (self.path(name, kind, family, way)
                - self.path(NOTHING, kind, family, way))

    def lookups(self, kind, family, way):
        """What the kernel's functions take to look up the received packets."""
        return self.measured[LOOKUPS][cell(kind, family, way)]

    def received(self, contender, kind, family, way):
        """A contender's own instructions on a received packet."""
        return (self.cost(contender, kind, family, way, RECEIVER)
                - self.cost(EMPTY, kind, family, way, RECEIVER)
                - self.lookups(kind, family, way))

    def transmitted(self, contender, kind, family):
        """A contender's own instructions on a transmitted packet."""
        return (self.cost(contender, kind, family, VETH, SENDER)
                - self.cost(EMPTY, kind, family, VETH, SENDER))

    def own(self):
        """All of nsmux's own instructions, by name. In mode steer, a packet that is looked up saves
        the stack a lookup: there it has none that can be told from what is saved."""
        figures = {}
        for family in FAMILIES:
            for kind in ONE_WAY:
                name = f"observe, received: {cell(kind, family, VETH)}"
                figures[name] = self.received("observe", kind, family, VETH)
            for mode in ("observe", "steer"):
                for kind in DEMULTIPLEXED:
                    name = f"{mode}, received: {cell(kind, family, DEMUX)}"
                    figures[name] = self.received(mode, kind, family, DEMUX)
                for kind in SENT_BY_THEIR_OWN:
                    name = f"{mode}, transmitted: {kind} ipv{family}"
                    figures[name] = self.transmitted(mode, kind, family)
        return figures

    def costs(self):
        """The costs of all modes, by name."""
        return {f"{mode}: {cell(kind, family, way)}": self.cost(mode, kind, family, way)
                for mode in MODES for family in FAMILIES for way in WAYS for kind in KINDS}
