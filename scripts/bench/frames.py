# SPDX-License-Identifier: GPL-2.0
"""Finds where a function keeps its return address, at each of its instructions.

The kernel has no frame pointers, and user-mode Linux no tables to unwind stacks with. Built with
these it would be another one than that whose time is told. So all ways through a function are gone,
with what each instruction does to the stack pointer, as objtool does it for the kernel.
"""

import re
from collections import Counter
from dataclasses import dataclass, replace

INSTRUCTION = re.compile(
    r"^[ \t]*([0-9a-f]+):[ \t]+(?:(?:notrack|bnd|lock|rep\w*|cs|ds|data16) +)*(\S+)[ \t]*([^#\n]*)",
    re.MULTILINE)
# In a module that is not loaded, where it leads is said apart.
RELOCATION = "R_X86_64_"
TARGET = re.compile(r"([0-9a-f]+) <")
ENDS = re.compile(r"ret|jmp|ud[12]|hlt|iret")
NUMBER = re.compile(r"\$?(-?)(0x[0-9a-f]+)")


@dataclass(frozen=True)
class Frame:
    """The return address is `depth` bytes above the stack pointer; if that is not known, `base`
    bytes above rbp. The caller's rbp is `saved` bytes below it, if it is not in its register."""

    depth: int = 0
    base: int = None
    saved: int = None

    def moved(self, by):
        """The stack pointer has gone down so far."""
        return self if self.depth is None else replace(self, depth=self.depth + by)


@dataclass(frozen=True)
class Instruction:
    """One line of what objdump prints."""

    address: int
    mnemonic: str
    operands: str

    @property
    def target(self):
        """Where it jumps to, if it does and says so."""
        match = self.mnemonic.startswith("j") and TARGET.match(self.operands)
        return int(match[1], 16) if match else None

    @property
    def is_call(self):
        """Whether something returns to behind it."""
        return self.mnemonic.startswith("call")

    @property
    def goes_on(self):
        """Whether the next one may be executed after it."""
        return not ENDS.match(self.mnemonic)


def instructions(text):
    """Those of a function."""
    found = []
    for address, mnemonic, operands in INSTRUCTION.findall(text):
        if not mnemonic.startswith(RELOCATION):
            found.append(Instruction(int(address, 16), mnemonic, operands.strip()))
        elif found[-1].mnemonic.startswith("j"):
            found[-1] = replace(found[-1], operands=operands.strip())
    return found


def number(text):
    """A number as it stands in an operand; without one, 0."""
    match = NUMBER.match(text)
    if not match:
        return 0
    value = int(match[2], 16)
    value -= (value >> 63) << 64
    return -value if match[1] else value


def after(frame, instruction):
    """The frame once the instruction is executed."""
    mnemonic, operands = instruction.mnemonic, instruction.operands
    if mnemonic.startswith("push"):
        frame = frame.moved(8)
        keeps = operands == "%rbp" and frame.saved is None
        return replace(frame, saved=frame.depth) if keeps else frame
    if mnemonic.startswith("pop"):
        if operands == "%rbp":
            frame = replace(frame, base=None, saved=None)
        return frame.moved(-8)
    if mnemonic.startswith("leave"):
        return Frame(None if frame.base is None else frame.base - 8)
    if operands == "%rsp,%rbp" and mnemonic == "mov":
        return replace(frame, base=frame.depth)
    if operands.endswith(",%rsp") and not mnemonic.startswith(("cmp", "test")):
        return replace(frame, depth=depth(frame, mnemonic, operands))
    return frame


def depth(frame, mnemonic, operands):
    """The depth after an instruction that writes the stack pointer; None, if it is not known."""
    source = operands.removesuffix(",%rsp")
    known, by_number = frame.depth is not None, source.startswith("$")
    if mnemonic.startswith("sub") and by_number and known:
        return frame.depth + number(source)
    if mnemonic.startswith("add") and by_number and known:
        return frame.depth - number(source)
    if mnemonic == "lea" and source.endswith("(%rsp)") and known:
        return frame.depth - number(source)
    if mnemonic in ("lea", "mov") and source.endswith(("(%rbp)", "%rbp")):
        is_address = mnemonic == "lea" or source == "%rbp"
        return frame.base - number(source) if is_address and frame.base is not None else None
    return None


def frames(parts):
    """Address -> frame of a function; `parts` are the instructions of each part of it, of which it
    is entered at the first."""
    known, entry = {}, parts[0][0].address
    at = {one.address: one for part in parts for one in part}
    following = {one.address: next_one.address for part in parts
                 for one, next_one in zip(part, part[1:])}
    left, passed_over = [(entry, Frame())], iter(sorted(at))
    while left:
        go_on(*left.pop(), known, left, at, following)
        missing = None if left else next((each for each in passed_over if each not in known), None)
        if missing is not None:
            # Where a table leads, or the kernel after a fault, is not said in the instructions:
            # there it is as almost everywhere in the function.
            left.append((missing, Counter(known.values()).most_common(1)[0][0]))
    return known


def go_on(address, frame, known, left, at, following):
    """From an address until where it has been before, with the branches left for later."""
    while address in at and address not in known:
        known[address] = frame
        one = at[address]
        if one.target is not None:
            left.append((one.target, frame))
        if not one.goes_on:
            return
        frame = after(frame, one)
        address = following.get(address)
