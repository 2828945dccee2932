// SPDX-License-Identifier: GPL-2.0

//! The heads of a hash table's chains in huge pages, which the processor has to know fewer of.

use core::{
    alloc::Layout,
    ptr::{without_provenance_mut, NonNull},
};
use kernel::{
    alloc::{AllocError, Allocator, Flags, NumaNode},
    bindings,
    ffi::{c_int, c_ulong, c_void},
    page::PAGE_SIZE,
    prelude::*,
};

use super::heads::{Array, Source};

// include/linux/vmalloc.h
extern "C" {
    fn vmalloc_huge_node_noprof(size: c_ulong, flags: bindings::gfp_t, node: c_int) -> *mut c_void;
    fn vfree(memory: *const c_void);
}

/// Mapped by huge pages if there are some, and by others if not (`vmalloc_huge()`): as the kernel has
/// the large tables that it makes when it starts.
pub(crate) type Huge = Array<VmallocHuge>;

/// An allocator as the kernel's own. It may wait, whatever the flags say.
pub(crate) struct VmallocHuge;

// SAFETY: What is given comes from the kernel, and is freed once; what is moved is copied before that.
unsafe impl Allocator for VmallocHuge {
    const MIN_ALIGN: usize = PAGE_SIZE;

    unsafe fn realloc(
        old: Option<NonNull<u8>>,
        layout: Layout,
        old_layout: Layout,
        _: Flags,
        _: NumaNode,
    ) -> Result<NonNull<[u8]>, AllocError> {
        if layout.align() > PAGE_SIZE {
            return Err(AllocError);
        }
        let size = layout.size();
        let new = if size > 0 {
            // SAFETY: Nothing is asked of the caller but that it may wait.
            unsafe { vmalloc_huge_node_noprof(size, bindings::GFP_KERNEL, bindings::NUMA_NO_NODE) }
        } else {
            without_provenance_mut(layout.align())
        };
        let new = NonNull::new(new.cast::<u8>()).ok_or(AllocError)?;
        if let Some(old) = old.filter(|_| old_layout.size() > 0) {
            // SAFETY: Both are as large as that, and the new one was not there when the old one was;
            // the old one is from here, and the caller will not use it any more.
            unsafe {
                old.copy_to_nonoverlapping(new, size.min(old_layout.size()));
                vfree(old.as_ptr().cast());
            }
        }
        Ok(NonNull::slice_from_raw_parts(new, size))
    }
}

impl Source for VmallocHuge {
    fn flags() -> Flags {
        GFP_KERNEL
    }

    fn taken(bytes: usize) -> usize {
        bytes.next_multiple_of(PAGE_SIZE)
    }
}
