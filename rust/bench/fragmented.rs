// SPDX-License-Identifier: GPL-2.0

//! Which tables can be had when memory is free, but not in one piece.
//!
//! All free memory is taken page by page, and given back but for some pages that are equally far apart.
//! So it is known, and the same each time, which pieces there can be; nothing moves such pages away.

use core::ptr::NonNull;
use kernel::{bindings, page::PAGE_SIZE, prelude::*};

use crate::{
    known::DESIGNS,
    second::{AsKernel, Heads, Huge, Large, Pages, Piece},
    sockets::Place,
    workload::Cell,
};

/// The largest pieces that the kernel's allocator has are of so many pages, as a power of two.
const LARGEST: u32 = 10;
/// How large tables are wanted, in the same way; not of two pages, which `kmalloc()` may have left of
/// what it took before.
const SIZES: [u32; 10] = [0, 2, 3, 4, 5, 6, 7, 8, 9, 10];
/// How much a huge page maps.
const HUGE: usize = 2 << 20;
/// How many of one size are to be there at a time.
pub(crate) const TABLES: usize = 8;

/// Many sockets for few namespaces: pieces are as large as they become.
const CROWDED: Cell = Cell {
    namespaces: 4,
    sockets: 4096,
    seed: 2006,
};

/// How many of the tables of one size could be had.
#[derive(Default)]
pub(crate) struct Had {
    pub(crate) bytes: usize,
    /// In one piece or not at all.
    pub(crate) piece: usize,
    /// As the kernel does it today: in one piece, or else mapped.
    pub(crate) kernel_piece: usize,
    pub(crate) kernel_huge: usize,
    pub(crate) kernel_mapped: usize,
    /// Mapped in any case, by huge pages or others.
    pub(crate) huge: usize,
    pub(crate) huge_mapped: usize,
    /// Mapped in any case, by pages.
    pub(crate) mapped: usize,
    /// In pages and a list of these.
    pub(crate) pages: usize,
}

/// What came out.
pub(crate) struct Figures {
    /// Pages that were held meanwhile.
    pub(crate) held: usize,
    pub(crate) sizes: [Had; SIZES.len()],
    /// Whether each design could be made, and filled.
    pub(crate) designs: [bool; DESIGNS.len()],
}

/// Takes up to `most` pages, keeps each whose number is a multiple of `distance`, and looks what can
/// be had. With a distance of 0 none is taken.
pub(crate) fn fragmented(distance: usize, most: usize) -> Result<Figures> {
    let mut held = hold(distance, most)?;
    let mut sizes: [Had; SIZES.len()] = Default::default();
    for (had, order) in sizes.iter_mut().zip(SIZES) {
        take_larger(distance, &mut held)?;
        *had = tables(PAGE_SIZE << order)?;
    }
    let mut designs = [false; DESIGNS.len()];
    for (made, design) in designs.iter_mut().zip(&DESIGNS) {
        // What can have one namespace only is asked for no more.
        let result = (design.fill)(&CROWDED);
        *made = result.is_ok() || result == Err(EDOM);
    }
    Ok(Figures {
        held: held.len(),
        sizes,
        designs,
    })
}

/// Memory from the allocator of pages.
///
/// # Invariants
///
/// The page is the first of so many, and all of them are owned.
struct Held {
    page: NonNull<bindings::page>,
    order: u32,
}

impl Held {
    /// So many pages in one piece, as a power of two. Waits for nobody.
    fn new(order: u32) -> Option<Self> {
        // SAFETY: May be called anywhere where interrupts may be turned on, and with any order.
        let page = unsafe { bindings::alloc_pages(bindings::GFP_NOWAIT, order) };
        // INVARIANT: Just allocated.
        NonNull::new(page).map(|page| Self { page, order })
    }

    /// The number of the first page, but for a large power of two: where there is an array of all
    /// pages, it begins at a multiple of that.
    fn number(&self) -> usize {
        self.page.addr().get() / size_of::<bindings::page>()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: Owned by the type invariants.
        unsafe { bindings::__free_pages(self.page.as_ptr(), self.order) };
    }
}

/// Takes all, and gives back what is in no larger pieces than half of the distance.
fn hold(distance: usize, most: usize) -> Result<VVec<Held>> {
    let mut all = VVec::new();
    if distance == 0 {
        return Ok(all);
    }
    all.reserve(most, GFP_KERNEL)?;
    while all.len() < most {
        let Some(page) = Held::new(0) else { break };
        all.push(page, GFP_NOWAIT)?;
    }
    all.retain(|page| page.number() % distance == 0);
    Ok(all)
}

/// Takes what is in larger pieces all the same: what was left when no page could be had any more, since
/// some memory is for emergencies, and what the kernel has made whole since by moving programs' pages.
fn take_larger(distance: usize, all: &mut VVec<Held>) -> Result {
    if distance > 0 {
        for order in (distance.ilog2()..=LARGEST).rev() {
            while let Some(piece) = Held::new(order) {
                all.push(piece, GFP_NOWAIT)?;
            }
        }
    }
    Ok(())
}

/// Tables of a size, made in each way.
fn tables(bytes: usize) -> Result<Had> {
    let mut had = Had {
        bytes,
        piece: made::<Piece>(bytes)?.len(),
        mapped: made::<Large>(bytes)?.len(),
        pages: made::<Pages>(bytes)?.len(),
        ..Had::default()
    };
    for table in &made::<AsKernel>(bytes)? {
        *if !is_mapped(table.heads()) {
            &mut had.kernel_piece
        } else if has_huge_pages(table.heads()) {
            &mut had.kernel_huge
        } else {
            &mut had.kernel_mapped
        } += 1;
    }
    for table in &made::<Huge>(bytes)? {
        *if has_huge_pages(table.heads()) {
            &mut had.huge
        } else {
            &mut had.huge_mapped
        } += 1;
    }
    Ok(had)
}

/// Whether memory could not be had in one piece.
fn is_mapped(heads: &[Place]) -> bool {
    // SAFETY: Any address may be asked about.
    unsafe { bindings::is_vmalloc_addr(heads.as_ptr().cast()) }
}

/// Whether what is mapped is mapped by huge pages. There is nothing that tells, but addresses of both
/// kinds begin such a page together for no other reason.
fn has_huge_pages(heads: &[Place]) -> bool {
    let begin = heads.as_ptr();
    if size_of_val(heads) < HUGE || begin.addr() % HUGE != 0 {
        return false;
    }
    let last = HUGE - PAGE_SIZE;
    // SAFETY: The memory is mapped at both addresses.
    let (first_page, last_page) = unsafe {
        (
            bindings::vmalloc_to_page(begin.cast()).addr(),
            bindings::vmalloc_to_page(begin.byte_add(last).cast()).addr(),
        )
    };
    let size = size_of::<bindings::page>();
    (first_page / size) % (HUGE / PAGE_SIZE) == 0
        && last_page - first_page == last / PAGE_SIZE * size
}

/// The tables that could be had in one way, all at a time.
fn made<H: Heads>(bytes: usize) -> Result<KVec<H>> {
    let mut tables = KVec::with_capacity(TABLES, GFP_KERNEL)?;
    for _ in 0..TABLES {
        let Ok(table) = H::new(bytes / size_of::<Place>()) else {
            break;
        };
        tables.push(table, GFP_KERNEL)?;
    }
    Ok(tables)
}
