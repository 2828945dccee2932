// SPDX-License-Identifier: GPL-2.0

//! Netlink sockets: members of groups, and holders of ports.
//!
//! `netlink_has_listeners()` tells of members in any namespace; here the list of members is looked
//! through for those of one.
//!
//! C header: `net/netlink/af_netlink.h`

use core::{
    mem::MaybeUninit,
    ops::Deref,
    ptr::{addr_of, addr_of_mut},
};
use kernel::ffi::c_ulong;
use kernel::{error::from_err_ptr, prelude::*};

use super::{
    list,
    namespace::Namespace,
    socket::{Borrowed, Full},
};
use crate::bindings;

/// A netlink socket, `struct netlink_sock`.
pub struct NetlinkSocket<'n>(Borrowed<'n, Full>);

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
    type Target = Full;

    fn deref(&self) -> &Full {
        &self.0
    }
}

/// Calls `f` with each member of a group, counted from 1, of a protocol, until it fails. In a
/// process; `f` is called with a lock held and must not sleep.
pub fn for_each_member<'n>(
    namespace: Namespace<'n>,
    protocol: u32,
    group: u32,
    mut f: impl FnMut(&NetlinkSocket<'n>) -> Result,
) -> Result {
    let group = group.checked_sub(1).ok_or(EINVAL)?;
    for_each_in_groups(namespace, protocol, |socket| {
        if socket.is_member_of(group) {
            f(socket)?;
        }
        Ok(())
    })
}

/// Which groups of a protocol have members.
pub struct Membership {
    words: [c_ulong; Self::WORDS],
    /// How many sockets are a member of any.
    pub members: u32,
}

impl Membership {
    /// As many words as there are groups to tell, 256: more than any protocol has by itself.
    const WORDS: usize = (256 / c_ulong::BITS) as usize;

    /// Looks through the sockets of a namespace. In a process.
    pub fn of(namespace: Namespace<'_>, protocol: u32) -> Result<Self> {
        let mut membership = Self {
            words: [0; Self::WORDS],
            members: 0,
        };
        for_each_in_groups(namespace, protocol, |socket| {
            let mut is_member = false;
            for (number, word) in (0..).zip(&mut membership.words) {
                let groups = socket.groups_from(number);
                is_member |= groups != 0;
                *word |= groups;
            }
            membership.members = membership.members.saturating_add(is_member.into());
            Ok(())
        })?;
        Ok(membership)
    }

    /// The groups, counted from 1.
    pub fn groups(&self) -> impl Iterator<Item = u32> + '_ {
        let bits = self.words.iter();
        let bits = bits.flat_map(|word| (0..c_ulong::BITS).map(move |bit| word >> bit & 1));
        (1..)
            .zip(bits)
            .filter_map(|(group, bit)| (bit != 0).then_some(group))
    }
}

/// Calls `f` with each socket that is a member of groups of a protocol, with the lock held, until
/// it fails.
fn for_each_in_groups<'n>(
    namespace: Namespace<'n>,
    protocol: u32,
    mut f: impl FnMut(&NetlinkSocket<'n>) -> Result,
) -> Result {
    let table = table(protocol)?;
    let _lock = Lock::new();
    // SAFETY: A socket leaves this list under the lock, before it is freed.
    for node in unsafe { list::hlist(addr_of!((*table).mc_list)) } {
        let sk = node
            .cast::<u8>()
            .wrapping_sub(bindings::RUST_CONST_SK_BIND_NODE as usize);
        // SAFETY: The entries are netlink sockets.
        if let Some(socket) = unsafe { NetlinkSocket::new(sk.cast_mut().cast(), namespace) } {
            f(&socket)?;
        }
    }
    Ok(())
}

/// Calls `f` with each socket of a protocol that has a port, until it fails. In a process; `f` is
/// called in a read-side section and must not sleep.
///
/// A socket may be passed over or come twice if many others come and go meanwhile.
pub fn for_each_port<'n>(
    namespace: Namespace<'n>,
    protocol: u32,
    mut f: impl FnMut(&NetlinkSocket<'n>) -> Result,
) -> Result {
    let table = table(protocol)?;
    let mut iterator = MaybeUninit::<bindings::rhashtable_iter>::uninit();
    let iterator = iterator.as_mut_ptr();
    // SAFETY: The table is set up before any module. The iterator stays where it is until
    // `rhashtable_walk_exit()`, below.
    unsafe { bindings::rhashtable_walk_enter(addr_of_mut!((*table).hash), iterator) };
    // An error says that the table grows: entries may then come twice.
    // SAFETY: The iterator has entered the table.
    let _ = unsafe { bindings::rhashtable_walk_start_check(iterator) };
    let result = loop {
        // SAFETY: The iterator has started.
        match from_err_ptr(unsafe { bindings::rhashtable_walk_next(iterator) }) {
            Ok(sk) if sk.is_null() => break Ok(()),
            Ok(sk) => {
                // SAFETY: The entries are netlink sockets, which are freed by RCU.
                let socket = unsafe { NetlinkSocket::new(sk.cast(), namespace) };
                if let Some(Err(error)) = socket.map(|socket| f(&socket)) {
                    break Err(error);
                }
            }
            Err(error) if error == EAGAIN => {}
            Err(error) => break Err(error),
        }
    };
    // SAFETY: The iterator has started.
    unsafe { bindings::rhashtable_walk_stop(iterator) };
    // SAFETY: The iterator has entered the table.
    unsafe { bindings::rhashtable_walk_exit(iterator) };
    result
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
