// SPDX-License-Identifier: GPL-2.0

//! Network namespaces, and the brand that ties what is found in one to it.
//!
//! C header: [`include/net/net_namespace.h`](srctree/include/net/net_namespace.h)

use core::{
    marker::PhantomData,
    ptr::{addr_of, NonNull},
};
use kernel::ffi::c_int;
use kernel::{error::from_err_ptr, prelude::*, types::Opaque};

use super::{list, owner, rcu::ReadSide};
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

impl Net {
    /// The initial namespace.
    pub fn initial() -> &'static Self {
        // SAFETY: It is valid as long as the kernel.
        unsafe { Self::from_raw(&raw const bindings::init_net) }
    }

    /// The inode number, by which user space tells namespaces apart.
    pub fn inode(&self) -> u32 {
        // SAFETY: `self` is a valid namespace; the number is set once, when it is made.
        unsafe { addr_of!((*self.as_ptr()).ns.inum).read() }
    }

    /// The number by which `self` knows `other`, if it does. Any context.
    pub fn number_of(&self, other: &Net) -> Option<u32> {
        // SAFETY: Both are valid namespaces.
        let number = unsafe { bindings::peernet2id(self.as_ptr(), other.as_ptr()) };
        u32::try_from(number).ok()
    }

    /// Whether any device or socket can lead to the namespace: each can, but where the first level
    /// is compiled out, only the initial one.
    pub fn is_reached(&self) -> bool {
        owner::is_reached(self.as_ptr())
    }

    /// Whether the current process has `CAP_NET_ADMIN` in the user namespace that owns this one.
    pub fn is_administered_by_current(&self) -> bool {
        // SAFETY: The owner is valid as long as the namespace.
        unsafe { bindings::ns_capable(self.owner(), bindings::CAP_NET_ADMIN as c_int) }
    }

    /// How many devices the namespace has.
    pub fn count_devices(&self, _section: ReadSide<'_>) -> u32 {
        // SAFETY: The head of a list that can be read in a read-side section.
        unsafe { list::list(addr_of!((*self.as_ptr()).dev_base_head)) }.count() as u32
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
/// # Safety
///
/// [`owner`](Self::owner) must give a user namespace that is valid as long as `self`.
pub unsafe trait Governed {
    /// The user namespace: `CAP_NET_ADMIN` there is what it takes to ask and to change.
    fn owner(&self) -> *mut bindings::user_namespace;
}

// SAFETY: A network namespace holds its owner.
unsafe impl Governed for Net {
    fn owner(&self) -> *mut bindings::user_namespace {
        // SAFETY: `self` is a valid namespace; the owner is set once, when it is made.
        unsafe { addr_of!((*self.as_ptr()).user_ns).read() }
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
    section: ReadSide<'n>,
}

/// Invariant in `'n`, so that the compiler never takes two brands for one by shortening them.
pub type Brand<'n> = PhantomData<fn(&'n ()) -> &'n ()>;

impl<K> Namespace<'_, K> {
    /// Calls `f` with the namespace under a brand that exists only inside that call.
    #[inline(always)]
    pub fn branded<R>(
        object: &K,
        section: ReadSide<'_>,
        f: impl for<'n> FnOnce(Namespace<'n, K>) -> R,
    ) -> R {
        // INVARIANT: The section and the borrow of the object are both longer than this call, and
        // `'n` is not longer than it.
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
    pub fn section(self) -> ReadSide<'n> {
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

/// A namespace that is visible to user space, and so has all that namespaces are given.
///
/// # Invariants
///
/// The namespace is held by a reference, or was in the list in a read-side section that lasts as
/// long as `'a`.
#[derive(Clone, Copy)]
pub struct Listed<'a>(&'a Net);

impl<'a> Listed<'a> {
    /// Takes the caller's word for it.
    ///
    /// # Safety
    ///
    /// Something must hold a reference to the namespace for `'a`.
    pub(super) unsafe fn assume(net: &'a Net) -> Self {
        // INVARIANT: By the safety requirement.
        Self(net)
    }

    /// The namespace.
    pub fn net(self) -> &'a Net {
        self.0
    }

    /// All namespaces whose cookie is larger than `cookie`, in the order of their cookies.
    #[cfg(CONFIG_NET_NS)]
    pub fn after(cookie: u64, _section: ReadSide<'a>) -> impl Iterator<Item = Self> {
        // SAFETY: The head of a list that can be read in a read-side section.
        let entries = unsafe { list::list(addr_of!(bindings::net_ns_tree.ns_list_head)) };
        entries
            .map(|entry| {
                let offset = bindings::NSMUX_NET_LIST_ENTRY as usize;
                let net = entry.cast::<u8>().wrapping_sub(offset).cast();
                // SAFETY: The entries of this list are in network namespaces, which are not freed
                // before a grace period has passed after they were taken from it. INVARIANT: It was
                // in the list.
                Self(unsafe { Net::from_raw(net) })
            })
            .skip_while(move |listed| listed.0.cookie() <= cookie)
    }

    /// The initial namespace, if its cookie is larger than `cookie`: the only one, which then is in
    /// no list.
    #[cfg(not(CONFIG_NET_NS))]
    pub fn after(cookie: u64, _section: ReadSide<'a>) -> impl Iterator<Item = Self> {
        // INVARIANT: It is never freed.
        Some(Self(Net::initial()))
            .into_iter()
            .filter(move |listed| listed.0.cookie() > cookie)
    }

    /// Takes a reference; `None` if the last one is gone already.
    pub fn hold(self) -> Option<Held> {
        // SAFETY: The namespace is valid.
        let net = unsafe { bindings::nsmux_maybe_get_net(self.0.as_ptr()) };
        // INVARIANT: The function has taken a reference if it does not give null.
        NonNull::new(net).map(Held)
    }
}

/// A reference to a namespace, which keeps it alive: to be held for a short time only.
///
/// # Invariants
///
/// A reference is owned.
pub struct Held(NonNull<bindings::net>);

impl Held {
    /// The namespace that a file descriptor of the current process refers to. May sleep.
    pub fn from_descriptor(descriptor: u32) -> Result<Self> {
        let descriptor = c_int::try_from(descriptor).map_err(|_| EBADF)?;
        Self::from_result(by_descriptor(descriptor))
    }

    /// The namespace of a process, by its number in the PID namespace of the current one. May
    /// sleep.
    pub fn from_process(process: u32) -> Result<Self> {
        let process = c_int::try_from(process).map_err(|_| ESRCH)?;
        // SAFETY: No requirements.
        Self::from_result(unsafe { bindings::get_net_ns_by_pid(process) })
    }

    /// The namespace that `of` knows by a number.
    pub fn from_number(of: &Net, number: i32) -> Result<Self> {
        // SAFETY: The namespace is valid.
        let net = unsafe { bindings::get_net_ns_by_id(of.as_ptr(), number) };
        // INVARIANT: The function has taken a reference if it does not give null.
        NonNull::new(net).map(Self).ok_or(ENOENT)
    }

    /// The namespace with a cookie.
    pub fn from_cookie(cookie: u64) -> Result<Self> {
        let guard = kernel::sync::rcu::read_lock();
        let before = cookie.checked_sub(1).ok_or(ENOENT)?;
        let found = Listed::after(before, ReadSide::from(&guard)).next();
        found
            .filter(|listed| listed.net().cookie() == cookie)
            .and_then(Listed::hold)
            .ok_or(ENOENT)
    }

    /// The namespace, as one that is visible.
    pub fn listed(&self) -> Listed<'_> {
        // SAFETY: By the type invariants.
        let net = unsafe { Net::from_raw(self.0.as_ptr()) };
        // INVARIANT: It is held.
        Listed(net)
    }

    fn from_result(net: *mut bindings::net) -> Result<Self> {
        // INVARIANT: The functions have taken a reference if they do not give an error.
        NonNull::new(from_err_ptr(net)?).map(Self).ok_or(ENOENT)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: By the type invariants.
        unsafe { bindings::nsmux_put_net(self.0.as_ptr()) };
    }
}

#[cfg(CONFIG_NET_NS)]
fn by_descriptor(descriptor: c_int) -> *mut bindings::net {
    // SAFETY: No requirements.
    unsafe { bindings::get_net_ns_by_fd(descriptor) }
}

/// There are no files of namespaces.
#[cfg(not(CONFIG_NET_NS))]
fn by_descriptor(_: c_int) -> *mut bindings::net {
    core::ptr::null_mut()
}
