# SPDX-License-Identifier: GPL-2.0
"""Draws stacks as a flame graph, in SVG."""

from html import escape

WIDTH, ROW, LETTER, LEAST = 1600, 17, 6.6, 0.4
OURS, OTHERS = ("#d9480f", "#fd7e14"), ("#a5d8ff", "#d0ebff")


def tree(stacks):
    """Nested: name -> [instructions or time, in it alone, children]."""
    root = [0, 0, {}]
    for stack, number in stacks.items():
        node = root
        node[0] += number
        for function in stack:
            node = node[2].setdefault(function, [0, 0, {}])
            node[0] += number
        node[1] += number
    return root


def depth(node):
    """How many rows."""
    return 1 + max((depth(child) for child in node[2].values()), default=0)


def boxes(node, scale, left, row, height, is_ours, told):
    """The rectangles of the children of a node, and of theirs."""
    for number, (function, child) in enumerate(node[2].items()):
        name, module = function
        width = child[0] * scale
        if width >= LEAST:
            top = height - (row + 1) * ROW
            colour = (OURS if is_ours(module) else OTHERS)[number % 2]
            text = f"{name}{f' [{module}]' if module else ''}: {told(child[0])}"
            if child[2]:
                text += f", {told(child[1])} itself"
            yield (f'<g><title>{escape(text)}</title><rect x="{left:.1f}" y="{top}" '
                   f'width="{width:.1f}" height="{ROW - 1}" fill="{colour}"/>')
            letters = int((width - 4) / LETTER)
            if letters >= 3:
                yield f'<text x="{left + 2:.1f}" y="{top + 12}">{escape(name[:letters])}</text>'
            yield "</g>"
            yield from boxes(child, scale, left, row + 1, height, is_ours, told)
        left += width


def svg(stacks, title, is_ours, whole=None, told=str):
    """The whole picture, as wide as `whole` is, if that is given; `told` makes numbers text."""
    root = tree(stacks)
    height = depth(root) * ROW + 8
    scale = WIDTH / (whole or root[0])
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height + 24}" '
        f'viewBox="0 0 {WIDTH} {height + 24}" font-family="monospace" font-size="11">',
        f'<rect width="{WIDTH}" height="{height + 24}" fill="#fff"/>',
        f'<text x="4" y="14">{escape(title)}</text>',
        '<g transform="translate(0, 20)">',
        *boxes(root, scale, 0, 0, height - 8, is_ours, told), "</g>", "</svg>", ""])
