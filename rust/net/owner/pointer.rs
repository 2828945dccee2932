// SPDX-License-Identifier: GPL-2.0

//! The accessors that read the pointer.

use core::ptr::addr_of;

use crate::bindings::{net, net_device, nf_hook_state, sock_common};

/// The namespace of a device.
///
/// # Safety
///
/// The device must be valid.
#[inline(always)]
pub(in crate::net) unsafe fn of_device(device: *const net_device) -> *const net {
    // SAFETY: By the safety requirement. Volatile, since a move may be under way:
    // `rcu_dereference()` of a pointer.
    unsafe { addr_of!((*device).nd_net.net).read_volatile() }
}

/// The namespace of a socket.
///
/// # Safety
///
/// The socket must be valid.
#[inline(always)]
pub(in crate::net) unsafe fn of_socket(socket: *const sock_common) -> *const net {
    // SAFETY: By the safety requirement. Volatile, since the control sockets from which the kernel
    // replies change it.
    unsafe { addr_of!((*socket).skc_net.net).read_volatile() }
}

/// The namespace in which a hook is called.
#[inline(always)]
pub(in crate::net) fn of_hook(state: &nf_hook_state) -> *const net {
    state.net
}

/// Whether two namespaces are the same one.
#[inline(always)]
pub(in crate::net) fn are_same(one: *const net, other: *const net) -> bool {
    one == other
}

/// Whether any object can lead to the namespace.
pub(in crate::net) fn is_reached(_namespace: *const net) -> bool {
    true
}
