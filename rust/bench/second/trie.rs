// SPDX-License-Identifier: GPL-2.0

//! A trie over the bits of the key, path-compressed: a node stands where two keys part.

use kernel::prelude::*;

use crate::{
    design::Second,
    sockets::{Key, Place, Sockets, NONE},
};

/// Where a branch leads to: a node, or a socket if the lowest bit is set. All bits set lead to a
/// socket that there is none of.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Branch(usize);

/// What a branch leads to.
enum To {
    Node(usize),
    Socket(Place),
}

impl Branch {
    const EMPTY: Self = Self(NONE);

    fn to_node(node: usize) -> Self {
        Self(node << 1)
    }

    fn to_socket(place: Place) -> Self {
        Self((place << 1) | 1)
    }

    #[inline(always)]
    fn to(self) -> To {
        if self.0 & 1 == 0 {
            To::Node(self.0 >> 1)
        } else {
            To::Socket(self.0 >> 1)
        }
    }
}

/// Two keys part at a bit; above it, all keys below the node are the same.
struct Node {
    branches: [Branch; 2],
    /// The bit, from the lowest.
    bit: u32,
}

/// The trie. Its nodes are in one array, so that a branch takes a word and no pointer is followed
/// that is not checked.
pub(crate) struct Trie {
    root: Branch,
    nodes: KVVec<Node>,
    /// The first node that is not used; its first branch leads to the next.
    free: Branch,
}

#[inline(always)]
fn side(key: Key, bit: u32) -> usize {
    (key.bits() >> bit) as usize & 1
}

impl Trie {
    /// The one socket that may have the key: below each node, only one side can.
    #[inline(always)]
    fn candidate(&self, key: Key) -> Option<Place> {
        let mut branch = self.root;
        loop {
            match branch.to() {
                To::Socket(place) => return Some(place),
                To::Node(node) => {
                    let node = self.nodes.get(node)?;
                    branch = node.branches[side(key, node.bit)];
                }
            }
        }
    }

    /// The branch on the way to the key that leads to no node which is `above` it.
    fn branch_mut(&mut self, key: Key, above: impl Fn(&Node) -> bool) -> Option<&mut Branch> {
        let mut from = None;
        let mut branch = self.root;
        while let To::Node(place) = branch.to() {
            let node = self.nodes.get(place)?;
            if !above(node) {
                break;
            }
            let side = side(key, node.bit);
            from = Some((place, side));
            branch = node.branches[side];
        }
        match from {
            None => Some(&mut self.root),
            Some((place, side)) => Some(&mut self.nodes.get_mut(place)?.branches[side]),
        }
    }

    /// A place for one more node.
    fn make(&mut self, node: Node) -> Result<usize> {
        if let To::Node(place) = self.free.to() {
            let free = self.nodes.get_mut(place).ok_or(EINVAL)?;
            self.free = core::mem::replace(free, node).branches[0];
            return Ok(place);
        }
        self.nodes.push(node, GFP_KERNEL)?;
        Ok(self.nodes.len() - 1)
    }
}

impl Second for Trie {
    fn new(sockets: usize) -> Result<Self> {
        Ok(Self {
            root: Branch::EMPTY,
            nodes: KVVec::with_capacity(sockets, GFP_KERNEL)?,
            free: Branch::EMPTY,
        })
    }

    fn insert(&mut self, sockets: &mut Sockets, place: Place) -> Result {
        let key = sockets.at(place)?.key;
        let leaf = Branch::to_socket(place);
        let Some(nearest) = self.candidate(key).and_then(|place| sockets.get(place)) else {
            self.root = leaf;
            return Ok(());
        };
        let different = nearest.key.bits() ^ key.bits();
        let Some(bit) = different.checked_ilog2() else {
            return Err(EEXIST);
        };
        let mut branches = [leaf; 2];
        let other = 1 - side(key, bit);
        branches[other] = *self.branch_mut(key, |node| node.bit > bit).ok_or(EINVAL)?;
        let node = self.make(Node { branches, bit })?;
        *self.branch_mut(key, |node| node.bit > bit).ok_or(EINVAL)? = Branch::to_node(node);
        Ok(())
    }

    fn remove(&mut self, sockets: &mut Sockets, place: Place) -> Result {
        let key = sockets.at(place)?.key;
        let leaf = Branch::to_socket(place);
        if self.root == leaf {
            self.root = Branch::EMPTY;
            return Ok(());
        }
        if self.candidate(key) != Some(place) {
            return Err(ENOENT);
        }
        // The node above the socket goes with it, and its other side takes its place.
        let branch = self
            .branch_mut(key, |node| node.branches[side(key, node.bit)] != leaf)
            .ok_or(EINVAL)?;
        let parent = *branch;
        let To::Node(node) = parent.to() else {
            return Err(EINVAL);
        };
        let (bit, branches) = {
            let node = self.nodes.get(node).ok_or(EINVAL)?;
            (node.bit, node.branches)
        };
        let other = branches[1 - side(key, bit)];
        let branch = self
            .branch_mut(key, |node| node.branches[side(key, node.bit)] != leaf)
            .ok_or(EINVAL)?;
        *branch = other;
        let free = core::mem::replace(&mut self.free, parent);
        self.nodes.get_mut(node).ok_or(EINVAL)?.branches[0] = free;
        Ok(())
    }

    #[inline(always)]
    fn lookup(&self, sockets: &Sockets, key: Key) -> Option<Place> {
        let place = self.candidate(key)?;
        (sockets.get(place)?.key == key).then_some(place)
    }

    fn bytes(&self, _: &Sockets) -> usize {
        super::allocated(self.nodes.capacity() * size_of::<Node>())
    }
}
