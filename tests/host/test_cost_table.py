# SPDX-License-Identifier: GPL-2.0
"""What the documentation says that packets cost: the table, the record and the README agree."""

import re
import unittest

from bench import figures as f
from bench import recorded, table
from kernel_module.module import PROJECT

README = PROJECT / "README.md"

# The rows of the README and those of the table.
ROWS = {
    "nothing in the way, or mode `off`": "nothing in the way",
    "empty netfilter hooks, both ways": "empty hooks, both ways",
    "netfilter's `nf_sk_lookup_slow_v4()` in a hook, received only": "C: nf_sk_lookup_slow, rec.",
    "the common path of `observe`, in C": "C: as observe",
    "BPF: `bpf_sk_lookup_udp()`, `bpf_skc_lookup_tcp()` from tc, received only":
        "BPF: bpf_sk_lookup in tc",
    "nft `socket mark 1 counter`, both ways": "nft: socket mark, both",
    "**nsmux `observe`**": "nsmux observe",
    "**nsmux `verify`**": "nsmux verify",
    "**nsmux `steer`**": "nsmux steer",
}


def shown():
    """way -> row -> its figures as they are written, IPv4 and then IPv6 in the order of KINDS."""
    found, way = {}, None
    for text in recorded.TABLE.read_text(encoding="utf-8").splitlines():
        name = text[:table.FIRST].strip()
        cells = text[table.FIRST:].split()
        if cells[:1] == ["IPv4"]:
            way = found.setdefault(name, {})
        elif name and way is not None and len(cells) == len(f.FAMILIES) * len(f.KINDS):
            way[name] = cells
    return found


class CostTableTest(unittest.TestCase):
    """Documentation/performance/instructions.table"""

    def test_record(self):
        """make bench-record has written both, at one time."""
        record = recorded.read()["cost"]
        for way in f.WAYS:
            for mode in f.MODES:
                cells = iter(shown()[way][f"nsmux {mode}"])
                for family in f.FAMILIES:
                    for kind in f.KINDS:
                        name = f"{mode}: {f.cell(kind, family, way)}"
                        figure = float(next(cells).replace(",", ""))
                        self.assertLess(abs(figure - record[name]), 0.51, f"{name}; run "
                                        "make bench-record, which writes record and table")

    def test_readme(self):
        """The README has two columns of it, of packets over loopback."""
        rows = dict(re.findall(r"^\| (.+?) \| ([+\d,]+ \| [+\d,]+) \|$",
                               README.read_text(encoding="utf-8"), re.MULTILINE))
        self.assertEqual(set(rows), set(ROWS))
        for name, row in ROWS.items():
            cells = dict(zip(f.KINDS, shown()[f.LOOPBACK][row]))
            self.assertEqual(rows[name].split(" | "), [cells["udp"], cells["tcp"]], name)


if __name__ == "__main__":
    unittest.main()
