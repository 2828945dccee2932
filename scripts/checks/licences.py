# SPDX-License-Identifier: GPL-2.0
"""Checks the licence lines."""

from checks.sources import PROJECT

# Files that have no comments, and the text of the licence itself.
WITHOUT = {".json", ".lock", ".svg", ".png", ".table"}
NAMES = {"COPYING"}

# The line is the first or, behind the line that names an interpreter, the second.
LINES = 3


def lines(sources):
    """Every file that can have a comment says under which licence it is."""
    missing = []
    for path in sources.files:
        if path.suffix in WITHOUT or path.name in NAMES:
            continue
        with open(path, encoding="utf-8") as file:
            head = [file.readline() for _ in range(LINES)]
        if not any("SPDX-License-Identifier:" in line for line in head):
            missing.append(f"{path.relative_to(PROJECT)}: no SPDX-License-Identifier in the "
                           f"first {LINES} lines")
    return missing
