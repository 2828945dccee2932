// SPDX-License-Identifier: GPL-2.0

//! Evidence of an RCU read-side critical section.
//!
//! [`Guard`] enters a section and proves it. A netfilter hook is called inside one already: to
//! enter a second one for the sake of the proof would cost two calls on every packet.
//!
//! C header: [`include/linux/rcupdate.h`](srctree/include/linux/rcupdate.h)

use core::marker::PhantomData;
use kernel::types::NotThreadSafe;

pub use kernel::sync::rcu::{read_lock, Guard};

/// Evidence that the current context is in an RCU read-side critical section for all of `'a`.
///
/// # Examples
///
/// ```
/// use crate::net::{namespace::Listed, rcu};
///
/// let guard = rcu::read_lock();
/// // What is found by this evidence can be used as long as the guard is there.
/// let section = rcu::Section::from(&guard);
/// assert!(Listed::after(0, section).next().is_some());
/// ```
///
/// # Invariants
///
/// The section was entered before `'a` began and is not left before `'a` has ended.
#[derive(Clone, Copy)]
pub struct Section<'a>(PhantomData<&'a ()>, NotThreadSafe);

impl Section<'_> {
    /// Takes the caller's word for it.
    ///
    /// # Safety
    ///
    /// The context must be in an RCU read-side critical section for all of the lifetime that the
    /// caller chooses.
    #[inline]
    pub unsafe fn assume() -> Self {
        // INVARIANT: By the safety requirement.
        Self(PhantomData, NotThreadSafe)
    }
}

impl<'a> From<&'a Guard> for Section<'a> {
    #[inline]
    fn from(_guard: &'a Guard) -> Self {
        // INVARIANT: The guard holds the section open for as long as it is borrowed.
        Self(PhantomData, NotThreadSafe)
    }
}
