# SPDX-License-Identifier: GPL-2.0
"""Which modules of Rust import one another: none may import one that imports it.

A module is a file and the folder of its name. Modules of one folder are compared: what is in them
belongs together, so a file may import from the one above it, and that from those in its folder.
"""

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from checks.sources import PROJECT

# The folders of both crates, which begin in `*_main.rs` there.
CRATES = (PROJECT / "rust", PROJECT / "rust/bench")

COMMENT = re.compile(r"//.*")
# Not `$crate::`, which a macro says, nor `pub(in crate::...)`, which imports nothing.
PATH = re.compile(r"(?<![\w:$])(?<!in )(?=(?:crate|self|super)::)")
TOKEN = re.compile(r"::\{|::|\w+|\S")


def cycles(sources):
    """For each crate, what imports what in a circle."""
    files = sources.ending(".rs")
    found = []
    for crate in CRATES:
        others = [other for other in CRATES if crate in other.parents]
        texts = {path.relative_to(crate): path.read_text(encoding="utf-8") for path in files
                 if crate in path.parents and not set(others) & set(path.parents)}
        found += [f"{crate.relative_to(PROJECT)}: {line}" for line in circles(texts)]
    return found


def circles(texts):
    """The circles of a crate, one at most of each folder; `texts` is path -> source."""
    modules = {module(path) for path in texts}
    folders = {}
    for path, text in texts.items():
        here = module(path)
        for names in paths(COMMENT.sub("", text)):
            there = absolute(here, names)
            level = shared(here, there)
            if level < min(len(here), len(there)) and there[:level + 1] in modules:
                importers = folders.setdefault(here[:level], {})
                importers.setdefault(here[level], {}).setdefault(there[level], path)
    for folder, imports in sorted(folders.items()):
        try:
            TopologicalSorter(imports).prepare()
        except CycleError as error:
            # What graphlib calls the nodes before one is what that imports.
            circle = error.args[1][::-1]
            yield ", ".join(f"{'::'.join(folder + (one,))} imports {other} ({imports[one][other]})"
                            for one, other in zip(circle, circle[1:]))


def module(path):
    """The names that lead to a file's module: none, to the root of a crate."""
    names = Path(path).with_suffix("").parts
    return () if names[-1].endswith("_main") else names


def paths(text):
    """All paths in a source that say where they begin, each as a list of names."""
    for start in PATH.finditer(text):
        outer, names = [], []
        for token in TOKEN.finditer(text, start.start()):
            token = token[0]
            if token == "::{":
                outer.append(list(names))
            elif token == "," and outer:
                yield names
                names = list(outer[-1])
            elif token == "}" and outer:
                yield names
                names = outer.pop()
            elif re.fullmatch(r"\w+|\*", token):
                names.append(token)
            elif token != "::":
                break
        yield names


def absolute(here, names):
    """Where a path leads, from the root of its crate."""
    if names[0] == "crate":
        return tuple(names[1:])
    base, names = (here, names[1:]) if names[0] == "self" else (here, names)
    while names and names[0] == "super":
        base, names = base[:-1], names[1:]
    return base + tuple(names)


def shared(one, other):
    """How many names two paths have in common, from the beginning."""
    count = 0
    while count < min(len(one), len(other)) and one[count] == other[count]:
        count += 1
    return count
