# SPDX-License-Identifier: GPL-2.0
"""Makes call stacks of samples: registers, and the bytes of the stack."""

from dataclasses import dataclass

# What user-mode Linux calls in the host's C library, as a function that calls none of its own.
HOST = ("host", "")
# So many bytes of the stack the C library may have in use there.
OF_HOST = 1024
WORD = 8


@dataclass(frozen=True)
class Sample:
    """Where the program was, and its stack from the stack pointer on."""

    pointer: int
    stack_pointer: int
    base_pointer: int
    stack: bytes

    def word(self, address):
        """What the stack has at an address; 0, if that is not on it."""
        place = address - self.stack_pointer
        if not 0 <= place <= len(self.stack) - WORD:
            return 0
        return int.from_bytes(self.stack[place:place + WORD], "little")


class Unwinder:
    """Knows all code, and the functions that stacks are of interest from."""

    def __init__(self, codes, outermost):
        self.codes = codes
        self.outermost = outermost
        self.known = {}
        self.calls = {}

    def stack(self, sample):
        """Functions as (name, module), the outermost first; and whether that one was come to."""
        found = []
        stack_pointer, base_pointer = sample.stack_pointer, sample.base_pointer
        here = self.find(sample.pointer)
        if here is None:
            here, stack_pointer = self.caller_of_host(sample)
            found.append(HOST)
        while here:
            function, frame = here
            found.append(function)
            if function[0] in self.outermost:
                return tuple(reversed(found)), True
            if frame.depth is not None:
                slot = stack_pointer + frame.depth
            elif frame.base is not None:
                slot = base_pointer + frame.base
            else:
                break
            if frame.saved is not None:
                base_pointer = sample.word(slot - frame.saved)
            stack_pointer = slot + WORD
            here = self.caller(sample.word(slot))
        return tuple(reversed(found)), False

    def find(self, address):
        """The function that an instruction is in, and its frame there, or nothing."""
        if address not in self.known:
            found = (code.find(address) for code in self.codes)
            self.known[address] = next(filter(None, found), None)
        return self.known[address]

    def caller(self, address):
        """The same for the call that returns to an address."""
        if address not in self.calls:
            found = (code.call_before(address) for code in self.codes)
            place = next(filter(None, found), None)
            self.calls[address] = place and self.find(place)
        return self.calls[address]

    def caller_of_host(self, sample):
        """The same for the first address on the stack that a call returns to, and the stack pointer
        after that."""
        for slot in range(sample.stack_pointer, sample.stack_pointer + OF_HOST, WORD):
            here = self.caller(sample.word(slot))
            if here:
                return here, slot + WORD
        return None, 0
