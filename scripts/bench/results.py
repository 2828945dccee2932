# SPDX-License-Identifier: GPL-2.0
"""The file with all figures: Documentation/performance/time.rst describes what is in it."""

import json

from bench import surroundings

SCHEMA = 2


class Results:
    """What was measured, written down after each part."""

    def __init__(self, file):
        self.file = file
        self.contents = {"schema": SCHEMA, "machine": surroundings.machine(), "parts": {}}

    @property
    def parts(self):
        """Name -> figures."""
        return self.contents["parts"]

    def add(self, name, part):
        """One more part."""
        self.parts[name] = part
        self.contents["machine"]["load"].append(surroundings.load())
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps(self.contents, indent=1) + "\n", encoding="utf-8")
