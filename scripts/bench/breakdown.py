# SPDX-License-Identifier: GPL-2.0
"""Shows which functions execute the instructions of a packet, with a contender and without."""

import re
import subprocess
from collections import Counter

# What is under this function is done for packets that a device has received.
RECEIVING = "net_rx_action"
WAYS = ("received", "transmitted")
OURS = ("nsmux", "nsmux_contenders")

NAME, COLUMN = 64, 9
# Functions that take as many with as without are told as long as they are among the greatest.
MOST = 25


def is_ours(module):
    """Whether it is a module that is measured."""
    return module in OURS


def by_function(stacks):
    """(function, way) -> its own instructions."""
    counted = Counter()
    for stack, number in stacks.items():
        way = WAYS[0] if any(name == RECEIVING for name, _ in stack) else WAYS[1]
        counted[stack[-1], way] += number
    return counted


def readable(environment, stacks):
    """The same stacks with names of Rust as they were written, and short."""
    names = sorted({name for stack in stacks for name, _ in stack})
    told = environment.root.run(
        ["c++filt", "-s", "rust", *names], stdout=subprocess.PIPE).stdout.decode().splitlines()
    new = {name: shortened(text) if text != name else name for name, text in zip(names, told)}
    return Counter({tuple((new[name], module) for name, module in stack): number
                    for stack, number in stacks.items()})


def shortened(name):
    """A path of Rust without the crate, and with no more than the names of its types."""
    name = re.sub(r"\[[0-9a-f]{8,}\]|nsmux_main::", "", name)
    return re.sub(r"\b(?:\w+::)+(?=\w+::\w)", "", name)


def row(function, numbers):
    """One line."""
    name, module = function
    text = f"{name} [{module}]" if module else name
    if len(text) > NAME - 1:
        text = f"{text[:NAME - 4]}..."
    return f"{text:<{NAME}}" + "".join(f"{number or '·':>{COLUMN}}" for number in numbers)


def table(with_it, without, names):
    """All functions that differ or that are ours, and the greatest of the others."""
    counted = [by_function(with_it), by_function(without)]
    functions = {function for part in counted for function, _ in part}

    def numbers(function):
        return [part[function, way] for way in WAYS for part in counted]

    def more(function):
        received, received_without, sent, sent_without = numbers(function)
        return received + sent - received_without - sent_without

    yield f"{'':<{NAME}}" + "".join(f"{way:>{2 * COLUMN}}" for way in WAYS)
    yield f"{'':<{NAME}}" + "".join(f"{name[:COLUMN - 1]:>{COLUMN}}" for name in names * len(WAYS))
    differing = sorted((function for function in functions if more(function)), key=more,
                       reverse=True)
    same = sorted(functions - set(differing), key=lambda function: -sum(numbers(function)))
    for function in differing:
        yield f"{row(function, numbers(function))}{more(function):>+{COLUMN},}"
    yield from (row(function, numbers(function)) for function in same[:MOST])
    rest = [sum(column) for column in zip([0] * 4, *map(numbers, same[MOST:]))]
    yield row((f"{len(same[MOST:])} more functions, which do not differ", ""), rest)
    total = [sum(column) for column in zip(*map(numbers, functions))]
    yield (f"{row(('all', ''), total)}"
           f"{total[0] + total[2] - total[1] - total[3]:>+{COLUMN},}")
