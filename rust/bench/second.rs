// SPDX-License-Identifier: GPL-2.0

//! Ways to find a socket by its key.

mod chain;
mod heads;
mod rbtree;
mod rhashtable;
mod trie;
mod xarray;

pub(crate) use self::{
    chain::Chain,
    heads::{AsKernel, Large, Pages},
    rbtree::Tree,
    rhashtable::Rhashtable,
    trie::Trie,
    xarray::Radix,
};

/// What `kmalloc()` takes for so many bytes.
fn allocated(bytes: usize) -> usize {
    match bytes {
        65..=96 => 96,
        129..=192 => 192,
        _ => bytes.next_power_of_two().max(8),
    }
}
