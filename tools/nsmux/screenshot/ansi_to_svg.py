#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Draws a terminal's screen as SVG: `tmux capture-pane -e -p | ansi_to_svg.py > screen.svg`."""

import re
import sys
from html import escape

CELL_WIDTH = 8.4
CELL_HEIGHT = 18
FONT_SIZE = 14
MARGIN = 12

FOREGROUND = "#d8dee9"
BACKGROUND = "#1b1f27"
COLOURS = ["#3b4252", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dee9",
           "#7f8794", "#ff7b86", "#b5e890", "#ffd787", "#82c7ff", "#e09cf2", "#7fdbe5", "#ffffff"]

ESCAPE = re.compile(r"\x1b\[([0-9;]*)m|\x1b\([A-Z]|\x0f")


class Style:
    """How characters look from here on."""

    def __init__(self):
        self.reset()

    def reset(self):
        """As in the beginning."""
        self.colour = FOREGROUND
        self.background = None
        self.bold = False
        self.reversed = False

    def apply(self, codes):
        """Takes in the numbers of an escape sequence."""
        codes = [int(code or 0) for code in codes.split(";")]
        while codes:
            code = codes.pop(0)
            if code == 0:
                self.reset()
            elif code == 1:
                self.bold = True
            elif code == 7:
                self.reversed = True
            elif code in (22, 27):
                self.bold = self.bold and code != 22
                self.reversed = self.reversed and code != 27
            elif 30 <= code <= 37 or 90 <= code <= 97:
                self.colour = COLOURS[code - 30 if code < 90 else code - 82]
            elif code == 39:
                self.colour = FOREGROUND
            elif code == 49:
                self.background = None
            elif code == 38 and codes[:1] == [5]:
                self.colour = COLOURS[codes[1] % len(COLOURS)]
                del codes[:2]
            else:
                raise ValueError(f"an escape sequence that is not known: {code}")

    def look(self):
        """Colour, background and weight."""
        colour, background = self.colour, self.background
        if self.reversed:
            colour, background = background or BACKGROUND, colour
        return colour, background, self.bold


def runs(line, style):
    """The pieces of a line that look the same: column, text and look."""
    column = 0
    place = 0
    for match in list(ESCAPE.finditer(line)) + [None]:
        text = line[place:match.start() if match else None]
        if text:
            yield column, text, style.look()
            column += len(text)
        if match:
            place = match.end()
            if match.group(1) is not None:
                style.apply(match.group(1))


def draw(screen):
    """The whole picture."""
    lines = screen.rstrip("\n").split("\n")
    columns = max(len(ESCAPE.sub("", line)) for line in lines)
    width = columns * CELL_WIDTH + 2 * MARGIN
    height = len(lines) * CELL_HEIGHT + 2 * MARGIN
    style = Style()
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
           f'viewBox="0 0 {width:.0f} {height:.0f}">')
    yield f'<rect width="100%" height="100%" rx="6" fill="{BACKGROUND}"/>'
    yield (f'<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" '
           f'font-size="{FONT_SIZE}">')
    for row, line in enumerate(lines):
        top = MARGIN + row * CELL_HEIGHT
        for column, text, (colour, background, bold) in runs(line, style):
            left = MARGIN + column * CELL_WIDTH
            length = len(text) * CELL_WIDTH
            if background:
                yield (f'<rect x="{left:.1f}" y="{top}" width="{length:.1f}" '
                       f'height="{CELL_HEIGHT}" fill="{background}"/>')
            weight = ' font-weight="bold"' if bold else ""
            # Each word has its place and length, so that columns stay in line with any font.
            for word in re.finditer(r"\S+", text):
                left = MARGIN + (column + word.start()) * CELL_WIDTH
                length = len(word.group()) * CELL_WIDTH
                yield (f'<text x="{left:.1f}" y="{top + FONT_SIZE}" fill="{colour}"{weight} '
                       f'textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs">'
                       f'{escape(word.group())}</text>')
    yield "</g>"
    yield "</svg>"


if __name__ == "__main__":
    print("\n".join(draw(sys.stdin.read())))
