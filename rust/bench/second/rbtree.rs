// SPDX-License-Identifier: GPL-2.0

//! A red-black tree: the kernel's.

use kernel::{prelude::*, rbtree::RBTree};

use crate::{
    design::Second,
    sockets::{Key, Place, Sockets},
};

/// A tree in the order of the keys, with a node for each socket that has the key in it.
pub(crate) struct Tree {
    tree: RBTree<Key, Place>,
    nodes: usize,
}

/// A node is three words of the tree's, the key at a multiple of its size, and the place.
const NODE: usize = 64;

impl Second for Tree {
    fn new(_: usize) -> Result<Self> {
        Ok(Self {
            tree: RBTree::new(),
            nodes: 0,
        })
    }

    fn insert(&mut self, sockets: &mut Sockets, place: Place) -> Result {
        let key = sockets.at(place)?.key;
        if self.tree.get(&key).is_some() {
            return Err(EEXIST);
        }
        self.tree.try_create_and_insert(key, place, GFP_KERNEL)?;
        self.nodes += 1;
        Ok(())
    }

    fn remove(&mut self, sockets: &mut Sockets, place: Place) -> Result {
        let key = sockets.at(place)?.key;
        if self.tree.get(&key) != Some(&place) {
            return Err(ENOENT);
        }
        self.tree.remove(&key);
        self.nodes -= 1;
        Ok(())
    }

    #[inline(always)]
    fn lookup(&self, _: &Sockets, key: Key) -> Option<Place> {
        self.tree.get(&key).copied()
    }

    fn bytes(&self, _: &Sockets) -> usize {
        self.nodes * NODE
    }
}
