// SPDX-License-Identifier: GPL-2.0

//! What there is to be asked about: every design, and every way to keep names.

use kernel::prelude::*;

use crate::{
    cold::{self, cold},
    design::{Design, Global, Mux},
    first::{Exceptions, Hash, Noop, Pointer},
    measure::{beside, measure, Figures},
    mixed::{self, mixed},
    names::{self, Filter, Keyed},
    random::Random,
    second::{AsKernel, Chain, Large, Pages, Radix, Rhashtable, Tree, Trie},
    trial::{trial, Verdict},
    workload::{filled, Cell},
};

/// A design, and what can be asked about it.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    pub(crate) trial: fn(u64) -> Result<Verdict>,
    pub(crate) measure: fn(&Cell) -> Result<Figures>,
    pub(crate) beside: fn(usize, u64) -> Result<u64>,
    pub(crate) mixed: fn(&Cell) -> Result<[u64; mixed::PERCENT.len()]>,
    pub(crate) cold: fn(&Cell) -> Result<cold::Figures>,
    /// Makes it with all sockets, and ends it.
    pub(crate) fill: fn(&Cell) -> Result,
}

const fn known<D: Design>(name: &'static str) -> Known {
    Known {
        name,
        trial: trial::<D>,
        measure: measure::<D>,
        beside: beside::<D>,
        mixed: mixed::<D>,
        cold: cold::<D>,
        fill: fill::<D>,
    }
}

fn fill<D: Design>(cell: &Cell) -> Result {
    filled::<D>(cell, &mut Random::new(cell.seed)).map(|_| ())
}

/// All of them: first level, second level.
pub(crate) const DESIGNS: [Known; 13] = [
    known::<Mux<Noop, Chain<AsKernel>>>("noop/chain"),
    known::<Global<Chain<AsKernel>>>("global/chain"),
    known::<Mux<Pointer, Chain<AsKernel>>>("pointer/chain"),
    known::<Mux<Hash, Chain<AsKernel>>>("hash/chain"),
    known::<Mux<Exceptions, Chain<AsKernel>>>("stash/chain"),
    known::<Mux<Pointer, Chain<Large>>>("pointer/large"),
    known::<Mux<Pointer, Chain<Pages>>>("pointer/pages"),
    known::<Mux<Pointer, Rhashtable>>("pointer/rhashtable"),
    known::<Mux<Pointer, Radix>>("pointer/xarray"),
    known::<Mux<Pointer, Tree>>("pointer/rbtree"),
    known::<Mux<Pointer, Trie>>("pointer/trie"),
    known::<Global<Rhashtable>>("global/rhashtable"),
    known::<Global<Trie>>("global/trie"),
];

/// A way to keep names.
pub(crate) struct KnownNames {
    pub(crate) name: &'static str,
    pub(crate) trial: fn(u64) -> Result<Verdict>,
    pub(crate) measure: fn(&names::measure::Cell) -> Result<names::measure::Figures>,
}

const fn known_names<N: names::Names>(name: &'static str) -> KnownNames {
    KnownNames {
        name,
        trial: names::trial::trial::<N>,
        measure: names::measure::measure::<N>,
    }
}

/// All of them.
pub(crate) const NAMES: [KnownNames; 3] = [
    known_names::<Filter>("filter"),
    known_names::<Keyed>("keyed"),
    known_names::<names::Mux>("mux"),
];
