# SPDX-License-Identifier: GPL-2.0
"""Circles of imports between modules of Rust, in sources that are made up."""

import unittest

from checks import rust_imports


def circles(**sources):
    """What is found in sources; the name of each is its path, with __ for a slash."""
    return list(rust_imports.circles(
        {name.replace("__", "/") + ".rs": text for name, text in sources.items()}))


class CirclesTest(unittest.TestCase):
    """checks.rust_imports.circles"""

    def test_two_files(self):
        """Each imports the other: told with the files that do."""
        self.assertEqual(
            circles(one="use crate::two::Two;", two="use super::one;"),
            ["one imports two (one.rs), two imports one (two.rs)"])

    def test_three_folders(self):
        """A file and its folder are one module, wherever in them it is imported."""
        found, = circles(
            path="", path__verify="use crate::{\n    net::Port,\n    uapi::{log, netlink},\n};",
            uapi="pub(crate) mod log;", uapi__log="use crate::table;\n",
            table="mod tcp;", table__tcp="fn f() { crate::path::HOOKS.len() }")
        for link in ("path imports uapi (path/verify.rs)", "uapi imports table (uapi/log.rs)",
                     "table imports path (table/tcp.rs)"):
            self.assertIn(link, found)

    def test_deeper(self):
        """Files of a folder that is itself in no circle."""
        self.assertEqual(
            circles(net="mod inet;", net__inet="mod v4; mod v6;",
                    net__inet__v4="use super::{super::packet, v6::Six as Other};",
                    net__inet__v6="use crate::net::{inet::{v4, Port}, device};"),
            ["net::inet::v4 imports v6 (net/inet/v4.rs), "
             "net::inet::v6 imports v4 (net/inet/v6.rs)"])

    def test_no_circle(self):
        """One way, above and below, the root, comments, visibility, and what macros say."""
        self.assertEqual(
            circles(nsmux_main="use crate::one::One;",
                    one="mod part;\nuse self::part::Part;\nuse crate::two::{self, Two};",
                    one__part="use super::One; use crate::one::part;",
                    two="/// use crate::one::One;\n// crate::one\npub(in crate::one) fn f() {}\n"
                        "macro_rules! m { () => { $crate::one::f() } }"),
            [])

    def test_end_of_a_path(self):
        """What comes behind a path belongs to no list of names."""
        self.assertEqual(list(rust_imports.paths("f(crate::a::B, two); crate::{c::D, e::{F, *},}")),
                         [["crate", "a", "B"], ["crate", "c", "D"], ["crate", "e", "F"],
                          ["crate", "e", "*"], ["crate", "e"], ["crate"], ["crate"]])


if __name__ == "__main__":
    unittest.main()
