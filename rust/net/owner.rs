// SPDX-License-Identifier: GPL-2.0

//! Which namespace does an object belong to?
//!
//! These few accessors are all of the first level that is machine code. There are two sets of them:
//! [`pointer`](self) reads the pointer that the object has; `noop` reads nothing, and always gives
//! the initial namespace. With the latter, which `--cfg first_level="noop"` chooses, nothing is left of
//! the first level in what the compiler makes, and a kernel without `CONFIG_NET_NS` will do, in which
//! the objects have no such pointers.
//!
//! C header: [`include/net/net_namespace.h`](srctree/include/net/net_namespace.h),
//! `read_pnet()` and `net_eq()`

use crate::bindings::{genl_info, net};

#[cfg(not(first_level = "noop"))]
mod pointer;
#[cfg(not(first_level = "noop"))]
pub(super) use self::pointer::{are_same, is_reached, of_device, of_hook, of_socket};

#[cfg(first_level = "noop")]
mod noop;
#[cfg(first_level = "noop")]
pub(super) use self::noop::{are_same, is_reached, of_device, of_hook, of_socket};

// What follows is no part of the first level, which is about packets, and read wherever there is
// something to read.

/// The namespace of the socket that a request came through.
#[cfg(CONFIG_NET_NS)]
pub(super) fn of_request(info: &genl_info) -> *const net {
    info._net.net
}

/// The same, where there is one namespace.
#[cfg(not(CONFIG_NET_NS))]
pub(super) fn of_request(_: &genl_info) -> *const net {
    &raw const crate::bindings::init_net
}
