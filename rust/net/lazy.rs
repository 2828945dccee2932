// SPDX-License-Identifier: GPL-2.0

//! A value that is not there until it is first needed.
//!
//! `kernel::sync::SetOnce` is the same for what does not fail to be made; its reader calls a function of
//! C for the acquiring load, which is too much on the path of a packet.

use core::{cell::UnsafeCell, ptr::null_mut};
use kernel::{
    prelude::*,
    sync::atomic::{Atomic, Full},
};

/// A `T` that is made once, and from then on there until this is dropped.
///
/// # Examples
///
/// ```
/// use crate::net::lazy::Lazy;
///
/// let lazy = Lazy::empty();
/// assert!(lazy.get().is_none());
/// lazy.make(|| KBox::pin_init(1, GFP_KERNEL))?;
/// // It is there already.
/// lazy.make(|| KBox::pin_init(2, GFP_KERNEL))?;
/// assert_eq!(lazy.get(), Some(&1));
/// # Ok::<(), Error>(())
/// ```
///
/// # Invariants
///
/// The pointer is null, or that of a `Pin<KBox<T>>` that is owned, and then it never changes.
pub struct Lazy<T>(UnsafeCell<*mut T>);

// SAFETY: It owns a `T`, or nothing.
unsafe impl<T: Send> Send for Lazy<T> {}
// SAFETY: A shared one gives shared references to `T`, and takes a `T` from whoever is first; the
// pointer is changed by an atomic operation, once.
unsafe impl<T: Send + Sync> Sync for Lazy<T> {}

impl<T> Lazy<T> {
    /// Not there.
    pub const fn empty() -> Self {
        // INVARIANT: Null.
        Self(UnsafeCell::new(null_mut()))
    }

    /// Makes the value, if it is not there. May sleep, if `make` does.
    pub fn make<E>(&self, make: impl FnOnce() -> Result<Pin<KBox<T>>, E>) -> Result<(), E> {
        if self.get().is_some() {
            return Ok(());
        }
        // SAFETY: It stays where it is until it is dropped, below or in `drop`.
        let made = KBox::into_raw(unsafe { Pin::into_inner_unchecked(make()?) });
        // SAFETY: All accesses to the pointer are atomic, or single loads.
        let place = unsafe { Atomic::from_ptr(self.0.get()) };
        // INVARIANT: Null before, and owned by `self` from now on.
        if place.cmpxchg(null_mut(), made, Full).is_err() {
            // Whoever comes second finds it made, and drops its own.
            // SAFETY: Just made, and given to nobody.
            drop(unsafe { KBox::from_raw(made) });
        }
        Ok(())
    }

    /// The value, if it is there. No more than a load of the pointer. Any context.
    #[inline(always)]
    pub fn get(&self) -> Option<&T> {
        // SAFETY: Valid for reads. Volatile as `READ_ONCE()`: who sees the pointer sees what it points
        // to, which depends on it.
        let pointer = unsafe { self.0.get().read_volatile() };
        // SAFETY: By the type invariants it is null, or that of a `T` that lasts as long as `self`.
        unsafe { pointer.as_ref() }
    }
}

impl<T> Drop for Lazy<T> {
    fn drop(&mut self) {
        let pointer = *self.0.get_mut();
        if !pointer.is_null() {
            // SAFETY: By the type invariants it is owned.
            drop(unsafe { KBox::from_raw(pointer) });
        }
    }
}
