// SPDX-License-Identifier: GPL-2.0

//! The holders of ports of netlink: one of a namespace, or all of a protocol in parts.
//!
//! C header: [`include/linux/rhashtable.h`](srctree/include/linux/rhashtable.h)

use core::{
    mem::MaybeUninit,
    ptr::{addr_of, addr_of_mut},
};
use kernel::{error::from_err_ptr, prelude::*};

use super::{table, NetlinkSocket};
use crate::{
    bindings,
    net::{namespace::Namespace, rcu},
};

/// A place in the table of ports of a protocol.
///
/// See the example of [`among_shared`](crate::net::by_cookie::among_shared), whose place has one in
/// it.
#[derive(Clone, Copy, Default, PartialEq)]
#[repr(C)]
pub struct PortPlace {
    /// How many buckets the table had.
    size: u32,
    bucket: u32,
    /// How many entries of the bucket are done.
    entry: u32,
}

/// How many sockets are looked at in one read-side section.
const AT_ONCE: u32 = 1 << 10;

/// Calls `f` with the sockets of a protocol that have a port, those of all namespaces, until it
/// gives something or some thousand are done; `Ok(None)` if all are.
///
/// Where the table has grown or shrunk since, it is begun anew. A socket may be passed over or come
/// twice if others come and go meanwhile. In a process; `f` is called in a read-side section and
/// must not sleep.
pub(in crate::net) fn some_with_ports<R>(
    protocol: u32,
    place: &mut PortPlace,
    mut f: impl FnMut(*mut bindings::sock, rcu::Section<'_>) -> Option<R>,
) -> Result<Option<R>, Unfinished> {
    let Ok(table) = table(protocol) else {
        return Ok(None);
    };
    let mut iterator = MaybeUninit::<bindings::rhashtable_iter>::uninit();
    let iterator = iterator.as_mut_ptr();
    // SAFETY: The table is set up before any module; nothing is read.
    let ports = unsafe { addr_of_mut!((*table).hash) };
    // SAFETY: As above. The iterator stays where it is until `rhashtable_walk_exit()`, below.
    unsafe { bindings::rhashtable_walk_enter(ports, iterator) };
    // An error says that the table grows, and the iterator then begins with the new one.
    // SAFETY: The iterator has entered the table.
    let _ = unsafe { bindings::rhashtable_walk_start_check(iterator) };
    // SAFETY: The walk has begun, which enters a section, and is stopped below.
    let section = unsafe { rcu::Section::assume() };
    // SAFETY: The iterator is ours, and in the section.
    if place.size == unsafe { size(iterator) } {
        // These two say where to go on (`__rhashtable_walk_find_next()`), which is in the table, or at its
        // end: of this size it was the last time.
        // SAFETY: The iterator is ours.
        unsafe { (*iterator).slot = place.bucket };
        // SAFETY: As above.
        unsafe { (*iterator).skip = place.entry };
    }
    let mut result = Err(Unfinished);
    for _ in 0..AT_ONCE {
        // SAFETY: The iterator has started.
        match from_err_ptr(unsafe { bindings::rhashtable_walk_next(iterator) }) {
            Ok(sk) if sk.is_null() => {
                result = Ok(None);
                break;
            }
            Ok(sk) => {
                if let Some(found) = f(sk.cast(), section) {
                    result = Ok(Some(found));
                    break;
                }
            }
            // The table has grown: on with the new one.
            Err(_) => {}
        }
    }
    *place = PortPlace {
        // SAFETY: The iterator is ours, and in the section.
        size: unsafe { size(iterator) },
        // SAFETY: The iterator is ours.
        bucket: unsafe { (*iterator).slot },
        // SAFETY: As above.
        entry: unsafe { (*iterator).skip },
    };
    // SAFETY: The iterator has started.
    unsafe { bindings::rhashtable_walk_stop(iterator) };
    // SAFETY: The iterator has entered the table.
    unsafe { bindings::rhashtable_walk_exit(iterator) };
    result
}

/// How many buckets the table has that is gone through; 0 at its end.
///
/// # Safety
///
/// The iterator must have started, and not have been stopped since.
unsafe fn size(iterator: *const bindings::rhashtable_iter) -> u32 {
    // SAFETY: By the safety requirement.
    let table = unsafe { (*iterator).walker.tbl };
    // SAFETY: Null, or a table that is freed by RCU, in the section which the walk is.
    unsafe { table.as_ref() }.map_or(0, |table| table.size)
}

/// There is more to go through.
pub(in crate::net) struct Unfinished;

impl<'n> NetlinkSocket<'n> {
    /// The socket that has a port, which is not 0, in a namespace: `netlink_lookup()`.
    pub fn with_port(namespace: Namespace<'n>, protocol: u32, port: u32) -> Result<Option<Self>> {
        let net = namespace.object().as_ptr();
        let find = |protocol, port| -> Result<_> {
            let table = table(protocol)?;
            // SAFETY: The table is set up before any module, and its sockets are freed by RCU, in a
            // section of which the namespace is evidence.
            let ports = unsafe { addr_of_mut!((*table).hash) };
            // SAFETY: As above.
            Ok(unsafe { bindings::rust_helper_netlink_find(ports, net, port) })
        };
        // What a key looks like is the kernel's own business: whoever has this port is known.
        // SAFETY: The namespace is valid; the pointer is set when it is made.
        let known = unsafe { addr_of!((*net).genl_sock).read() };
        if find(bindings::NETLINK_GENERIC, 0)? != known {
            return Err(EOPNOTSUPP);
        }
        let sk = find(protocol, port)?;
        if sk.is_null() {
            return Ok(None);
        }
        // SAFETY: An entry of the table, in the section.
        Ok(unsafe { Self::from_table(sk, namespace) })
    }
}
