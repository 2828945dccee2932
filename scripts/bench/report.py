# SPDX-License-Identifier: GPL-2.0
"""Writes the report of the designs: its plots, and the figures that its sentences have."""

import re

from bench import at_once, caches, designs_report, fragmented, huge_pages, surroundings
from environment.failure import Failure

# The parts of `make bench` that it is made of.
PARTS = {"designs": designs_report, "fragmented": fragmented, "caches": caches,
         "at-once": at_once, huge_pages.NAME: huge_pages}
NAME = "report.rst"


def used(text):
    """The figures that a text has."""
    return {" ".join(name.split()) for name in re.findall(r"\|([^|]+)\|", text)}


def replaced(results):
    """All figures that a sentence may have: name -> text."""
    found = dict(surroundings.replaced(results["machine"]))
    for name, module in PARTS.items():
        found |= dict(module.replaced(results["parts"][name]))
    return found


def substitutions(names, known):
    """A file that the report includes: what it says is filled in, and not written by hand."""
    yield ".. SPDX-License-Identifier: GPL-2.0"
    yield f".. Written by make bench T='--record {' '.join(PARTS)}'. Do not edit."
    yield ""
    for name in sorted(names):
        if name not in known:
            raise Failure(f"the report has a figure that was not measured: {name}")
        yield f".. |{name}| replace:: {known[name]}"


def write(folder, results):
    """The plots and the figures, into the folder that has the report."""
    for name, module in PARTS.items():
        for plot, picture in module.pictures(results["parts"][name]).items():
            (folder / f"{plot}.svg").write_text(picture, encoding="utf-8")
    wanted = used((folder / NAME).read_text(encoding="utf-8"))
    (folder / "designs-figures.txt").write_text(
        "\n".join(substitutions(wanted, replaced(results))) + "\n", encoding="utf-8")
