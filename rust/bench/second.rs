// SPDX-License-Identifier: GPL-2.0

//! Ways to find a socket by its key.

mod allocated;
mod chain;
mod heads;
mod huge;
mod rbtree;
mod rhashtable;
mod trie;
mod xarray;

use self::allocated::allocated;
pub(crate) use self::{
    chain::Chain,
    heads::{AsKernel, Heads, Large, Pages, Piece},
    huge::Huge,
    rbtree::Tree,
    rhashtable::Rhashtable,
    trie::Trie,
    xarray::Radix,
};
