# SPDX-License-Identifier: GPL-2.0
"""What nsmux ought to cost at most, and what it does."""

from dataclasses import dataclass

from bench import figures as f

FAST = "fast"


@dataclass
class Goal:
    """A goal: what is measured, at most how much that ought to be, and how much it is."""

    name: str
    most: float
    figure: float
    # Whether both are a proportion, and no number of instructions.
    is_ratio: bool = False

    @property
    def reached(self):
        """Whether it is, as far as the figure is shown."""
        return round(self.figure, 2 if self.is_ratio else 0) <= self.most


def most(pairs):
    """The greatest of figures that have names, with its name."""
    name, figure = max(pairs.items(), key=lambda pair: pair[1])
    return figure, name


def received(figures, contender, family, demultiplexed):
    """A contender's own instructions on received packets, by kind."""
    if demultiplexed:
        return {kind: figures.received(contender, kind, family, f.DEMUX)
                for kind in f.DEMULTIPLEXED}
    return {kind: figures.received(contender, kind, family, f.VETH) for kind in f.ONE_WAY}


def transmitted(figures, contender, family):
    """A contender's own instructions on transmitted packets, by kind."""
    return {kind: figures.transmitted(contender, kind, family) for kind in f.SENT_BY_THEIR_OWN}


def ratios(figures, family):
    """nsmux's own instructions by those of the same hook in C, for all there is."""
    found = {}
    for demultiplexed, way in ((False, "received"), (True, "received with its socket")):
        ours = received(figures, "observe", family, demultiplexed)
        theirs = received(figures, FAST, family, demultiplexed)
        found.update({f"{kind}, {way}": ours[kind] / theirs[kind] for kind in ours})
    ours = transmitted(figures, "observe", family)
    theirs = transmitted(figures, FAST, family)
    found.update({f"{kind}, transmitted": ours[kind] / theirs[kind] for kind in ours})
    return found


def goals(figures):
    """All goals with their figures; of several kinds of packets, the worst one's."""
    found = []
    for family in f.FAMILIES:
        def add(name, limit, pairs, is_ratio=False):
            figure, kind = most(pairs)
            found.append(Goal(f"IPv{family}: {name} ({kind})", limit, figure, is_ratio))

        add("own, received and looked up", 50, received(figures, "observe", family, False))
        for mode in ("observe", "steer"):
            add(f"own, received with its socket, {mode}", 50,
                received(figures, mode, family, True))
        add("own, transmitted", 50, transmitted(figures, "observe", family))
        for mode, limit in (("observe", 560), ("steer", 330), ("verify", 1000)):
            add(f"{mode}, over loopback", limit,
                {"udp": figures.cost(mode, "udp", family, f.LOOPBACK)})
        add("off, anywhere", 0, {f"{kind}, {way}": figures.cost("off", kind, family, way)
                                 for kind in f.KINDS for way in f.WAYS})
        add("own, by that of the same hook in C", 1, ratios(figures, family), is_ratio=True)
    return found
