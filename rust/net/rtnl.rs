// SPDX-License-Identifier: GPL-2.0

//! The lock under which devices come, go and move: RTNL.
//!
//! C header: [`include/linux/rtnetlink.h`](srctree/include/linux/rtnetlink.h)

use core::{cell::Cell, marker::PhantomData};
use kernel::types::NotThreadSafe;

use crate::bindings;

/// Evidence that the current context holds RTNL for all of `'a`.
///
/// # Examples
///
/// ```
/// use crate::net::rtnl::Rtnl;
///
/// /// What is to be done with the lock held alone takes the evidence as an argument.
/// fn change(name: &mut [u8; 16], to: [u8; 16], _held: Rtnl<'_>) {
///     *name = to;
/// }
/// ```
///
/// # Invariants
///
/// The lock was taken before `'a` began and is not released before `'a` has ended.
#[derive(Clone, Copy)]
pub struct Rtnl<'a>(PhantomData<&'a ()>, NotThreadSafe);

impl Rtnl<'_> {
    /// Takes the caller's word for it.
    ///
    /// # Safety
    ///
    /// The context must hold RTNL for all of the lifetime that the caller chooses.
    pub(super) unsafe fn assume() -> Self {
        // INVARIANT: By the safety requirement.
        Self(PhantomData, NotThreadSafe)
    }
}

/// RTNL, held until this is dropped.
pub(super) struct Guard(NotThreadSafe);

/// Takes the lock, `rtnl_lock()`. May sleep.
pub(super) fn lock() -> Guard {
    // SAFETY: No requirements.
    unsafe { bindings::rtnl_lock() };
    Guard(NotThreadSafe)
}

impl Guard {
    /// Evidence of it.
    pub(super) fn held(&self) -> Rtnl<'_> {
        // INVARIANT: It is held for as long as it is borrowed.
        Rtnl(PhantomData, NotThreadSafe)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // SAFETY: The lock was taken when this was made, by the same task.
        unsafe { bindings::rtnl_unlock() };
    }
}

/// A place whose contents are exchanged under RTNL alone.
pub(super) struct Place<T>(Cell<T>);

// SAFETY: It is used by one context at a time, who holds the lock, which then passes to another.
unsafe impl<T: Send> Sync for Place<T> {}

impl<T> Place<T> {
    /// With something in it.
    pub(super) const fn new(value: T) -> Self {
        Self(Cell::new(value))
    }

    /// Puts something there, and gives what was there.
    pub(super) fn replace(&self, value: T, _held: Rtnl<'_>) -> T {
        self.0.replace(value)
    }
}
