// SPDX-License-Identifier: GPL-2.0

//! What is known of the life of a namespace.
//!
//! A namespace ends in steps (`cleanup_net()`): it leaves the list when its last reference is given
//! back; its subsystems take leave (`pre_exit`); a grace period passes; its devices, tables and
//! per-namespace memory go (`exit`), then its owner. The bare memory may stay for longer.

use core::{
    ops::Deref,
    ptr::{addr_of, NonNull},
};
use kernel::ffi::c_int;
use kernel::{error::from_err_ptr, prelude::*};

#[cfg(CONFIG_NET_NS)]
use super::tree;
use super::{Governed, Namespace, Net};
use crate::{
    bindings,
    net::{list, rcu},
};

/// A namespace that was found in a read-side section: in the list, by a device in it, or since one
/// of its hooks was called.
///
/// What it owns can be read, and is not freed before the section ends; but it may be on its way out:
/// nothing can be set in it that somebody would have to unset.
///
/// # Examples
///
/// ```
/// use crate::net::namespace::Listed;
/// use kernel::sync::rcu;
///
/// let guard = rcu::read_lock();
/// for namespace in Listed::after(0, (&guard).into()) {
///     pr_info!("{}: {} devices\n", namespace.cookie(), namespace.count_devices());
/// }
/// ```
///
/// # Invariants
///
/// The section lasts for all of `'a`, and no subsystem of the namespace comes to its `exit` before it
/// does: the grace period between `pre_exit` and `exit` has not passed, or a device is in the
/// namespace, of which the devices leave first and are waited for (`default_device_exit_batch()`).
#[derive(Clone, Copy)]
pub struct Listed<'a> {
    net: &'a Net,
    section: rcu::Section<'a>,
}

impl<'a> Listed<'a> {
    /// Takes the caller's word for it.
    ///
    /// # Safety
    ///
    /// As the type invariants say.
    #[inline]
    pub(in crate::net) unsafe fn assume(net: &'a Net, section: rcu::Section<'a>) -> Self {
        // INVARIANT: By the safety requirement.
        Self { net, section }
    }

    /// The namespace, which can be named for as long as the section lasts.
    #[inline]
    pub fn net(self) -> &'a Net {
        self.net
    }

    /// The section in which it was found.
    #[inline]
    pub fn section(self) -> rcu::Section<'a> {
        self.section
    }

    /// Takes a reference, `maybe_get_net()`; `None` if the last one is gone already.
    pub fn hold(self) -> Option<Held> {
        // SAFETY: The count is read and changed by atomic operations, and is there as long as the
        // memory.
        let net = unsafe { bindings::rust_helper_maybe_get_net(self.net.as_ptr()) };
        // INVARIANT: The function has taken a reference if it does not give null.
        NonNull::new(net).map(Held)
    }

    /// Calls `f` with the namespace under a brand that exists only inside that call.
    #[inline(always)]
    pub fn branded<R>(self, f: impl for<'n> FnOnce(Namespace<'n>) -> R) -> R {
        // SAFETY: By the type invariants.
        unsafe { Namespace::assume(self.net, self.section, f) }
    }

    /// How many devices the namespace has.
    pub fn count_devices(self) -> u32 {
        // SAFETY: The head of a list whose entries are freed by RCU, in a read-side section.
        unsafe { list::list(addr_of!((*self.net.as_ptr()).dev_base_head)) }.count() as u32
    }

    /// All namespaces whose cookie is larger than `cookie`, in the order of their cookies.
    #[cfg(CONFIG_NET_NS)]
    pub fn after(cookie: u64, section: rcu::Section<'a>) -> impl Iterator<Item = Self> {
        let before = tree::entry_before(cookie, section);
        // SAFETY: A list that can be read in a read-side section, and an entry found in this one.
        let entries = unsafe { list::list_after(before, tree::head()) };
        entries
            .map(move |entry| {
                let offset = bindings::RUST_CONST_NET_LIST_ENTRY as usize;
                let net = entry.cast::<u8>().wrapping_sub(offset).cast();
                // SAFETY: The entries of this list are in network namespaces. `cleanup_net()` takes
                // one out before the grace period that it waits for.
                let net = unsafe { Net::from_raw(net) };
                // INVARIANT: It was in the list in this section.
                Self { net, section }
            })
            .skip_while(move |listed| listed.net.cookie() <= cookie)
    }

    /// The initial namespace, if its cookie is larger than `cookie`: the only one, which then is in
    /// no list.
    #[cfg(not(CONFIG_NET_NS))]
    pub fn after(cookie: u64, section: rcu::Section<'a>) -> impl Iterator<Item = Self> {
        Some(Alive::initial().listed(section))
            .into_iter()
            .filter(move |listed| listed.net.cookie() > cookie)
    }
}

impl Deref for Listed<'_> {
    type Target = Net;

    #[inline]
    fn deref(&self) -> &Net {
        self.net
    }
}

// SAFETY: `cleanup_net()` puts the owner after `exit`.
unsafe impl Governed for Listed<'_> {
    fn owner(&self) -> *mut bindings::user_namespace {
        // SAFETY: The memory is that of a namespace; the owner is set once, when it is made.
        unsafe { addr_of!((*self.net.as_ptr()).user_ns).read() }
    }
}

/// A namespace that does not end for all of `'a`.
///
/// # Examples
///
/// ```
/// use crate::net::{namespace::Alive, rcu};
///
/// let namespace = Alive::initial();
/// let guard = rcu::read_lock();
/// // Whoever does not end can be read, too.
/// assert!(namespace.listed(rcu::Section::from(&guard)).count_devices() > 0);
/// ```
///
/// # Invariants
///
/// For all of `'a` something holds a reference, or the kernel waits for the caller before it goes on
/// to end the namespace: it has not come to the end of `pre_exit`.
#[derive(Clone, Copy)]
pub struct Alive<'a>(&'a Net);

impl<'a> Alive<'a> {
    /// Takes the caller's word for it.
    ///
    /// # Safety
    ///
    /// As the type invariants say.
    pub(in crate::net) unsafe fn assume(net: &'a Net) -> Self {
        // INVARIANT: By the safety requirement.
        Self(net)
    }

    /// The namespace, which can be named for as long.
    pub fn net(self) -> &'a Net {
        self.0
    }

    /// The same, in a read-side section.
    pub fn listed<'s>(self, section: rcu::Section<'s>) -> Listed<'s>
    where
        'a: 's,
    {
        // INVARIANT: It does not end for `'a`, which is not shorter.
        Listed {
            net: self.0,
            section,
        }
    }
}

impl Alive<'static> {
    /// The initial namespace, which never ends.
    pub fn initial() -> Self {
        // SAFETY: It is as long-lived as the kernel.
        let net = unsafe { Net::from_raw(&raw const bindings::init_net) };
        // INVARIANT: As above.
        Self(net)
    }
}

impl Deref for Alive<'_> {
    type Target = Net;

    fn deref(&self) -> &Net {
        self.0
    }
}

// SAFETY: `cleanup_net()` puts the owner when the namespace has ended.
unsafe impl Governed for Alive<'_> {
    fn owner(&self) -> *mut bindings::user_namespace {
        // SAFETY: The memory is that of a namespace; the owner is set once, when it is made.
        unsafe { addr_of!((*self.0.as_ptr()).user_ns).read() }
    }
}

/// A reference to a namespace, which keeps it alive: to be held for a short time only.
///
/// # Examples
///
/// ```
/// use crate::net::namespace::{Alive, Held};
///
/// let cookie = Alive::initial().cookie();
/// let held = Held::from_cookie(cookie)?;
/// assert_eq!(held.alive().cookie(), cookie);
/// // The reference is given back here.
/// # Ok::<(), Error>(())
/// ```
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

    /// The namespace of the current process, which is that of its first thread. May sleep.
    pub fn of_current() -> Result<Self> {
        let process = kernel::current!().tgid_nr_ns(None);
        // SAFETY: No requirements.
        Self::from_result(unsafe { bindings::get_net_ns_by_pid(process) })
    }

    /// The namespace that `of` knows by a number.
    pub fn from_number(of: Alive<'_>, number: i32) -> Result<Self> {
        // SAFETY: The numbers of a namespace last as long as it.
        let net = unsafe { bindings::get_net_ns_by_id(of.as_ptr(), number) };
        // INVARIANT: The function has taken a reference if it does not give null.
        NonNull::new(net).map(Self).ok_or(ENOENT)
    }

    /// The namespace with a cookie.
    pub fn from_cookie(cookie: u64) -> Result<Self> {
        let guard = kernel::sync::rcu::read_lock();
        let before = cookie.checked_sub(1).ok_or(ENOENT)?;
        let found = Listed::after(before, rcu::Section::from(&guard)).next();
        found
            .filter(|listed| listed.cookie() == cookie)
            .and_then(Listed::hold)
            .ok_or(ENOENT)
    }

    /// The namespace, which lives as long as this.
    pub fn alive(&self) -> Alive<'_> {
        // SAFETY: By the type invariants.
        let net = unsafe { Net::from_raw(self.0.as_ptr()) };
        // INVARIANT: It is held.
        Alive(net)
    }

    fn from_result(net: *mut bindings::net) -> Result<Self> {
        // INVARIANT: The functions have taken a reference if they do not give an error.
        NonNull::new(from_err_ptr(net)?).map(Self).ok_or(ENOENT)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: By the type invariants.
        unsafe { bindings::rust_helper_put_net(self.0.as_ptr()) };
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
