// SPDX-License-Identifier: GPL-2.0

//! Connections of MPTCP.
//!
//! The kernel knows them by a token, and exports a way through all of a namespace. Their subflows,
//! and the sockets that listen for them, are TCP sockets, and found as such.
//!
//! C header: `net/mptcp/protocol.h`

#[cfg(CONFIG_MPTCP)]
use core::ptr::addr_of;
use kernel::prelude::*;

use super::{
    allowance::Allowance,
    module_function::ModuleFunction,
    namespace::{Listed, Namespace},
    socket::{Owned, Sock},
};

/// What it takes to come to the next connection, in steps of the allowance. The kernel goes through
/// its chain from the beginning, and whoever may ask is in a read-side section for as long as all that
/// takes.
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

/// Calls `f` with each connection of a namespace, as far as the allowance goes, until it fails. In a
/// process.
///
/// A connection may be passed over if others come and go meanwhile, or come twice.
///
/// # Examples
///
/// ```
/// use crate::net::{allowance::Allowance, mptcp, namespace::Namespace};
///
/// /// How many connections there are to a port.
/// fn count(namespace: Namespace<'_>, port: u16, allowance: &Allowance) -> Result<u32> {
///     let mut count = 0;
///     mptcp::for_each_connection(namespace, allowance, |socket| {
///         count += u32::from(socket.local_port().number() == port);
///         Ok(())
///     })?;
///     Ok(count)
/// }
/// ```
pub fn for_each_connection<'n>(
    namespace: Namespace<'n>,
    allowance: &Allowance,
    mut f: impl FnMut(&Owned<'n, Sock>) -> Result,
) -> Result {
    if !were_ever(namespace.listed()) {
        return Ok(());
    }
    // SAFETY: The member has this name.
    let function =
        unsafe { ModuleFunction::get(c"mptcp_token_iter_next", |all| all.mptcp_token_iter_next) };
    let Some(function) = function else {
        return Ok(());
    };
    let next = function.function();
    let net = namespace.object().as_ptr();
    let (mut slot, mut number) = (0, 0);
    // The place is a number in a list that grows at its beginning: then the last one comes again.
    // It is held, so that no other one can have its address.
    let mut last: Option<Owned<'n, Sock>> = None;
    while !allowance.is_spent() {
        allowance.spend(CONNECTION);
        // SAFETY: The namespace and the place, which the function moves on, are valid.
        let sk = unsafe { next(net, &mut slot, &mut number) };
        if sk.is_null() {
            return Ok(());
        }
        // SAFETY: A connection begins with a full socket, and the function has taken a reference for
        // its caller.
        let socket = unsafe { Owned::from_lookup(sk.cast(), namespace) };
        let is_again = match (&socket, &last) {
            (Some(socket), Some(last)) => core::ptr::eq::<Sock>(&**socket, &**last),
            _ => false,
        };
        if let Some(socket) = socket.filter(|_| !is_again) {
            f(&socket)?;
            last = Some(socket);
        }
    }
    Ok(())
}
