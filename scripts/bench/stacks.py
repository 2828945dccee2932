# SPDX-License-Identifier: GPL-2.0
"""Makes call stacks of a list of executed addresses.

Nothing but the addresses is known. Execution that comes to the first address of a function was
called there; execution that comes to another function elsewhere has returned to it. A function that
was jumped to at its end stays under the one that jumped, which is what one wants to see.
"""

import bisect
from collections import Counter
from dataclasses import dataclass

UNKNOWN = "?"

# The compiler moves what is rarely executed out of a function, under such names.
COLD = ".cold"


class Symbols:
    """Finds functions by address."""

    def __init__(self, symbols):
        """Of (address in hexadecimal, name, module) each."""
        # Of several names for an address, the first one counts.
        by_address = {}
        for address, name, module in symbols:
            by_address.setdefault(int(address, 16), (name, module))
        self.addresses = sorted(by_address)
        self.names = [by_address[address] for address in self.addresses]

    def find(self, address):
        """Name and module of the function that the address is in, and whether it is its first."""
        place = bisect.bisect_right(self.addresses, address) - 1
        if place < 0:
            return (UNKNOWN, ""), False
        return self.names[place], self.addresses[place] == address


@dataclass
class Window:
    """The instructions of one system call: stack -> how many, with functions as (name, module)."""

    stacks: Counter

    @property
    def total(self):
        """How many instructions."""
        return sum(self.stacks.values())


def windows(addresses, symbols, begin, end):
    """Cuts the trace: from each call of the function `begin` until `end` is come to."""
    cache = {}
    stack, found = None, None
    for address in addresses:
        if address not in cache:
            cache[address] = symbols.find(address)
        function, is_first = cache[address]
        if is_first and function[0] == begin:
            stack, found = [], Counter()
        elif found is not None and function[0] in end:
            yield Window(found)
            stack = found = None
        if found is None:
            continue
        step(stack, function, is_first)
        found[tuple(stack)] += 1


def step(stack, function, is_first):
    """Brings the stack to where an instruction of the function is executed."""
    if stack and stack[-1] == function and not is_first:
        return
    name, module = function
    if COLD in name:
        function = (name.split(COLD)[0], module)
        is_first = False
    if not is_first and function in stack:
        while stack[-1] != function:
            stack.pop()
        return
    stack.append(function)


def typical(found):
    """The window that nothing has disturbed: the smallest."""
    return min(found, key=lambda window: window.total)
