#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Shows which functions take the time of receiving packets, natively: in user-mode Linux.

For each kind of packets there is a table, and a flame graph for each contender in the way. Those of
a kind have one scale, so that one is wider by what its contender adds.
"""

import sys

from bench import breakdown, flame, pages, question, sampled, shares
from bench.figures import KINDS, MODES, NOTHING
from environment import provision
from environment.failure import report
from kernel_module.module import PROJECT

BUILD = PROJECT / "build/profile"


def told(nanoseconds):
    """What a box of a flame graph says of itself."""
    return f"{nanoseconds:,.1f} ns"


def folded(stacks):
    """The stacks as other programs that draw them read them."""
    return "".join(f"{';'.join(name for name, _ in stack)} {number}\n"
                   for stack, number in sorted(stacks.items()))


def pictures(packet, cells):
    """Contender -> flame graph, of one kind of packets."""
    whole = max(cell.received for cell in cells.values())
    return {contender: flame.svg(
        cell.times, f"receiving {packet}, {contender}: {cell.received:,.0f} ns a packet, "
        f"{cell.stacks.total():,} samples", breakdown.is_ours, whole, told)
        for contender, cell in cells.items()}


def show(kind, options, cells):
    """Prints the table, writes flame graphs and stacks; returns the table and the pictures."""
    packet = question.packet(kind, options)
    lines, drawn = list(shares.table(packet, cells)), pictures(packet, cells)
    print("\n".join(lines))
    for contender, picture in drawn.items():
        file = BUILD / f"{kind}-{contender}.svg"
        file.write_text(picture, encoding="utf-8")
        file.with_suffix(".folded").write_text(folded(cells[contender].stacks), encoding="utf-8")
        print(f"flame graph: {file.relative_to(PROJECT)}")
    print()
    return lines, drawn


def record(lines, drawn, figures):
    """Gives the documentation all of it."""
    pages.put("profile.table", lines)
    pages.put_figures("profile", "profile", figures)
    for name, picture in drawn.items():
        (pages.FOLDER / f"profile-{name}.svg").write_text(picture, encoding="utf-8")


def main(arguments):
    """Samples, tells and draws."""
    parser = question.parser(__doc__)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=["udp", "tcp"])
    parser.add_argument("--contenders", nargs="+", choices=question.CONTENDERS,
                        default=[NOTHING, MODES[1], MODES[3]])
    parser.add_argument("--record", action="store_true",
                        help="give the documentation the tables, figures and flame graphs")
    options = parser.parse_args(arguments)
    found = sampled.measured(provision.ready(), options)
    BUILD.mkdir(parents=True, exist_ok=True)
    tables, graphs, figures = [], {}, {}
    for kind in options.kinds:
        cells = {contender: found[kind, contender] for contender in options.contenders}
        lines, drawn = show(kind, options, cells)
        tables += [*lines, ""]
        graphs |= {f"{kind}-{contender}": picture for contender, picture in drawn.items()}
        figures |= {f"{kind} {name}": text for name, text in shares.figures(cells)}
    if options.record:
        record(tables[:-1], graphs, figures)
        print(f"table and flame graphs for the documentation: {pages.FOLDER.relative_to(PROJECT)}")
    return 0


if __name__ == "__main__":
    sys.exit(report(lambda: main(sys.argv[1:])))
