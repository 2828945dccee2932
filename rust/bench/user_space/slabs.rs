// SPDX-License-Identifier: GPL-2.0

//! Memory as `kmalloc()` gives it: what is of one size lies side by side, in slabs, and at a multiple
//! of its size. Which lines of a cache a table shares with others depends on that.

use core::{
    alloc::{GlobalAlloc, Layout},
    cell::UnsafeCell,
    ptr::null_mut,
};
use kernel::page::PAGE_SIZE;
use std::alloc::System;

use crate::second::allocated;

const SLAB: usize = 8 * PAGE_SIZE;
/// Sizes are powers of two up to a page, and two in between.
const CLASSES: usize = 16;

/// What is left of the slab from which the next object of a size is taken.
#[derive(Clone, Copy)]
struct Slab {
    next: *mut u8,
    left: usize,
}

/// The allocator of the program, which has one thread. What is small is never given back.
pub(crate) struct Slabs(UnsafeCell<[Slab; CLASSES]>);

// SAFETY: There is one thread.
unsafe impl Sync for Slabs {}

impl Slabs {
    pub(crate) const fn new() -> Self {
        let empty = Slab {
            next: null_mut(),
            left: 0,
        };
        Self(UnsafeCell::new([empty; CLASSES]))
    }
}

/// Where the slab of a size is kept.
fn class(size: usize) -> usize {
    match size {
        96 => CLASSES - 1,
        192 => CLASSES - 2,
        _ => size.ilog2() as usize,
    }
}

/// The size that the kernel gives.
fn given(layout: Layout) -> usize {
    allocated(layout.size().max(layout.align()))
}

/// More than a page: in pages of its own.
fn pages(layout: Layout) -> Layout {
    // SAFETY: Neither is 0, a page is a power of two, and no size is near the largest there is.
    unsafe {
        Layout::from_size_align_unchecked(layout.size().next_multiple_of(PAGE_SIZE), PAGE_SIZE)
    }
}

// SAFETY: An object is handed out once, and is as large and as aligned as the layout says: an aligned
// slab is divided into objects of one size, of which powers of two are aligned to themselves.
unsafe impl GlobalAlloc for Slabs {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let size = given(layout);
        if size > PAGE_SIZE {
            // SAFETY: The size is not 0.
            return unsafe { System.alloc(pages(layout)) };
        }
        // SAFETY: There is one thread, which is nowhere else in here.
        let slab = unsafe { &mut (*self.0.get())[class(size)] };
        if slab.left < size {
            // SAFETY: The size is not 0, and a page is a power of two.
            slab.next = unsafe { System.alloc(Layout::from_size_align_unchecked(SLAB, PAGE_SIZE)) };
            if slab.next.is_null() {
                return null_mut();
            }
            slab.left = SLAB;
        }
        let object = slab.next;
        slab.left -= size;
        slab.next = object.wrapping_add(size);
        object
    }

    unsafe fn dealloc(&self, object: *mut u8, layout: Layout) {
        if given(layout) > PAGE_SIZE {
            // SAFETY: It was allocated with this layout, by the caller's promise.
            unsafe { System.dealloc(object, pages(layout)) };
        }
    }
}
