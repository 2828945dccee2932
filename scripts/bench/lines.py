# SPDX-License-Identifier: GPL-2.0
"""Draws figures over a number that grows, in SVG, to be read in black and white.

Panels stand side by side and have one scale. A line is known by the mark at its points; what
encloses a point is a bar through it.
"""

import math
from dataclasses import dataclass, field
from html import escape

from bench.plot import line, text

PANEL, HEIGHT = 300, 260
LEFT, TOP, GAP, FOOT, ROW = 70, 72, 26, 62, 18
SIZE = 4
# Beside the ends of a scale of factors, from the outermost figures.
SPARE = 1.08
DASHES = ("", "6 3", "2 2", "8 2 2 2", "1 3", "10 4")


@dataclass(frozen=True)
class Point:
    """A figure at one place, with its interval."""

    at: float
    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """One contender."""

    name: str
    points: list


@dataclass(frozen=True)
class Panel:
    """A title, and the lines below it."""

    title: str
    lines: list


@dataclass
class Scale:
    """Factors are distances: twice as much is as far everywhere."""

    panels: list
    base: float = None
    places: list = field(init=False)
    low: float = field(init=False)
    high: float = field(init=False)

    def __post_init__(self):
        points = [point for panel in self.panels for one in panel.lines for point in one.points]
        self.places = sorted({point.at for point in points})
        values = [value for point in points for value in (point.low, point.high) if value > 0]
        values += [self.base] if self.base else []
        self.low, self.high = min(values) / SPARE, max(values) * SPARE

    def across(self, place):
        """Where a number is, from a panel's left edge: all are as far apart."""
        return (self.places.index(place) + 0.5) / len(self.places) * PANEL

    def down(self, value):
        """Where a figure is, from the top."""
        part = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        return TOP + HEIGHT * (1 - part)

    def ticks(self):
        """Round figures in between: 1, 2 and 5 times powers of ten, or only the powers."""
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        steps = (1,) if last - first > 4 else (1, 2, 5)
        ticks = [step * 10.0 ** power for power in range(first, last + 1) for step in steps]
        return [tick for tick in ticks if self.low <= tick <= self.high]


def mark(kind, left, top):
    """One of some marks that are told apart without colour."""
    shapes = {
        0: [(-1, -1), (1, -1), (1, 1), (-1, 1)],
        1: [(0, -1.2), (1.2, 1), (-1.2, 1)],
        2: [(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)],
        3: [(0, 1.2), (1.2, -1), (-1.2, -1)],
    }
    fill = "#000" if kind % 2 else "#fff"
    shape = shapes.get(kind // 2)
    if shape is None or kind == 0:
        return (f'<circle cx="{left:.1f}" cy="{top:.1f}" r="{SIZE}" stroke="#000" '
                f'fill="{"#000" if kind == 0 else fill}"/>')
    places = " ".join(f"{left + SIZE * x:.1f},{top + SIZE * y:.1f}" for x, y in shape)
    return f'<polygon points="{places}" stroke="#000" fill="{fill}"/>'


def of_line(number, one, scale, begin, number_of_all):
    """A contender in a panel. Bars of different ones do not lie on each other."""
    aside = (number - (number_of_all - 1) / 2) * 3
    places = [(begin + scale.across(point.at) + aside, point) for point in one.points]
    for (left, point), (right, next_point) in zip(places, places[1:]):
        yield line([(left, scale.down(point.median)), (right, scale.down(next_point.median))], 1,
                   DASHES[number % len(DASHES)])
    for left, point in places:
        yield line([(left, scale.down(point.low)), (left, scale.down(point.high))], 1.5)
        yield mark(number, left, scale.down(point.median))


def of_panel(panel, scale, begin, names):
    """A panel, its frame and its scales."""
    yield text(begin + PANEL / 2, TOP - 8, panel.title, "middle", "bold")
    for tick in scale.ticks():
        top = scale.down(tick)
        is_base = scale.base is not None and math.isclose(tick, scale.base)
        yield line([(begin, top), (begin + PANEL, top)], 1.0 if is_base else 0.3,
                   "" if is_base else "2 3")
    for place in scale.places:
        left = begin + scale.across(place)
        yield text(left, TOP + HEIGHT + 16, f"{place:,}", "middle")
        yield line([(left, TOP + HEIGHT), (left, TOP + HEIGHT + 4)])
    yield line([(begin, TOP), (begin, TOP + HEIGHT)])
    yield line([(begin, TOP + HEIGHT), (begin + PANEL, TOP + HEIGHT)])
    for one in panel.lines:
        yield from of_line(names.index(one.name), one, scale, begin, len(names))


def svg(title, across, up, panels, base=None):
    """The whole picture: `across` and `up` say what the scales are, with their units."""
    scale = Scale(panels, base)
    names = list(dict.fromkeys(one.name for panel in panels for one in panel.lines))
    width = LEFT + len(panels) * (PANEL + GAP)
    height = TOP + HEIGHT + FOOT + len(names) * ROW
    parts = [text(12, 22, title, weight="bold"), text(12, 42, up)]
    for tick in scale.ticks():
        parts.append(text(LEFT - 8, scale.down(tick) + 4, f"{tick:,g}", "end"))
    for number, panel in enumerate(panels):
        parts += of_panel(panel, scale, LEFT + number * (PANEL + GAP), names)
    parts.append(text(LEFT, TOP + HEIGHT + 36, across))
    for number, name in enumerate(names):
        top = TOP + HEIGHT + FOOT + number * ROW - 4
        parts += [line([(LEFT, top), (LEFT + 40, top)], 1, DASHES[number % len(DASHES)]),
                  mark(number, LEFT + 20, top), text(LEFT + 50, top + 4, name)]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>', *parts, "</svg>", ""])
