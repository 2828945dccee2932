# SPDX-License-Identifier: GPL-2.0
"""The running kernel's structures, as its BTF describes them.

Format: Documentation/bpf/btf.rst of the kernel.
"""

import struct
from pathlib import Path
from typing import NamedTuple

FOLDER = Path("/sys/kernel/btf")
HEADER, TYPE, MEMBER = (struct.Struct("=HBBIIIII"), struct.Struct("=III"),
                        struct.Struct("=III"))
MAGIC = 0xeb9f
INT, PTR, ARRAY, STRUCT, UNION, ENUM, TYPEDEF = 1, 2, 3, 4, 5, 6, 8
VOLATILE, CONST, RESTRICT, TYPE_TAG = 9, 10, 11, 18
FUNC_PROTO, VAR, DATASEC, DECL_TAG, ENUM64 = 13, 14, 15, 17, 19
# What leads to another type and changes nothing about its layout.
THROUGH = (TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG)
# Where the type of a member may be declared within its structure.
POINTING = (PTR, ARRAY, CONST, VOLATILE)
# How many bytes follow a type: for each of its entries, or in any case.
EACH = {STRUCT: 12, UNION: 12, ENUM: 8, FUNC_PROTO: 8, DATASEC: 12, ENUM64: 12}
ONCE = {INT: 4, ARRAY: 12, VAR: 4, DECL_TAG: 4}


class Member(NamedTuple):
    """A member of a structure: its place in bits, from the beginning."""

    name: str
    type: int
    place: int


class Type(NamedTuple):
    """A type: its size in bytes, or another type that it leads to."""

    kind: int
    name: str
    size_or_type: int
    members: tuple


# What is at place 0, and no type.
NOTHING = Type(0, "", 0, ())


class Btf:
    """The types of the kernel itself, or those of a module besides."""

    def __init__(self, name="vmlinux", base=None):
        data = (FOLDER / name).read_bytes()
        magic, _, _, header, types, length, strings, size = (
            HEADER.unpack_from(data))
        if magic != MAGIC:
            raise ValueError(f"not BTF: {magic:#x}")
        begin = header + strings
        # A module's types and strings are counted on from the kernel's.
        self._strings = ((base._strings if base else b"")
                         + data[begin:begin + size])
        self._types = list(base._types) if base else [NOTHING]
        # The types of the entries of arrays, by the arrays' numbers.
        self._elements = dict(base._elements) if base else {}
        first = len(self._types)
        begin = header + types
        self._read(data[begin:begin + length])
        self._by_name = {}
        for number in range(first, len(self._types)):
            self._note(number)

    def _read(self, data):
        position = 0
        while position < len(data):
            name, info, size_or_type = TYPE.unpack_from(data, position)
            position += TYPE.size
            kind, entries = info >> 24 & 0x1f, info & 0xffff
            length = EACH.get(kind, 0) * entries + ONCE.get(kind, 0)
            members = ()
            if kind in (STRUCT, UNION):
                # With bit fields in it, their widths are in the upper byte.
                mask = 0xffffff if info >> 31 else 0xffffffff
                members = tuple(
                    Member(self._string(member), of, place & mask)
                    for member, of, place in MEMBER.iter_unpack(
                        data[position:position + length]))
            if kind == ARRAY:
                self._elements[len(self._types)], = struct.unpack_from(
                    "=I", data, position)
            position += length
            self._types.append(Type(kind, self._string(name), size_or_type,
                                    members))

    def _note(self, number):
        """A structure has a name of its own, or a type's name leads to it; who
        looks for both means the structure."""
        found = self._types[number]
        shape = self.shape(number)
        if not found.name or not shape:
            return
        if found is shape:
            self._by_name[found.name] = shape
        elif found.kind == TYPEDEF:
            self._by_name.setdefault(found.name, shape)

    def _string(self, offset):
        return self._strings[offset:self._strings.index(0, offset)].decode()

    def shape(self, number):
        """The structure or union that a type is, or None."""
        found = self._types[number]
        while found.kind in THROUGH:
            found = self._types[found.size_or_type]
        return found if found.kind in (STRUCT, UNION) else None

    def inner(self, found):
        """The types without a name that are declared within a structure, in
        their order; for what is no structure, None. Two that are alike are one
        here: what comes behind the second one is left out."""
        seen = {}
        for member in found.members:
            number = member.type
            while self._types[number].kind in POINTING:
                number = self._element(number)
            if not self._types[number].name and self._types[number].kind in (
                    STRUCT, UNION, ENUM, ENUM64):
                if number in seen:
                    break
                seen[number] = self.shape(number)
        return list(seen.values())

    def _element(self, number):
        found = self._types[number]
        return self._elements[number] if found.kind == ARRAY else (
            found.size_or_type)

    def find(self, name):
        """The structure or union of this name, or None."""
        return self._by_name.get(name)
