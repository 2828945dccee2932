# SPDX-License-Identifier: GPL-2.0
"""What nsmux has counted, read from the texts of /proc/net/nsmux of several namespaces."""

from dataclasses import dataclass, field

# A namespace's text begins with this word.
BEGIN = "mode "
HOW = ("by-socket", "by-device", "by-hook")
DISPUTES = ("demux-other", "sender-other")


def cells(text):
    """(block, row, column) -> number, and the cookie, of one namespace's text."""
    head, *blocks = text.strip("\n").split("\n\n")
    found = {}
    for block in blocks:
        header, *rows = (line.split() for line in block.splitlines())
        for label, *values in rows:
            for column, value in zip(header[1:], values):
                if value != "-":
                    found[header[0], label, column] = int(value)
    return head.split("\n")[1].split()[1], found


def latest(text):
    """Cookie -> cells. Of a namespace that was read several times the last reading counts, which
    has all that the earlier ones have."""
    texts, lines = [], []
    for line in text.splitlines():
        if line.startswith(BEGIN) and lines:
            texts.append("\n".join(lines))
            lines = []
        lines.append(line)
    if lines:
        texts.append("\n".join(lines))
    return dict(cells(one) for one in texts)


@dataclass
class Counted:
    """The sums over some namespaces."""

    namespaces: int = 0
    packets: int = 0
    disagreements: int = 0
    # Twins are packets for which two sockets are equally right: no mistake of anybody's.
    twins: int = 0
    disputes: int = 0
    steered: int = 0
    # Where a dispute or a disagreement was: block, row and column, with their number.
    where: dict = field(default_factory=dict)


def total(readings):
    """The sums of what `latest` gives."""
    made = Counted(namespaces=len(readings))
    for found in readings.values():
        for (block, row, column), number in found.items():
            if block == "resolved" and column in HOW:
                made.packets += number
            elif block == "resolved" and column == "disagree":
                made.disagreements += number
                note(made, row, column, number)
            elif block == "modes" and column in DISPUTES:
                made.disputes += number
                note(made, row, column, number)
            elif block == "modes" and column == "twin":
                made.twins += number
            elif block == "modes" and column == "steered":
                made.steered += number
    return made


def note(made, row, column, number):
    """Remembers where what should be 0 is not."""
    if number:
        place = f"{row} {column}"
        made.where[place] = made.where.get(place, 0) + number
