# SPDX-License-Identifier: GPL-2.0
"""Tests of how examples are found in documentation comments, and what has none."""

import unittest

from environment.failure import Failure
from kernel_module import examples

SOURCE = """\
//! ```
//! let module = 1;
//! ```

/// A type.
///
/// # Examples
///
/// ```
/// let shown = 1;
///
/// # let hidden = 2;
/// ```
#[derive(Clone, Copy)]
pub struct Shown;

impl Shown {
    /// See it.
    pub fn method(&self) {}
}

/// Used by another. See the
/// example of [`Shown`].
pub enum Named {}

/// See [`Shown`].
#[repr(C)]
pub struct Bare(u8);
pub fn without_comment() {}

/// The same, otherwise configured.
pub enum Named {}

/// Not public.
pub(super) struct Inner;
"""


class Examples(unittest.TestCase):
    """Each in its own words."""

    def test_code(self):
        """The code without the marks, and where it begins."""
        self.assertEqual(list(examples.examples(SOURCE)), [
            (1, "let module = 1;"),
            (9, "let shown = 1;\n\nlet hidden = 2;"),
        ])

    def test_other_language(self):
        """What would not be compiled is refused."""
        with self.assertRaises(Failure):
            list(examples.examples("/// ```ignore\n/// x\n/// ```\n"))

    def test_without(self):
        """A public item needs an example of its own, or has to name one."""
        self.assertEqual(list(examples.without_example(SOURCE)),
                         [(28, "Bare"), (29, "without_comment")])


if __name__ == "__main__":
    unittest.main()
