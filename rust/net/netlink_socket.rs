// SPDX-License-Identifier: GPL-2.0

//! Netlink sockets: holders of ports, and in `members` the members of groups.
//!
//! C header: `net/netlink/af_netlink.h`

mod members;

pub use self::members::{Members, MembersOf, Membership, Wanted, KEPT};

use core::{
    mem::MaybeUninit,
    ops::Deref,
    ptr::{addr_of, addr_of_mut},
};
use kernel::ffi::c_ulong;
use kernel::{error::from_err_ptr, prelude::*};

pub(super) use self::members::namespaces_of_members;
use super::{
    namespace::Namespace,
    rcu,
    socket::{Borrowed, Sock},
};
use crate::bindings;

/// A netlink socket, `struct netlink_sock`.
pub struct NetlinkSocket<'n>(Borrowed<'n, Sock>);

impl<'n> NetlinkSocket<'n> {
    /// The port; 0 if it has none yet, or is the kernel's.
    pub fn port(&self) -> u32 {
        // SAFETY: It is a netlink socket. Volatile as `READ_ONCE()`.
        unsafe { addr_of!((*self.as_netlink()).portid).read_volatile() }
    }

    /// Takes the socket if it is the namespace's.
    ///
    /// # Safety
    ///
    /// `sk` must be a netlink socket that stays valid for the read-side section of the namespace.
    unsafe fn new(sk: *mut bindings::sock, namespace: Namespace<'n>) -> Option<Self> {
        // SAFETY: By the safety requirement.
        unsafe { Borrowed::from_table(sk, namespace) }.map(Self)
    }

    /// Whether it is a member of a group. To be called with the lock of the tables held.
    fn is_member_of(&self, group: u32) -> bool {
        let word = self.groups_from(group / c_ulong::BITS);
        word >> (group % c_ulong::BITS) & 1 != 0
    }

    /// A bit for each group that it is a member of, a word at a time. To be called with the lock of
    /// the tables held.
    fn groups_from(&self, word: u32) -> c_ulong {
        // SAFETY: It is a netlink socket, whose groups change under the lock alone; they are whole
        // words.
        unsafe {
            let sk = self.as_netlink();
            if word < (*sk).ngroups.div_ceil(c_ulong::BITS) {
                (*sk).groups.cast_const().add(word as usize).read()
            } else {
                0
            }
        }
    }

    fn as_netlink(&self) -> *const bindings::netlink_sock {
        self.0.as_ptr().cast()
    }
}

impl Deref for NetlinkSocket<'_> {
    type Target = Sock;

    fn deref(&self) -> &Sock {
        &self.0
    }
}

/// A place in the table of ports of a protocol.
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
pub(super) fn some_with_ports<R>(
    protocol: u32,
    place: &mut PortPlace,
    mut f: impl FnMut(*mut bindings::sock, rcu::Section<'_>) -> Option<R>,
) -> Result<Option<R>, Unfinished> {
    let Ok(table) = table(protocol) else {
        return Ok(None);
    };
    let mut iterator = MaybeUninit::<bindings::rhashtable_iter>::uninit();
    let iterator = iterator.as_mut_ptr();
    // SAFETY: The table is set up before any module. The iterator stays where it is until
    // `rhashtable_walk_exit()`, below.
    unsafe { bindings::rhashtable_walk_enter(addr_of_mut!((*table).hash), iterator) };
    // An error says that the table grows, and the iterator then begins with the new one.
    // SAFETY: The iterator has entered the table.
    let _ = unsafe { bindings::rhashtable_walk_start_check(iterator) };
    // SAFETY: The walk has begun, which enters a section, and is stopped below.
    let section = unsafe { rcu::Section::assume() };
    // SAFETY: The iterator has a table now, which stays for the section.
    let size = unsafe { (*(*iterator).walker.tbl).size };
    if place.size == size {
        // These two say where to go on (`__rhashtable_walk_find_next()`).
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
    // SAFETY: It is ours, and has the table while that is gone through; in the section.
    *place = unsafe {
        PortPlace {
            size: (*iterator)
                .walker
                .tbl
                .as_ref()
                .map_or(0, |table| table.size),
            bucket: (*iterator).slot,
            entry: (*iterator).skip,
        }
    };
    // SAFETY: The iterator has started.
    unsafe { bindings::rhashtable_walk_stop(iterator) };
    // SAFETY: The iterator has entered the table.
    unsafe { bindings::rhashtable_walk_exit(iterator) };
    result
}

/// There is more to go through.
pub(super) struct Unfinished;

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
        // SAFETY: The namespace is valid, and every one has this socket.
        if find(bindings::NETLINK_GENERIC, 0)? != unsafe { addr_of!((*net).genl_sock).read() } {
            return Err(EOPNOTSUPP);
        }
        let sk = find(protocol, port)?;
        if sk.is_null() {
            return Ok(None);
        }
        // SAFETY: An entry of the table, in the section.
        Ok(unsafe { Self::new(sk, namespace) })
    }

    /// Takes an entry of the table, in whatever namespace it is.
    ///
    /// # Safety
    ///
    /// As for `new`.
    pub(super) unsafe fn from_table(
        sk: *mut bindings::sock,
        namespace: Namespace<'n>,
    ) -> Option<Self> {
        // SAFETY: By the safety requirement.
        unsafe { Self::new(sk, namespace) }
    }
}

fn table(protocol: u32) -> Result<*mut bindings::netlink_table> {
    if protocol >= bindings::MAX_LINKS {
        return Err(EPROTONOSUPPORT);
    }
    // SAFETY: The array is set up before any module, and has as many elements.
    Ok(unsafe { bindings::nl_table.add(protocol as usize) })
}

/// The lock of all tables, held for reading.
struct Lock(c_ulong);

impl Lock {
    fn new() -> Self {
        // SAFETY: No requirements.
        Self(unsafe { bindings::rust_helper_nl_table_lock() })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // SAFETY: It is held, and these are its flags.
        unsafe { bindings::rust_helper_nl_table_unlock(self.0) };
    }
}
