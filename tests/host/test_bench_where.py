# SPDX-License-Identifier: GPL-2.0
"""Call stacks that are made of executed addresses, and what is shown of them."""

import unittest
import xml.etree.ElementTree
from collections import Counter

from bench import breakdown, flame, trace
from bench.stacks import Symbols, typical, windows

# A function for each hundred addresses, three of them a module's.
SYMBOLS = [(f"{address:016x}", name, module) for address, name, module in (
    (0x100, "entry", ""), (0x200, "call", ""), (0x300, "net_rx_action", ""),
    (0x400, "hook", "nsmux"), (0x500, "lookup", ""), (0x600, "hook.cold", "nsmux"),
    (0x400, "alias", "nsmux"), (0x700, "thunk", ""))]
ENTRY, CALL, RECEIVE, HOOK = ("entry", ""), ("call", ""), ("net_rx_action", ""), ("hook", "nsmux")
LOOKUP, THUNK = ("lookup", ""), ("thunk", "")


def cut(*addresses):
    """The stacks of all windows."""
    return [window.stacks for window in windows(addresses, Symbols(SYMBOLS), "call", {"entry"})]


class StacksTest(unittest.TestCase):
    """bench.stacks"""

    def test_call_and_return(self):
        """What was called is on top, until the caller goes on."""
        self.assertEqual(
            cut(0x110, 0x200, 0x204, 0x500, 0x504, 0x208, 0x114),
            [Counter({(CALL,): 3, (CALL, LOOKUP): 2})])

    def test_jump_at_the_end(self):
        """A function that another one jumps to returns to that one's caller."""
        self.assertEqual(
            cut(0x200, 0x400, 0x700, 0x704, 0x204, 0x110),
            [Counter({(CALL,): 2, (CALL, HOOK): 1, (CALL, HOOK, THUNK): 2})])

    def test_cold_part(self):
        """What the compiler has moved out is a part of the function."""
        self.assertEqual(
            cut(0x200, 0x400, 0x600, 0x604, 0x404, 0x110),
            [Counter({(CALL,): 1, (CALL, HOOK): 4})])

    def test_called_again(self):
        """A function that is called twice is on the stack once at a time."""
        self.assertEqual(
            cut(0x200, 0x500, 0x204, 0x500, 0x208, 0x110),
            [Counter({(CALL,): 3, (CALL, LOOKUP): 2})])

    def test_only_whole_windows(self):
        """What has begun before the trace did, or ends after it, does not count."""
        self.assertEqual(cut(0x204, 0x500, 0x110, 0x200, 0x110, 0x200, 0x204),
                         [Counter({(CALL,): 1})])

    def test_typical(self):
        """An interrupt makes a window larger."""
        found = windows([0x200, 0x204, 0x500, 0x208, 0x110, 0x200, 0x204, 0x110],
                        Symbols(SYMBOLS), "call", {"entry"})
        self.assertEqual(typical(found).total, 2)

    def test_before_all_symbols(self):
        """An address that is in no function breaks nothing."""
        self.assertEqual(Symbols(SYMBOLS).find(0x10), (("?", ""), False))


class TraceTest(unittest.TestCase):
    """bench.trace"""

    def test_log_of_qemu(self):
        """The address is the second one in the brackets."""
        line = (b"Trace 0: 0x7f3040000100 [0000000000000000/ffffffff81a03e40/0040c0b0/ff022201] \n")
        self.assertEqual(trace.ENTRY.findall(line), [b"ffffffff81a03e40"])

    def test_symbols(self):
        """Functions, and no data; of modules too."""
        text = ("ffffffff81000000 T _stext\nffffffff82000000 D data\n"
                "ffffffffc0200000 t hook\t[nsmux]\n")
        self.assertEqual(trace.SYMBOL.findall(text), [
            ("ffffffff81000000", "_stext", ""), ("ffffffffc0200000", "hook", "nsmux")])


class BreakdownTest(unittest.TestCase):
    """bench.breakdown"""

    def setUp(self):
        self.with_it = Counter({(CALL,): 10, (CALL, LOOKUP): 3, (CALL, RECEIVE): 5,
                                (CALL, RECEIVE, HOOK): 7, (CALL, RECEIVE, HOOK, LOOKUP): 2})
        self.without = Counter({(CALL,): 10, (CALL, RECEIVE): 5})

    def test_ways(self):
        """What is done for a received packet is under the function that receives."""
        self.assertEqual(breakdown.by_function(self.with_it), {
            (CALL, "transmitted"): 10, (LOOKUP, "transmitted"): 3, (RECEIVE, "received"): 5,
            (HOOK, "received"): 7, (LOOKUP, "received"): 2})

    def test_table(self):
        """What differs comes first, the sums last."""
        lines = list(breakdown.table(self.with_it, self.without, ["observe", "off"]))
        self.assertEqual(lines[2].split(), ["hook", "[nsmux]", "7", "·", "·", "·", "+7"])
        self.assertEqual(lines[3].split(), ["lookup", "2", "·", "3", "·", "+5"])
        self.assertEqual(lines[-1].split(), ["all", "14", "5", "13", "10", "+12"])

    def test_names_of_rust(self):
        """Crates and modules are left out."""
        self.assertEqual(
            breakdown.shortened("<nsmux_main[5d3c2f7fe1a0b1c2]::path::receive::Observe as "
                                "nsmux_main::net::netfilter::Receive>::receive"),
            "<receive::Observe as netfilter::Receive>::receive")


class FlameTest(unittest.TestCase):
    """bench.flame"""

    def test_picture(self):
        """It is XML, with a box for each stack as wide as it has instructions."""
        stacks = Counter({(CALL,): 30, (CALL, ("a<b>", "nsmux")): 10})
        root = xml.etree.ElementTree.fromstring(
            flame.svg(stacks, "two < three", lambda module: module == "nsmux"))
        space = "{http://www.w3.org/2000/svg}"
        widths = [float(box.get("width")) for box in root.iter(f"{space}rect")][1:]
        self.assertEqual(widths, [flame.WIDTH, flame.WIDTH / 4])
        titles = [title.text for title in root.iter(f"{space}title")]
        self.assertEqual(titles, ["call: 40, 30 itself", "a<b> [nsmux]: 10"])


if __name__ == "__main__":
    unittest.main()
