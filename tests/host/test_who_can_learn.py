# SPDX-License-Identifier: GPL-2.0
"""Documentation/uapi.rst says of each name that user space is told who can learn it."""

import re
import unittest
from collections import defaultdict
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[2]
SPECIFICATION = PROJECT / "Documentation/netlink/specs/nsmux.yaml"
TABLE = PROJECT / "Documentation/uapi.rst"
TITLE = "Who can learn what"

PROCFS = "``/proc/net/nsmux``"
# Its columns that are called otherwise as attributes.
OTHER_NAMES = {"demux-other": "dispute-early-demux", "sender-other": "dispute-sender"}


def text(path):
    """What is in a file of the project."""
    return (PROJECT / path).read_text(encoding="utf-8")


def documented():
    """The names in the second column of the table, by what is in the first."""
    _, _, section = TABLE.read_text(encoding="utf-8").partition(f"{TITLE}\n")
    lines = iter(section.splitlines())
    ruler = next(line for line in lines if line.startswith("==") and " " in line)
    first, second = (len(part) for part in ruler.split("  ")[:2])
    next(lines), next(lines)
    names = defaultdict(set)
    where = None
    for line in lines:
        if line == ruler:
            return names
        where = line[:first].strip() or where
        cell = line[first:first + 2 + second]
        names[where] |= set(re.findall(r"``([^`]+)``", cell))
    raise ValueError("the table does not end")


class Specification:
    """What of the specification is told by an answer or an event."""

    def __init__(self):
        parsed = yaml.safe_load(SPECIFICATION.read_text(encoding="utf-8"))
        self.sets = {known["name"]: {attribute["name"]: attribute
                                     for attribute in known["attributes"]}
                     for known in parsed["attribute-sets"]}
        self.answers = defaultdict(set)
        self.events = {}
        for command in parsed["operations"]["list"]:
            place = command["attribute-set"]
            if "event" in command:
                self.events[command["mcgrp"]] = set(command["event"]["attributes"])
            for way in ("do", "dump"):
                for name in command.get(way, {}).get("reply", {}).get("attributes", ()):
                    self.add(place, name)

    def add(self, place, name):
        """An attribute that is told, and what is in it."""
        self.answers[place].add(name)
        inner = self.sets[place][name].get("nested-attributes")
        for nested in self.sets[inner] if inner else ():
            self.add(inner, nested)


class WhoCanLearn(unittest.TestCase):
    """The table against what there is, name by name."""

    def setUp(self):
        self.table = documented()

    def test_answers(self):
        answers = Specification().answers
        self.assertEqual(len(answers), 8)
        for place, names in answers.items():
            self.assertEqual(self.table[f"``{place}``"], names, place)

    def test_events(self):
        events = Specification().events
        self.assertEqual(set(events), {"miss", "namespace"})
        for name, names in events.items():
            self.assertEqual(self.table[f"event ``{name}``"], names, name)

    def test_procfs(self):
        """The counters have rows of their own, but for those that are called otherwise."""
        source = text("rust/uapi/procfs.rs")
        columns = {name for block in re.findall(r"const (?:EVENTS|MODES).*?\];", source, re.S)
                   for name in re.findall(r'"([a-z-]+)"', block)}
        self.assertEqual(len(columns), 19)
        heads = set(re.findall(r'seq_print!\(file, "(\w+) \{\}', source))
        self.assertEqual(self.table[PROCFS], heads | set(OTHER_NAMES))
        self.assertEqual({OTHER_NAMES.get(name, name) for name in columns},
                         self.table["``counters``"] - {"direction", "lookups"})

    def test_sysctl(self):
        names = re.findall(r'name: c"(\w+)"', text("rust/uapi/sysctl.rs"))
        self.assertEqual(self.table["``net.nsmux``"], set(names))

    def test_sysfs(self):
        each = re.search(r"static EACH.*?\];", text("rust/uapi/sysfs.rs"), re.S).group()
        self.assertEqual(self.table["``<device>/nsmux/``"], set(re.findall(r'c"([a-z-]+)"', each)))

    def test_tracepoint(self):
        fields = re.findall(r"__field\(\w+, (\w+)\)", text("rust/bindings/trace_nsmux.h"))
        self.assertEqual(self.table["``nsmux_lookup``"], set(fields))

    def test_parameters(self):
        """Those of module!, and the one that it cannot declare."""
        declared = re.search(r"params: \{.*?^    \},", text("rust/nsmux_main.rs"), re.S | re.M)
        names = re.findall(r"^        (\w+): u32", declared.group(), re.M)
        by_hand = re.findall(r"module_param_cb\((\w+)", text("rust/bindings/declarations.c"))
        self.assertEqual(self.table["``/sys/module/nsmux``"], {*names, *by_hand})


if __name__ == "__main__":
    unittest.main()
