// SPDX-License-Identifier: GPL-2.0

//! Connections of MPTCP.
//!
//! The kernel knows them by a token, and exports a way through all of a namespace. Their subflows,
//! and the sockets that listen for them, are TCP sockets, and found as such.
//!
//! C header: `net/mptcp/protocol.h`

use kernel::prelude::*;

use super::{
    module_function::ModuleFunction,
    namespace::Namespace,
    socket::{Full, Owned},
};

/// Calls `f` with each connection of a namespace, until it fails. In a process.
///
/// A connection may be passed over if others come and go meanwhile, or come twice.
pub fn for_each_connection<'n>(
    namespace: Namespace<'n>,
    mut f: impl FnMut(&Owned<'n, Full>) -> Result,
) -> Result {
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
    let mut last: Option<Owned<'n, Full>> = None;
    loop {
        // SAFETY: The namespace and the place, which the function moves on, are valid.
        let sk = unsafe { next(net, &mut slot, &mut number) };
        if sk.is_null() {
            return Ok(());
        }
        // SAFETY: A connection begins with a full socket, and the function has taken a reference for
        // its caller.
        let socket = unsafe { Owned::from_lookup(sk.cast(), namespace) };
        let is_again = match (&socket, &last) {
            (Some(socket), Some(last)) => core::ptr::eq::<Full>(&**socket, &**last),
            _ => false,
        };
        if let Some(socket) = socket.filter(|_| !is_again) {
            f(&socket)?;
            last = Some(socket);
        }
    }
}
