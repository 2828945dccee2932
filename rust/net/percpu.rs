// SPDX-License-Identifier: GPL-2.0

//! Counters with a copy for each processor.
//!
//! C header: [`include/linux/percpu.h`](srctree/include/linux/percpu.h)

use core::ptr::NonNull;
use kernel::{alloc::AllocError, ffi::c_ulong};

use crate::bindings;

/// `N` counters for each processor, at first 0.
///
/// Counting is a single instruction where the processor has one for it, and otherwise what
/// `this_cpu_inc()` is there: safe against interrupts, bottom halves and a move to another
/// processor in the middle of it, without a lock. A counter is as wide as a word, as those of the
/// kernel's own network statistics are.
///
/// # Examples
///
/// ```
/// use crate::net::percpu::PerCpu;
///
/// let counters = PerCpu::<2>::new()?;
/// counters.increment(0);
/// counters.increment(0);
/// assert_eq!(counters.sum(0), 2);
/// assert_eq!(counters.sum(1), 0);
/// # Ok::<(), Error>(())
/// ```
///
/// # Invariants
///
/// The pointer is a per-CPU allocation of `[c_ulong; N]`, and owned.
#[repr(transparent)]
pub struct PerCpu<const N: usize>(NonNull<c_ulong>);

// SAFETY: The allocation belongs to no thread.
unsafe impl<const N: usize> Send for PerCpu<N> {}
// SAFETY: The counters are changed by per-CPU increments alone, and read with single loads.
unsafe impl<const N: usize> Sync for PerCpu<N> {}

impl<const N: usize> PerCpu<N> {
    /// Allocates the counters. May sleep.
    pub fn new() -> Result<Self, AllocError> {
        // SAFETY: No requirements; the memory comes zeroed (`pcpu_alloc_noprof()`), and null if there is
        // none, or not of this size.
        let counters = unsafe {
            bindings::pcpu_alloc_noprof(
                size_of::<[c_ulong; N]>(),
                align_of::<c_ulong>(),
                false,
                kernel::bindings::GFP_KERNEL_ACCOUNT,
            )
        };
        // INVARIANT: Just allocated.
        Ok(Self(NonNull::new(counters.cast()).ok_or(AllocError)?))
    }

    /// Adds 1 to a counter of this processor; nothing if there is no such counter. Any context.
    #[inline(always)]
    pub fn increment(&self, counter: usize) {
        if counter < N {
            // SAFETY: By the type invariants, and there are as many.
            unsafe { increment_here(self.0.as_ptr(), counter) };
        }
    }

    /// The sum of a counter over all processors that the machine can have; 0 if there is no such
    /// counter. Any context.
    ///
    /// Counting goes on meanwhile: two sums that are taken one after the other need not belong
    /// together.
    pub fn sum(&self, counter: usize) -> c_ulong {
        let Some(counter) = self.address(counter) else {
            return 0;
        };
        // SAFETY: By the type invariants the address is that of a per-CPU counter.
        unsafe { bindings::rust_helper_percpu_sum(counter) }
    }

    fn address(&self, counter: usize) -> Option<*mut c_ulong> {
        (counter < N).then(|| self.0.as_ptr().wrapping_add(counter))
    }
}

impl<const N: usize> Drop for PerCpu<N> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants; whoever drops it has the only reference.
        unsafe { bindings::free_percpu(self.0.as_ptr().cast()) };
    }
}

/// `this_cpu_inc()` as the instruction that it is, with which C would be a call away.
///
/// # Safety
///
/// `counters` must be a per-CPU address of more counters than `counter`.
#[cfg(all(CONFIG_X86_64, CONFIG_SMP, not(CONFIG_UML)))]
#[inline(always)]
unsafe fn increment_here(counters: *mut c_ulong, counter: usize) {
    // SAFETY: By the safety requirement. A per-CPU address is relative to GS (`__percpu_seg`),
    // and a single instruction is not interrupted in the middle.
    unsafe {
        core::arch::asm!(
            "inc qword ptr gs:[{} + 8 * {}]",
            in(reg) counters,
            in(reg) counter,
            options(nostack),
        );
    }
}

/// `this_cpu_inc()`, called.
///
/// # Safety
///
/// `counters` must be a per-CPU address of more counters than `counter`.
#[cfg(not(all(CONFIG_X86_64, CONFIG_SMP, not(CONFIG_UML))))]
#[inline(always)]
unsafe fn increment_here(counters: *mut c_ulong, counter: usize) {
    // SAFETY: By the safety requirement.
    unsafe { bindings::rust_helper_this_cpu_inc(counters.wrapping_add(counter)) };
}
