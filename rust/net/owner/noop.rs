// SPDX-License-Identifier: GPL-2.0

//! The accessors that read nothing: there is one namespace.

use core::ptr::eq;

use crate::bindings::{init_net, net, net_device, nf_hook_state, sock_common};

/// The namespace of a device.
///
/// # Safety
///
/// None; it is that of the accessor that reads.
#[inline(always)]
pub(in crate::net) unsafe fn of_device(_device: *const net_device) -> *const net {
    &raw const init_net
}

/// The namespace of a socket.
///
/// # Safety
///
/// None; it is that of the accessor that reads.
#[inline(always)]
pub(in crate::net) unsafe fn of_socket(_socket: *const sock_common) -> *const net {
    &raw const init_net
}

/// The namespace in which a hook is called.
#[inline(always)]
pub(in crate::net) fn of_hook(_state: &nf_hook_state) -> *const net {
    &raw const init_net
}

/// Whether two namespaces are the same one.
#[inline(always)]
pub(in crate::net) fn are_same(_one: *const net, _other: *const net) -> bool {
    true
}

/// Whether any object can lead to the namespace.
pub(in crate::net) fn is_reached(namespace: *const net) -> bool {
    eq(namespace, &raw const init_net)
}
