# SPDX-License-Identifier: GPL-2.0
"""The functions of a file as objdump prints them, found by the addresses where they are loaded."""

import bisect
import re
import subprocess
from dataclasses import dataclass
from functools import cached_property

from bench import frames
from bench.stacks import COLD

HEAD = re.compile(r"^([0-9a-f]{16}) <(.+)>:$", re.MULTILINE)
# An instruction is not longer.
LONGEST = 15


@dataclass(frozen=True, eq=False)
class Block:
    """What stands below one name."""

    name: str
    address: int
    end: int
    text: str

    @cached_property
    def instructions(self):
        """All of them."""
        return frames.instructions(self.text)

    @cached_property
    def calls(self):
        """The address behind a call -> the call."""
        behind = [one.address for one in self.instructions[1:]] + [self.end]
        return {address: one for one, address in zip(self.instructions, behind) if one.is_call}


class Code:
    """All blocks, `moved` from where the file has them to where they are loaded."""

    def __init__(self, listing, module="", moved=0):
        self.module = module
        self.moved = moved
        heads = list(HEAD.finditer(listing))
        self.addresses = [int(head[1], 16) for head in heads]
        ends = [head.start() for head in heads[1:]] + [len(listing)]
        self.blocks = [
            Block(head[2], address, following, listing[head.end():end])
            for head, address, following, end in zip(
                heads, self.addresses, [*self.addresses[1:], None], ends)]
        self.by_name = {}
        for block in self.blocks:
            self.by_name.setdefault(block.name, []).append(block)
        self.known = {}

    @classmethod
    def of_file(cls, environment, path, *arguments):
        """That of a kernel or a module. What is not in its main section is run once, or linked
        in from elsewhere."""
        return cls(environment.root.run(
            ["objdump", "--disassemble", "--reloc", "--no-show-raw-insn", "--section=.text", path],
            stdout=subprocess.PIPE).stdout.decode(), *arguments)

    def find(self, address):
        """Name, module and frame of the function that has an instruction at an address, or
        nothing."""
        block = self.block(address)
        if block is None:
            return None
        function = self.whole(block)
        frame = self.frames(function).get(address - self.moved)
        return frame and ((function.name, self.module), frame)

    def call_before(self, address):
        """The address of the call that returns to an address, or nothing."""
        block = self.block(address - 1)
        call = block and block.calls.get(address - self.moved)
        return call and call.address + self.moved

    def block(self, address):
        """The block that an address is in, or nothing."""
        place = bisect.bisect_right(self.addresses, address - self.moved) - 1
        if place < 0:
            return None
        block = self.blocks[place]
        return block if block.end or self.is_within(block, address - self.moved) else None

    @staticmethod
    def is_within(block, address):
        """Whether the last block has an address."""
        return bool(block.instructions) and address < block.instructions[-1].address + LONGEST

    def frames(self, block):
        """Address -> frame of a function with all its parts."""
        if block.address not in self.known:
            parts = [part.instructions for part in (block, *self.cold_parts(block))
                     if part.instructions]
            self.known[block.address] = frames.frames(parts) if parts else {}
        return self.known[block.address]

    def cold_parts(self, block):
        """What the compiler has moved out of a function."""
        targets = {self.block(one.target + self.moved) for one in block.instructions
                   if one.target is not None}
        return [part for part in targets if part and part.name == block.name + COLD]

    def whole(self, block):
        """The function, if it is a part that was moved out."""
        if not block.name.endswith(COLD):
            return block
        candidates = self.by_name.get(block.name.removesuffix(COLD), [])
        return next((each for each in candidates if block in self.cold_parts(each)), block)
