// SPDX-License-Identifier: GPL-2.0

//! Connections of MPTCP.
//!
//! The kernel knows them by a token, and exports a way through all of a namespace. Their subflows,
//! and the sockets that listen for them, are TCP sockets, and found as such.
//!
//! The table of tokens is one for all namespaces. The way through it goes past the connections of all of
//! them, and does not come back before it has found one of its namespace, or is at the end: nobody can
//! stop it. So it is begun outside of any read-side section, as it enters one of its own for each bucket.
//! The table has a bucket for each megabyte of memory, 65,536 at most, and four connections in each: the
//! kernel makes no more (`TOKEN_MAX_CHAIN_LEN`).
//!
//! C header: `net/mptcp/protocol.h`

#[cfg(CONFIG_MPTCP)]
use core::ptr::addr_of;
use kernel::prelude::*;

use super::{
    allowance::Allowance,
    namespace::{Alive, Listed},
    socket::{Owned, Sock},
};
#[cfg(CONFIG_MPTCP)]
use super::{module_function::ModuleFunction, rcu, socket::Kept};

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

/// Calls `f` with each connection of a namespace, as far as the allowance goes, until it fails: in a
/// read-side section of its own each. In a process, outside of any such section. May take as long as to go
/// through the whole table, which is not counted.
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
    // In no read-side section, which would last for all of it: a kernel for debugging complains.
    kernel::task::might_sleep();
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
