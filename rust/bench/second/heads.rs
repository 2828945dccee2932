// SPDX-License-Identifier: GPL-2.0

//! Where the heads of a hash table's chains are: four ways to get memory for a large table at run
//! time.
//!
//! "The practical problem with socket lookup is that is a hash table today, allocating the top level
//! of that hash table dynamically at run-time looks problematic, as it is more than a single page."

use kernel::{alloc::flags::__GFP_NOWARN, page::PAGE_SIZE, prelude::*};

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

/// As the kernel has them: contiguous if that much can be had, or else mapped to be (`kvmalloc()`).
pub(crate) struct AsKernel(KVVec<Place>);

impl Heads for AsKernel {
    fn new(number: usize) -> Result<Self> {
        Ok(Self(KVVec::from_elem(NONE, number, GFP_KERNEL)?))
    }

    #[inline(always)]
    fn get(&self, chain: usize) -> Place {
        self.0.get(chain).copied().unwrap_or(NONE)
    }

    fn get_mut(&mut self, chain: usize) -> Option<&mut Place> {
        self.0.get_mut(chain)
    }

    fn bytes(&self) -> usize {
        super::allocated(self.0.len() * size_of::<Place>())
    }
}

impl AsKernel {
    /// All of them.
    pub(crate) fn heads(&self) -> &[Place] {
        &self.0
    }
}

/// In one piece or not at all (`kmalloc()`), and without waiting until memory has been moved: what
/// [`AsKernel`] tries first.
pub(crate) struct Piece(KVec<Place>);

impl Heads for Piece {
    fn new(number: usize) -> Result<Self> {
        let flags = GFP_NOWAIT | __GFP_NOWARN;
        Ok(Self(KVec::from_elem(NONE, number, flags)?))
    }

    #[inline(always)]
    fn get(&self, chain: usize) -> Place {
        self.0.get(chain).copied().unwrap_or(NONE)
    }

    fn get_mut(&mut self, chain: usize) -> Option<&mut Place> {
        self.0.get_mut(chain)
    }

    fn bytes(&self) -> usize {
        super::allocated(self.0.len() * size_of::<Place>())
    }
}

/// Mapped in any case (`vmalloc()`): whole pages, and never more than one in a piece.
pub(crate) struct Large(VVec<Place>);

impl Heads for Large {
    fn new(number: usize) -> Result<Self> {
        Ok(Self(VVec::from_elem(NONE, number, GFP_KERNEL)?))
    }

    #[inline(always)]
    fn get(&self, chain: usize) -> Place {
        self.0.get(chain).copied().unwrap_or(NONE)
    }

    fn get_mut(&mut self, chain: usize) -> Option<&mut Place> {
        self.0.get_mut(chain)
    }

    fn bytes(&self) -> usize {
        (self.0.len() * size_of::<Place>()).next_multiple_of(PAGE_SIZE)
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
