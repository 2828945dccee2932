// SPDX-License-Identifier: GPL-2.0

//! The kernel's hash table that grows and shrinks with what is in it.
//!
//! C header: [`include/linux/rhashtable.h`](srctree/include/linux/rhashtable.h)

use core::ptr::NonNull;
use kernel::{error::to_result, ffi::c_int, prelude::*, types::Opaque};

use crate::{
    design::Second,
    sockets::{Key, Place, Sockets, NONE},
};

/// `struct rhashtable`, which only C looks into.
#[repr(transparent)]
struct Nodes(Opaque<u8>);

// `nodes.c`
extern "C" {
    fn nsmux_bench_nodes_new(expected: usize) -> *mut Nodes;
    fn nsmux_bench_nodes_free(table: *mut Nodes);
    fn nsmux_bench_nodes_insert(table: *mut Nodes, key: *const u64, place: usize) -> c_int;
    fn nsmux_bench_nodes_remove(table: *mut Nodes, key: *const u64, place: usize) -> c_int;
    fn nsmux_bench_nodes_lookup(table: *mut Nodes, key: *const u64) -> usize;
    fn nsmux_bench_nodes_bytes(table: *mut Nodes) -> usize;
}

/// A table with a node for each socket that has the key in it.
///
/// # Invariants
///
/// The pointer is from `nsmux_bench_nodes_new()`, and owned.
pub(crate) struct Rhashtable(NonNull<Nodes>);

impl Second for Rhashtable {
    fn new(sockets: usize) -> Result<Self> {
        // SAFETY: No requirements; null if there is no memory.
        let table = unsafe { nsmux_bench_nodes_new(sockets) };
        // INVARIANT: Just made.
        Ok(Self(NonNull::new(table).ok_or(ENOMEM)?))
    }

    fn insert(&mut self, sockets: &mut Sockets, place: Place) -> Result {
        let key = words(sockets.at(place)?.key);
        // SAFETY: The table is valid by the type invariants, and the key two words, which are copied
        // (`nsmux_bench_nodes_insert()`).
        to_result(unsafe { nsmux_bench_nodes_insert(self.0.as_ptr(), key.as_ptr(), place) })
    }

    fn remove(&mut self, sockets: &mut Sockets, place: Place) -> Result {
        let key = words(sockets.at(place)?.key);
        // SAFETY: As above; `&mut self` keeps others out (`nsmux_bench_nodes_remove()`).
        to_result(unsafe { nsmux_bench_nodes_remove(self.0.as_ptr(), key.as_ptr(), place) })
    }

    #[inline(always)]
    fn lookup(&self, _: &Sockets, key: Key) -> Option<Place> {
        let key = words(key);
        // SAFETY: The table is valid by the type invariants, and the key two words.
        let place = unsafe { nsmux_bench_nodes_lookup(self.0.as_ptr(), key.as_ptr()) };
        (place != NONE).then_some(place)
    }

    fn bytes(&self, _: &Sockets) -> usize {
        // SAFETY: The table is valid by the type invariants.
        unsafe { nsmux_bench_nodes_bytes(self.0.as_ptr()) }
    }
}

impl Drop for Rhashtable {
    fn drop(&mut self) {
        // SAFETY: The table is valid by the type invariants, and nobody has it after that.
        unsafe { nsmux_bench_nodes_free(self.0.as_ptr()) };
    }
}

/// The key as C has it.
#[inline(always)]
fn words(key: Key) -> [u64; 2] {
    [(key.bits() >> 64) as u64, key.bits() as u64]
}
