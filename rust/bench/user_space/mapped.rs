// SPDX-License-Identifier: GPL-2.0

//! Heads that are mapped by huge pages, and heads that are not: as the kernel maps a large table, where
//! user space can ask for either.

use core::{
    ffi::{c_int, c_void},
    ptr::{null_mut, NonNull},
};
use kernel::prelude::*;
use std::fs;

use super::processes::{mmap, MAP_ANONYMOUS, PROT_READ_WRITE};
use crate::{
    second::Heads,
    sockets::{Place, NONE},
};

/// How much a huge page maps.
const HUGE: usize = 2 << 20;

const MAP_PRIVATE: c_int = 2;
const MADV_HUGEPAGE: c_int = 14;
const MADV_NOHUGEPAGE: c_int = 15;

// The C library's, which the standard library is linked with.
extern "C" {
    fn madvise(begin: *mut c_void, bytes: usize, advice: c_int) -> c_int;
    fn munmap(begin: *mut c_void, bytes: usize) -> c_int;
}

/// An array at the begin of a huge page, in a mapping of its own.
///
/// # Invariants
///
/// The heads are initialised, and in the mapping, which is owned and is of so many bytes.
pub(crate) struct Mapped<const IN_HUGE_PAGES: bool> {
    heads: NonNull<[Place]>,
    mapping: *mut c_void,
    bytes: usize,
}

impl<const IN_HUGE_PAGES: bool> Heads for Mapped<IN_HUGE_PAGES> {
    fn new(number: usize) -> Result<Self> {
        let size = (number * size_of::<Place>()).next_multiple_of(HUGE);
        // It may begin anywhere in a huge page.
        let bytes = size + HUGE;
        let flags = MAP_PRIVATE | MAP_ANONYMOUS;
        // SAFETY: A new mapping, anywhere.
        let mapping = unsafe { mmap(null_mut(), bytes, PROT_READ_WRITE, flags, -1, 0) };
        let (advice, before) = match IN_HUGE_PAGES {
            true => (MADV_HUGEPAGE, in_huge_pages()?),
            false => (MADV_NOHUGEPAGE, 0),
        };
        // SAFETY: Nobody else has it. Fails if it was not mapped.
        if unsafe { madvise(mapping, bytes, advice) } != 0 {
            return Err(ENOMEM);
        }
        let begin = mapping.map_addr(|address| address.next_multiple_of(HUGE));
        let first = NonNull::new(begin.cast::<Place>()).ok_or(ENOMEM)?;
        for place in 0..number {
            // SAFETY: So many are mapped.
            unsafe { first.add(place).write(NONE) };
        }
        // INVARIANT: Mapped and written above.
        let mapped = Self {
            heads: NonNull::slice_from_raw_parts(first, number),
            mapping,
            bytes,
        };
        let had = !IN_HUGE_PAGES || in_huge_pages()? >= before + size;
        had.then_some(mapped).ok_or(ENOMEM)
    }

    #[inline(always)]
    fn get(&self, chain: usize) -> Place {
        // SAFETY: By the type invariants.
        let heads = unsafe { self.heads.as_ref() };
        heads.get(chain).copied().unwrap_or(NONE)
    }

    fn get_mut(&mut self, chain: usize) -> Option<&mut Place> {
        // SAFETY: By the type invariants.
        unsafe { self.heads.as_mut() }.get_mut(chain)
    }

    fn bytes(&self) -> usize {
        self.bytes
    }
}

impl<const IN_HUGE_PAGES: bool> Drop for Mapped<IN_HUGE_PAGES> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants, and nobody has a reference to it any more.
        unsafe { munmap(self.mapping, self.bytes) };
    }
}

/// How many bytes this process has in huge pages.
fn in_huge_pages() -> Result<usize> {
    let text = fs::read_to_string("/proc/self/smaps_rollup").map_err(|_| EINVAL)?;
    text.lines()
        .find_map(|line| line.strip_prefix("AnonHugePages:"))
        .and_then(|rest| rest.split_ascii_whitespace().next()?.parse::<usize>().ok())
        .map(|kib| kib << 10)
        .ok_or(EINVAL)
}
