// SPDX-License-Identifier: GPL-2.0

//! Loads of what other processors change, without a call.
//!
//! `Atomic::load()` is a function of C where it is used by a module: a call for each packet.
//!
//! C header: [`include/asm-generic/rwonce.h`](srctree/include/asm-generic/rwonce.h)

use kernel::sync::atomic::{Atomic, AtomicType};

/// What every processor loads at once.
///
/// See the example of [`read_once`].
///
/// # Safety
///
/// A volatile load of it has to be a single one.
pub unsafe trait Word: AtomicType {}

// SAFETY: No larger than a word.
unsafe impl Word for u32 {}
// SAFETY: A word.
unsafe impl Word for usize {}

/// A load without any order, `READ_ONCE()`. Any context.
///
/// # Examples
///
/// ```
/// use crate::net::atomic::read_once;
/// use kernel::sync::atomic::{Atomic, Relaxed};
///
/// static MODE: Atomic<u32> = Atomic::new(0);
///
/// MODE.store(1, Relaxed);
/// assert_eq!(read_once(&MODE), 1);
/// ```
#[inline(always)]
pub fn read_once<T: Word>(atomic: &Atomic<T>) -> T {
    // SAFETY: Valid for reads, and by the requirement of the trait the load is atomic.
    unsafe { atomic.as_ptr().read_volatile() }
}
