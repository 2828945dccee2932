// SPDX-License-Identifier: GPL-2.0

//! Connections of MPTCP.
//!
//! The kernel knows them by a token, and exports a way through all of a namespace. Their subflows,
//! and the sockets that listen for them, are TCP sockets, and found as such.
//!
//! The table of tokens is one for all namespaces. The way through it goes past the connections of all of
//! them, and does not come back before it has found one of its namespace, or is at the end: nobody can
//! stop it. So it is begun outside of any read-side section, as it enters one of its own for each bucket,
//! and not at all if there are too many connections on the host.
//!
//! C header: `net/mptcp/protocol.h`

#[cfg(CONFIG_MPTCP)]
use core::ptr::{addr_of, null_mut, NonNull};
use kernel::prelude::*;
#[cfg(CONFIG_MPTCP)]
use kernel::{
    ffi::c_int,
    sync::atomic::{Atomic, Relaxed},
};

use super::{
    allowance::Allowance,
    namespace::{Alive, Listed},
    socket::{Owned, Sock},
};
#[cfg(CONFIG_MPTCP)]
use super::{
    module_function::ModuleFunction,
    rcu,
    socket::{Kept, ProtocolSockets},
};
#[cfg(CONFIG_MPTCP)]
use crate::bindings;

/// What it takes to go through the table with nobody in it, in steps of the allowance: it has a bucket
/// for each megabyte of memory, 65,536 at most, each of which takes a dozen instructions.
const TABLE: u32 = 20 << 10;
/// What it takes to come to the next connection of a namespace: the kernel goes through the chain from
/// its beginning, twice.
#[cfg(CONFIG_MPTCP)]
const CONNECTION: u32 = 8;

/// Whether there has ever been a socket of MPTCP in a namespace: the kernel allocates its counters
/// with the first one (`mptcp_init_sock()`). Any context.
///
/// Where there was none, the table, which all namespaces share, need not be gone through.
///
/// # Examples
///
/// ```
/// use crate::net::{mptcp, namespace::Listed, rcu};
///
/// /// Whether the table need be gone through for any namespace.
/// fn is_needed(section: rcu::Section<'_>) -> bool {
///     Listed::after(0, section).any(mptcp::were_ever)
/// }
/// ```
#[cfg(CONFIG_MPTCP)]
pub fn were_ever(listed: Listed<'_>) -> bool {
    // SAFETY: The namespace is valid. Volatile as `READ_ONCE()`.
    let counters = unsafe { addr_of!((*listed.as_ptr()).mib.mptcp_statistics).read_volatile() };
    !counters.is_null()
}

/// The same, on a kernel without MPTCP.
#[cfg(not(CONFIG_MPTCP))]
pub fn were_ever(_: Listed<'_>) -> bool {
    false
}

/// What it takes to go through the table, in steps of the allowance: for a namespace that has had a
/// socket of MPTCP. `None` if nobody can say how many connections there are on the host. In a process.
///
/// # Examples
///
/// ```
/// use crate::net::{allowance::Allowance, mptcp, namespace::Alive};
///
/// /// Whether the table may be gone through now.
/// fn may_go_through(namespace: Alive<'_>, allowance: &Allowance) -> bool {
///     mptcp::steps(namespace).is_some_and(|steps| allowance.covers(steps))
/// }
/// ```
pub fn steps(namespace: Alive<'_>) -> Option<u32> {
    // Each is gone over, which takes half a step: those of other namespaces, and those that are in none
    // of the chains.
    on_host(namespace).map(|connections| TABLE.saturating_add(connections))
}

/// About how many sockets of MPTCP there are on the host.
#[cfg(CONFIG_MPTCP)]
fn on_host(namespace: Alive<'_>) -> Option<u32> {
    /// Where they are counted. MPTCP is never a module, so that this lasts for ever.
    static COUNTER: Atomic<*mut bindings::percpu_counter> = Atomic::new(null_mut());
    let known = COUNTER.load(Relaxed);
    // SAFETY: It comes from there, and is a static of the kernel.
    if let Some(counter) = unsafe { ProtocolSockets::from_ptr(known) } {
        return Some(counter.count());
    }
    let counter = OwnSocket::new(namespace)?.counter()?;
    COUNTER.store(counter.as_ptr(), Relaxed);
    Some(counter.count())
}

/// The same, on a kernel without MPTCP.
#[cfg(not(CONFIG_MPTCP))]
fn on_host(_: Alive<'_>) -> Option<u32> {
    Some(0)
}

/// A socket of MPTCP that nobody uses: where the kernel counts them, nothing else tells.
///
/// # Invariants
///
/// The socket is there until this is dropped.
#[cfg(CONFIG_MPTCP)]
struct OwnSocket(NonNull<bindings::socket>);

#[cfg(CONFIG_MPTCP)]
impl OwnSocket {
    /// Makes one in a namespace, `sock_create_kern()`; `None` if that cannot be, as where
    /// `net.mptcp.enabled` is 0. May sleep.
    fn new(namespace: Alive<'_>) -> Option<Self> {
        let mut socket = null_mut();
        // SAFETY: The namespace does not end meanwhile, and the place for the pointer is valid.
        let error = unsafe {
            bindings::sock_create_kern(
                namespace.net().as_ptr(),
                bindings::AF_INET as c_int,
                bindings::SOCK_STREAM as c_int,
                bindings::IPPROTO_MPTCP as c_int,
                &mut socket,
            )
        };
        // INVARIANT: Without an error there is one.
        NonNull::new(socket).filter(|_| error == 0).map(Self)
    }

    /// Where the kernel counts it.
    fn counter(&self) -> Option<ProtocolSockets> {
        // SAFETY: By the type invariants.
        let sk = unsafe { addr_of!((*self.0.as_ptr()).sk).read() };
        // SAFETY: A socket has one, which is full; its protocol is a static of the kernel.
        unsafe { ProtocolSockets::of(sk) }
    }
}

#[cfg(CONFIG_MPTCP)]
impl Drop for OwnSocket {
    fn drop(&mut self) {
        // SAFETY: By the type invariants; nobody else has it.
        unsafe { bindings::sock_release(self.0.as_ptr()) };
    }
}

/// Calls `f` with each connection of a namespace, as far as the allowance goes, until it fails: in a
/// read-side section of its own each. In a process, outside of any such section; [`steps`] are the
/// caller's to spend.
///
/// A connection may be passed over if others come and go meanwhile, or come twice.
///
/// # Examples
///
/// ```
/// use crate::net::{allowance::Allowance, mptcp, namespace::Alive};
///
/// /// How many connections there are to a port.
/// fn count(namespace: Alive<'_>, port: u16, allowance: &Allowance) -> Result<u32> {
///     let mut count = 0;
///     mptcp::for_each_connection(namespace, allowance, |socket| {
///         count += u32::from(socket.local_port().number() == port);
///         Ok(())
///     })?;
///     Ok(count)
/// }
/// ```
#[cfg(CONFIG_MPTCP)]
pub fn for_each_connection(
    namespace: Alive<'_>,
    allowance: &Allowance,
    mut f: impl FnMut(&Owned<'_, Sock>) -> Result,
) -> Result {
    // SAFETY: The member has this name.
    let function =
        unsafe { ModuleFunction::get(c"mptcp_token_iter_next", |all| all.mptcp_token_iter_next) };
    let Some(function) = function else {
        return Ok(());
    };
    let next = function.function();
    let net = namespace.net().as_ptr();
    let (mut slot, mut number) = (0, 0);
    // The place is a number in a list that grows at its beginning: then the last one comes again.
    // It is held, so that no other one can have its address.
    let mut last: Option<Kept> = None;
    while !allowance.is_spent() {
        allowance.spend(CONNECTION);
        // SAFETY: The namespace and the place, which the function moves on, are valid.
        let sk = unsafe { next(net, &mut slot, &mut number) };
        // SAFETY: A connection begins with a full socket, and the function has taken a reference for
        // its caller.
        let Some(found) = (unsafe { Kept::from_lookup(sk.cast()) }) else {
            return Ok(());
        };
        if last
            .as_ref()
            .is_none_or(|last| last.as_ptr() != found.as_ptr())
        {
            let guard = rcu::read_lock();
            let listed = namespace.listed(rcu::Section::from(&guard));
            listed.branded(|namespace| match found.in_namespace(namespace) {
                Some(socket) => f(&socket),
                None => Ok(()),
            })?;
            drop(guard);
            last = Some(found);
        }
    }
    Ok(())
}

/// The same, on a kernel without MPTCP.
#[cfg(not(CONFIG_MPTCP))]
pub fn for_each_connection(
    _: Alive<'_>,
    _: &Allowance,
    _: impl FnMut(&Owned<'_, Sock>) -> Result,
) -> Result {
    Ok(())
}
