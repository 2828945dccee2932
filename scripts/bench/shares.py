# SPDX-License-Identifier: GPL-2.0
"""Shows which functions take the time of receiving packets, by contender."""

import math
from collections import Counter

from bench.breakdown import NAME, COLUMN, is_ours, row

# Functions are told that are among so many with the most time of their own, and those of nsmux that
# have so much of it, as a part.
MOST, OURS = 12, 0.003
SELF, TOTAL = "self", "total"


def by_function(stacks):
    """Function -> its own part, and that with all it has called, of all that is in the stacks."""
    own, total = Counter(), Counter()
    for stack, number in stacks.items():
        own[stack[-1]] += number
        for function in set(stack):
            total[function] += number
    whole = stacks.total()
    return {function: {SELF: own[function] / whole, TOTAL: total[function] / whole}
            for function in total}


def below_ours(stacks):
    """The part that is in modules that are measured, and in what they have called."""
    ours = sum(number for stack, number in stacks.items()
               if any(is_ours(module) for _, module in stack))
    return ours / stacks.total()


def percent(share):
    """A share, as text."""
    return f"{100 * share:.1f}" if share else ""


def uncertain(stacks):
    """By how much the share of a function may differ by chance, in 95 of 100 cases."""
    number = stacks.total()
    return max(1.96 * math.sqrt(share * (1 - share) / number)
               for share in (shares[SELF] for shares in by_function(stacks).values()))


def chosen(found):
    """The functions that are told, those with the most time first."""
    nothing = {SELF: 0, TOTAL: 0}

    def most(function):
        return max(shares.get(function, nothing)[SELF] for shares in found)

    functions = sorted({function for shares in found for function in shares}, key=most,
                       reverse=True)
    return [function for place, function in enumerate(functions)
            if place < MOST or is_ours(function[1]) and most(function) >= OURS]


def head(first, texts):
    """A line with one text for each contender."""
    return f"{first:<{NAME}}" + "".join(f"{text:>{2 * COLUMN}}" for text in texts)


def table(packet, cells):
    """What a person is shown; `cells` are those of one kind of packets, by contender."""
    found = [by_function(cell.stacks) for cell in cells.values()]
    yield head(f"receiving: {packet}", cells)
    yield head("nanoseconds a packet",
               [f"{cell.received:,.0f}" for cell in cells.values()])
    yield head("% in hooks and below them",
               [percent(below_ours(cell.stacks)) or "·" for cell in cells.values()])
    yield f"{'% in functions':<{NAME}}" + f"{SELF:>{COLUMN}}{TOTAL:>{COLUMN}}" * len(cells)
    for function in chosen(found):
        yield row(function, [percent(shares[function][key]) if function in shares else ""
                             for shares in found for key in (SELF, TOTAL)])
    taken = sum(cell.stacks.total() for cell in cells.values())
    lost = sum(cell.lost for cell in cells.values()) / sum(cell.samples for cell in cells.values())
    yield (f"{taken:,} samples; by chance a share may be wrong by "
           f"{100 * max(uncertain(cell.stacks) for cell in cells.values()):.1f}; "
           f"{100 * lost:.2f} % of all stacks led nowhere")


def figures(cells):
    """Figures by the names that texts have for them; of one kind of packets."""
    for contender, cell in cells.items():
        yield f"{contender} ns", f"{cell.received:,.0f}"
        yield f"{contender} below hooks", percent(below_ours(cell.stacks)) or "0"
        for (name, module), shares in by_function(cell.stacks).items():
            if not module:
                yield f"{contender} {name}", percent(shares[TOTAL])
