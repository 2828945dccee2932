#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Where the module expects the members of the kernel's structures, beside
where the running kernel says that they are.

The one was taken from headers when the module was built, and is in the file of
its bindings; the other is in the kernel's own BTF.
"""

import re
from pathlib import Path

from lib import program
from lib.kernel_btf import FOLDER, Btf
from net.lib.py import KsftSkipEx, cmd, ksft_eq, ksft_ge, ksft_pr

BINDINGS = Path(__file__).with_name("bindings_generated.rs")
HEADER = Path(__file__).with_name("bindings.h")
# Of these, the structures are declared by themselves alone.
MODULES = ("sctp", "vsock", "af_packet")
SIZE = re.compile(r'\["Size of (\w+)"\]\s*\[[^]]*? - (\d+)usize\]')
OFFSET = re.compile(
    r'\["Offset of field: (\w+)::(\w+)"\]\s*\[[^]]*? - (\d+)usize\]')
# What bindgen calls a type that has no name, and a member that has none.
INNER, NAMELESS = "__bindgen_ty_", re.compile(r"__bindgen_anon_(\d+)$")
# Behind the number, the name of a structure that is declared within such a one.
NAMED = re.compile(r"\d+_(\w+)$")
# A place that C has computed: its name, its structure, and the way to it.
CONSTANT = re.compile(r"(RUST_CONST_\w+) = offsetof\(struct (\w+), ([\w.]+)\)")
VALUE = r"pub const {}: \w+ = (\d+);"
# nsmux's own, and one that bindgen calls by its structure and its member.
UNKNOWN = {"module_functions", "ipv6_devconf_ipv6_stable_secret"}
# Far fewer than there are: that they were understood.
AT_LEAST = 5000


def kernel():
    """All that is known of the kernel and these modules."""
    if not FOLDER.is_dir():
        raise KsftSkipEx("there is no BTF: CONFIG_DEBUG_INFO_BTF")
    if not BINDINGS.exists():
        raise KsftSkipEx(f"{BINDINGS.name} is not there: the tests were "
                         "installed from a tree without a built module")
    base = Btf()
    # One that is built in is not to be loaded, and is in the kernel's own.
    cmd(["modprobe", "-a", *MODULES])
    return [base, *(Btf(name, base) for name in MODULES
                    if (FOLDER / name).exists())]


def find(types, name):
    """The structure that bindgen gives this name, and whose types it is of;
    None if the kernel has none of this name."""
    outer, *path = name.split(INNER)
    if path and (named := NAMED.match(path[-1])):
        return find(types, named[1])
    for btf in types:
        found = btf.find(outer)
        if not found:
            continue
        for number in map(int, path):
            inner = btf.inner(found) if found else []
            found = inner[number - 1] if number <= len(inner) else None
        return found, btf
    return None, None


def place(btf, found, way):
    """Where in a structure a member is, in bytes; None if there is none."""
    name, *rest = way
    for member in found.members:
        if member.name == name:
            inner = btf.shape(member.type) if rest else None
            within = place(btf, inner, rest) if rest else 0
        elif not member.name and btf.shape(member.type):
            within = place(btf, btf.shape(member.type), way)
        else:
            continue
        if within is not None:
            return member.place // 8 + within
    return None


def nameless(found, number):
    """Where the member of that number is, of those without a name."""
    members = [member for member in found.members if not member.name]
    return members[number - 1].place // 8 if number <= len(members) else None


def expected():
    """What the module expects: (structure, member or None for its size)."""
    text = BINDINGS.read_text("utf-8")
    for name, size in SIZE.findall(text):
        yield name, None, int(size)
    for name, member, offset in OFFSET.findall(text):
        yield name, member, int(offset)


def test_bindings():
    """Sizes, and the places of members, of all structures that the bindings
    have: these are more than are used."""
    types = kernel()
    unknown, wrong, right = set(), [], 0
    for name, member, value in expected():
        found, btf = find(types, name)
        if not found:
            unknown.add(name)
            continue
        if member is None:
            told = found.size_or_type
        elif match := NAMELESS.match(member):
            told = nameless(found, int(match[1]))
        else:
            # A keyword of Rust has this at its end.
            told = place(btf, found, [member])
            if told is None:
                told = place(btf, found, [member.removesuffix("_")])
        right += told == value
        if told != value:
            wrong.append((name, member, value, told))
    ksft_pr(f"{right} are where they should be; the kernel does not tell of "
            f"{len(unknown)} structures: {', '.join(sorted(unknown))}")
    ksft_eq(wrong, [])
    ksft_eq({name for name in unknown if INNER not in name} - UNKNOWN, set())
    ksft_ge(right, AT_LEAST)


def test_constants():
    """Places that were computed for the bindings."""
    types = kernel()
    text = BINDINGS.read_text("utf-8")
    told = {}
    for name, structure, way in CONSTANT.findall(HEADER.read_text("ascii")):
        found, btf = find(types, structure)
        told[name] = place(btf, found, way.split(".")) if found else None
    ksft_eq({name: int(re.search(VALUE.format(name), text)[1])
             for name in told}, told)
    ksft_ge(len(told), 1)


if __name__ == "__main__":
    program.run(globals())
