// SPDX-License-Identifier: GPL-2.0

//! Network namespaces, and the brand that ties what is found in one to it.
//!
//! C header: [`include/net/net_namespace.h`](srctree/include/net/net_namespace.h)

use core::{marker::PhantomData, ptr::addr_of};
use kernel::types::Opaque;

use super::rcu::ReadSide;
use crate::bindings;

/// A network namespace, `struct net`.
///
/// A reference keeps nothing alive: it is as good as whatever it was borrowed from. Who has to name
/// a namespace for longer stores [`cookie`](Self::cookie).
#[repr(transparent)]
pub struct Net(Opaque<bindings::net>);

// SAFETY: A `struct net` belongs to no thread; what is read through this view is set before the
// namespace is visible.
unsafe impl Sync for Net {}

impl Net {
    /// Views a namespace through its pointer.
    ///
    /// # Safety
    ///
    /// `net` must point to a namespace whose memory is valid for `'a`.
    #[inline]
    pub unsafe fn from_raw<'a>(net: *const bindings::net) -> &'a Self {
        // SAFETY: Valid for `'a` by the safety requirement; the cast is to a transparent wrapper.
        unsafe { &*net.cast() }
    }

    /// The pointer that C is given.
    #[inline]
    pub fn as_ptr(&self) -> *mut bindings::net {
        self.0.get()
    }

    /// The cookie, what `SO_NETNS_COOKIE` tells: never 0 and never used again while the system is
    /// up.
    #[inline]
    pub fn cookie(&self) -> u64 {
        // SAFETY: `self` is a valid namespace; the cookie is set once, when it is made.
        unsafe { addr_of!((*self.as_ptr()).net_cookie).read() }
    }
}

impl PartialEq for Net {
    /// `net_eq()`: whether both are the same namespace.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self, other)
    }
}

/// A namespace of the kind `K`, with a brand: `'n` is a lifetime of its own, equal to no other.
///
/// Everything that a lookup finds through it bears the same brand. A socket of one namespace can so
/// be neither taken for one of another, nor kept after the read-side section in which it was found:
/// both are errors when the code is compiled, and neither costs an instruction when it runs.
///
/// # Invariants
///
/// The context is in an RCU read-side critical section for all of `'n`, and the object is valid for
/// all of it.
pub struct Namespace<'n, K = Net> {
    object: &'n K,
    brand: Brand<'n>,
}

/// Invariant in `'n`, so that the compiler never takes two brands for one by shortening them.
pub type Brand<'n> = PhantomData<fn(&'n ()) -> &'n ()>;

impl<K> Namespace<'_, K> {
    /// Calls `f` with the namespace under a brand that exists only inside that call.
    #[inline(always)]
    pub fn branded<R>(
        object: &K,
        _section: ReadSide<'_>,
        f: impl for<'n> FnOnce(Namespace<'n, K>) -> R,
    ) -> R {
        // INVARIANT: The section and the borrow of the object are both longer than this call, and
        // `'n` is not longer than it.
        f(Namespace {
            object,
            brand: PhantomData,
        })
    }
}

impl<'n, K> Namespace<'n, K> {
    /// The namespace itself.
    #[inline]
    pub fn object(self) -> &'n K {
        self.object
    }
}

impl<K> Clone for Namespace<'_, K> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Namespace<'_, K> {}
