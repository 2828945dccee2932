// SPDX-License-Identifier: GPL-2.0

//! Where the heads of a hash table's chains are: ways to get memory for a large table at run
//! time.
//!
//! "The practical problem with socket lookup is that is a hash table today, allocating the top level
//! of that hash table dynamically at run-time looks problematic, as it is more than a single page."

use kernel::{
    alloc::{
        allocator::{KVmalloc, Kmalloc, Vmalloc},
        flags::__GFP_NOWARN,
        Allocator, Flags, Vec,
    },
    page::PAGE_SIZE,
    prelude::*,
};

use crate::sockets::{Place, NONE};

/// The heads of a number of chains, which are empty at first.
pub(crate) trait Heads: Sized {
    fn new(number: usize) -> Result<Self>;

    /// The first socket of a chain.
    fn get(&self, chain: usize) -> Place;

    /// Where that is told.
    fn get_mut(&mut self, chain: usize) -> Option<&mut Place>;

    fn bytes(&self) -> usize;
}

/// An array from one of the kernel's allocators.
pub(crate) struct Array<S: Source>(Vec<Place, S>);

/// How an allocator is asked for an array, and what it gives.
pub(crate) trait Source: Allocator {
    fn flags() -> Flags;

    /// How much it takes for so many bytes.
    fn taken(bytes: usize) -> usize;
}

/// As the kernel has them: contiguous if that much can be had, or else mapped to be (`kvmalloc()`).
pub(crate) type AsKernel = Array<KVmalloc>;

impl Source for KVmalloc {
    fn flags() -> Flags {
        GFP_KERNEL
    }

    fn taken(bytes: usize) -> usize {
        super::allocated(bytes)
    }
}

/// In one piece or not at all (`kmalloc()`), and without waiting until memory has been moved: what
/// [`AsKernel`] tries first.
pub(crate) type Piece = Array<Kmalloc>;

impl Source for Kmalloc {
    fn flags() -> Flags {
        GFP_NOWAIT | __GFP_NOWARN
    }

    fn taken(bytes: usize) -> usize {
        super::allocated(bytes)
    }
}

/// Mapped in any case (`vmalloc()`): whole pages, and never more than one in a piece.
pub(crate) type Large = Array<Vmalloc>;

impl Source for Vmalloc {
    fn flags() -> Flags {
        GFP_KERNEL
    }

    fn taken(bytes: usize) -> usize {
        bytes.next_multiple_of(PAGE_SIZE)
    }
}

impl<S: Source> Heads for Array<S> {
    fn new(number: usize) -> Result<Self> {
        Ok(Self(Vec::from_elem(NONE, number, S::flags())?))
    }

    #[inline(always)]
    fn get(&self, chain: usize) -> Place {
        self.0.get(chain).copied().unwrap_or(NONE)
    }

    fn get_mut(&mut self, chain: usize) -> Option<&mut Place> {
        self.0.get_mut(chain)
    }

    fn bytes(&self) -> usize {
        S::taken(self.0.len() * size_of::<Place>())
    }
}

impl<S: Source> Array<S> {
    /// All of them.
    pub(crate) fn heads(&self) -> &[Place] {
        &self.0
    }
}

/// How many heads are in a page.
const IN_PAGE: usize = 4096 / size_of::<Place>();

/// Single pages, and a list of them: nothing has to be contiguous or mapped.
pub(crate) struct Pages(KVec<KBox<[Place; IN_PAGE]>>);

impl Heads for Pages {
    fn new(number: usize) -> Result<Self> {
        let pages = number.div_ceil(IN_PAGE);
        let mut list = KVec::with_capacity(pages, GFP_KERNEL)?;
        for _ in 0..pages {
            list.push(KBox::new([NONE; IN_PAGE], GFP_KERNEL)?, GFP_KERNEL)?;
        }
        Ok(Self(list))
    }

    #[inline(always)]
    fn get(&self, chain: usize) -> Place {
        match self.0.get(chain / IN_PAGE) {
            Some(page) => page[chain % IN_PAGE],
            None => NONE,
        }
    }

    fn get_mut(&mut self, chain: usize) -> Option<&mut Place> {
        Some(&mut self.0.get_mut(chain / IN_PAGE)?[chain % IN_PAGE])
    }

    fn bytes(&self) -> usize {
        let list = self.0.len() * size_of::<KBox<[Place; IN_PAGE]>>();
        self.0.len() * size_of::<[Place; IN_PAGE]>() + super::allocated(list)
    }
}
