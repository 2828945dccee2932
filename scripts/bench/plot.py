# SPDX-License-Identifier: GPL-2.0
"""Draws ratios with their intervals, in SVG, to be read in black and white.

Each panel has a row for each contender: a mark at the median, a line over the interval, and the
figures beside it. All panels have the same scale.
"""

import math
from dataclasses import dataclass
from html import escape

WIDTH, LEFT, RIGHT = 960, 270, 190
ROW, TOP, HEAD, FOOT, GAP = 20, 34, 26, 46, 12
MARK = 4
# How many steps the scale has at most, and how large one may be.
STEPS = 12
SIZES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


@dataclass(frozen=True)
class Row:
    """One contender in one panel."""

    name: str
    median: float
    low: float
    high: float
    # Rows of two sorts are told apart by that.
    filled: bool = True


@dataclass(frozen=True)
class Scale:
    """From ratios to places."""

    low: float
    high: float
    step: float

    @classmethod
    def over(cls, rows):
        """The scale that has all rows in it, and 1."""
        least = min([1.0] + [row.low for row in rows])
        most = max([1.0] + [row.high for row in rows])
        step = next((size for size in SIZES if (most - least) / size <= STEPS - 2), SIZES[-1])
        low, high = math.floor(least / step) * step, math.ceil(most / step) * step
        return cls(low, high if high > low else low + step, step)

    def place(self, ratio):
        """Where a ratio is, from the left."""
        return LEFT + (ratio - self.low) / (self.high - self.low) * (WIDTH - LEFT - RIGHT)

    def ticks(self):
        """The ratios that are told below."""
        return [self.low + number * self.step
                for number in range(round((self.high - self.low) / self.step) + 1)]


def text(left, top, content, anchor="start", weight="normal"):
    """One line of text."""
    return (f'<text x="{left:.1f}" y="{top:.1f}" text-anchor="{anchor}" '
            f'font-weight="{weight}">{escape(content)}</text>')


def line(ends, width=1.0, dashes=""):
    """One line, from (left, top) to (left, top)."""
    (left, top), (right, bottom) = ends
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (f'<line x1="{left:.1f}" y1="{top:.1f}" x2="{right:.1f}" y2="{bottom:.1f}" '
            f'stroke="#000" stroke-width="{width}"{dashed}/>')


def of_row(row, scale, top):
    """A contender: its name, its interval, its median, and the figures."""
    middle = top + ROW / 2
    low, high = scale.place(row.low), scale.place(row.high)
    yield text(LEFT - 12, middle + 4, row.name, "end")
    yield line([(low, middle), (high, middle)], 1.5)
    for end in (low, high):
        yield line([(end, middle - MARK), (end, middle + MARK)], 1.5)
    yield (f'<circle cx="{scale.place(row.median):.1f}" cy="{middle:.1f}" r="{MARK}" '
           f'stroke="#000" stroke-width="1.5" fill="{"#000" if row.filled else "#fff"}"/>')
    yield text(WIDTH - RIGHT + 14, middle + 4,
               f"{row.median:.3f} ({row.low:.3f} … {row.high:.3f})")


def of_panel(title, rows, scale, top):
    """A kind of packets, with all contenders."""
    bottom = top + HEAD + len(rows) * ROW
    yield text(12, top + 16, title, weight="bold")
    for tick in scale.ticks():
        is_one = abs(tick - 1) < scale.step / 2
        ends = [(scale.place(tick), top + HEAD), (scale.place(tick), bottom)]
        yield line(ends, 1.0 if is_one else 0.3, "" if is_one else "2 3")
    for number, row in enumerate(rows):
        yield from of_row(row, scale, top + HEAD + number * ROW)


def svg(title, unit, panels):
    """The whole picture; `panels` are pairs of a title and its rows."""
    scale = Scale.over([row for _, rows in panels for row in rows])
    parts, top = [text(12, 22, title, weight="bold")], TOP
    for name, rows in panels:
        parts += of_panel(name, rows, scale, top)
        top += HEAD + len(rows) * ROW + GAP
    decimals = 2 if scale.step < 0.1 else 1
    parts += [text(scale.place(tick), top + 12, f"{tick:.{decimals}f}", "middle")
              for tick in scale.ticks()]
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, top + 32, unit, "middle"))
    height = top + FOOT
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>', *parts, "</svg>", ""])
