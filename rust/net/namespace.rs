// SPDX-License-Identifier: GPL-2.0

//! Network namespaces, and the brand that ties what is found in one to it.
//!
//! What may be done with a namespace depends on what is known of its life, and each degree of that
//! is a type. [`Net`] is memory: it can be named and compared. [`Listed`] was found in a read-side
//! section: what it owns can be read until that ends. [`Alive`] cannot end meanwhile: who has one
//! may sleep, and set what belongs to a living namespace alone.
//!
//! C header: [`include/net/net_namespace.h`](srctree/include/net/net_namespace.h)

mod evidence;
mod numbers;
#[cfg(CONFIG_NET_NS)]
mod tree;

pub use self::{
    evidence::{Alive, Held, Listed},
    numbers::Numbers,
};

use core::{marker::PhantomData, ptr::addr_of};
use kernel::{ffi::c_int, types::Opaque};

use super::{owner, rcu};
use crate::bindings;

/// The memory of a network namespace, `struct net`.
///
/// A reference says no more than that the memory is one: whoever borrows it from a socket may have
/// outlived the namespace, whose tables, devices and owner are gone then (`net->passive`). What can
/// be read here is set once, before the namespace is visible. Who has to name a namespace for longer
/// stores its [`cookie`](Self::cookie).
///
/// # Examples
///
/// ```
/// use crate::net::{namespace::Alive, rcu};
///
/// let net = Alive::initial().net();
/// // To be kept, where the reference cannot be.
/// let cookie = net.cookie();
/// let guard = rcu::read_lock();
/// let listed = net.in_list((&guard).into());
/// assert!(listed.is_some_and(|listed| listed.cookie() == cookie));
/// ```
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
    pub(super) fn as_ptr(&self) -> *mut bindings::net {
        self.0.get()
    }

    /// The cookie, what `SO_NETNS_COOKIE` tells: never 0 and never used again while the system is
    /// up.
    #[inline]
    pub fn cookie(&self) -> u64 {
        // SAFETY: The memory is that of a namespace; the cookie is set once, when it is made.
        unsafe { addr_of!((*self.as_ptr()).net_cookie).read() }
    }

    /// The inode number, by which user space tells namespaces apart.
    pub fn inode(&self) -> u32 {
        // SAFETY: The memory is that of a namespace; the number is set once, when it is made.
        unsafe { addr_of!((*self.as_ptr()).ns.inum).read() }
    }

    /// Whether any device or socket can lead to the namespace: each can, but where the first level
    /// is compiled out, only the initial one.
    pub fn is_reached(&self) -> bool {
        owner::is_reached(self.as_ptr())
    }

    /// The namespace as one that is in the list now; `None` if it is still being made, or has ended.
    ///
    /// The kernel's own sockets are in tables before the namespace is in the list, and may have a
    /// reference taken to it by then: but not all of its subsystems have theirs yet (`setup_net()`).
    pub fn in_list<'a>(&self, section: rcu::Section<'a>) -> Option<Listed<'a>> {
        let before = self.cookie().checked_sub(1)?;
        let next = Listed::after(before, section).next();
        next.filter(|listed| listed.cookie() == self.cookie())
    }
}

impl PartialEq for Net {
    /// `net_eq()`: whether both are the same namespace.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        owner::are_same(self.as_ptr(), other.as_ptr())
    }
}

/// What a user namespace owns.
///
/// # Examples
///
/// ```
/// use crate::net::namespace::{Governed, Held};
///
/// /// Refuses who may not change what is in the namespace of a process.
/// fn check(process: u32) -> Result {
///     let held = Held::from_process(process)?;
///     if held.alive().is_administered_by_current() {
///         Ok(())
///     } else {
///         Err(EPERM)
///     }
/// }
/// ```
///
/// # Safety
///
/// [`owner`](Self::owner) must give a user namespace that is valid as long as `self`.
pub unsafe trait Governed {
    /// The user namespace: `CAP_NET_ADMIN` there is what it takes to ask and to change.
    fn owner(&self) -> *mut bindings::user_namespace;

    /// Whether the current process has `CAP_NET_ADMIN` there, `ns_capable()`.
    fn is_administered_by_current(&self) -> bool {
        // SAFETY: The owner is valid as long as `self`.
        unsafe { bindings::ns_capable(self.owner(), bindings::CAP_NET_ADMIN as c_int) }
    }
}

/// A namespace of the kind `K`, with a brand: `'n` is a lifetime of its own, equal to no other.
///
/// Everything that a lookup finds through it bears the same brand. A socket of one namespace can so
/// be neither taken for one of another, nor kept after the read-side section in which it was found:
/// both are errors when the code is compiled, and neither costs an instruction when it runs.
///
/// # Examples
///
/// ```
/// use crate::net::{device::{NetDevice, Name}, namespace::Alive, rcu};
///
/// let guard = rcu::read_lock();
/// let namespace = Alive::initial().listed(rcu::Section::from(&guard));
/// let lo = Name::new(b"lo").ok_or(EINVAL)?;
/// // What is found in it does not leave the closure: the brand `'n` is its alone.
/// let index = namespace.branded(|namespace| {
///     NetDevice::by_name(namespace, &lo).map(|device| device.index())
/// });
/// assert_eq!(index, Some(1));
/// # Ok::<(), Error>(())
/// ```
///
/// # Invariants
///
/// The context is in an RCU read-side critical section for all of `'n`, and the object and what it
/// owns are valid for all of it.
pub struct Namespace<'n, K = Net> {
    object: &'n K,
    brand: Brand<'n>,
    section: rcu::Section<'n>,
}

/// Invariant in `'n`, so that the compiler never takes two brands for one by shortening them.
///
/// See the example of [`Namespace`].
pub type Brand<'n> = PhantomData<fn(&'n ()) -> &'n ()>;

impl<'n> Namespace<'n> {
    /// The namespace, as what was found in the section of the brand.
    #[inline]
    pub fn listed(self) -> Listed<'n> {
        // SAFETY: By the type invariants.
        unsafe { Listed::assume(self.object, self.section) }
    }
}

impl<K> Namespace<'_, K> {
    /// Calls `f` with an object under a brand that exists only inside that call.
    ///
    /// # Safety
    ///
    /// What the object owns must be valid until the section ends.
    #[inline(always)]
    pub(super) unsafe fn assume<R>(
        object: &K,
        section: rcu::Section<'_>,
        f: impl for<'n> FnOnce(Namespace<'n, K>) -> R,
    ) -> R {
        // INVARIANT: The section and the borrow of the object are both longer than this call, and
        // `'n` is not longer than it; the rest is the safety requirement.
        f(Namespace {
            object,
            brand: PhantomData,
            section,
        })
    }
}

impl<'n, K> Namespace<'n, K> {
    /// The read-side section in which the brand exists.
    #[inline]
    pub fn section(self) -> rcu::Section<'n> {
        self.section
    }

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
