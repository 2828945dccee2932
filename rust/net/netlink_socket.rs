// SPDX-License-Identifier: GPL-2.0

//! Netlink sockets: in `ports` those that hold a port, in `members` those that are in a group.
//!
//! C header: `net/netlink/af_netlink.h`

mod list;
mod members;
mod ports;

pub use self::{
    members::{Members, MembersOf, Membership, KEPT},
    ports::PortPlace,
};

use core::{ops::Deref, ptr::addr_of};
use kernel::{ffi::c_ulong, prelude::*, types::NotThreadSafe};

pub(super) use self::{
    members::namespaces_of_members,
    ports::{some_with_ports, Unfinished},
};
use super::{
    namespace::Namespace,
    socket::{Borrowed, Sock},
};
use crate::bindings;

/// A netlink socket, `struct netlink_sock`.
///
/// # Examples
///
/// ```
/// use crate::net::{namespace::Namespace, netlink_socket::NetlinkSocket};
///
/// /// The owner of the socket with a port of rtnetlink, which is protocol 0.
/// fn owner(namespace: Namespace<'_>, port: u32) -> Result<Option<u32>> {
///     let socket = NetlinkSocket::with_port(namespace, 0, port)?;
///     Ok(socket.map(|socket| socket.owner()))
/// }
/// ```
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
    pub(super) unsafe fn from_table(
        sk: *mut bindings::sock,
        namespace: Namespace<'n>,
    ) -> Option<Self> {
        // SAFETY: By the safety requirement.
        unsafe { Borrowed::from_table(sk, namespace) }.map(Self)
    }

    /// Whether it is a member of a group.
    fn is_member_of(&self, group: u32, held: &Lock) -> bool {
        let word = self.groups_from(group / c_ulong::BITS, held);
        word >> (group % c_ulong::BITS) & 1 != 0
    }

    /// A bit for each group that it is a member of, a word at a time.
    fn groups_from(&self, word: u32, _held: &Lock) -> c_ulong {
        let sk = self.as_netlink();
        // SAFETY: It is a netlink socket, whose groups change with the lock held only
        // (`netlink_realloc_groups()`).
        let count = unsafe { (*sk).ngroups };
        if word >= count.div_ceil(c_ulong::BITS) {
            return 0;
        }
        // SAFETY: As above.
        let groups = unsafe { (*sk).groups };
        // SAFETY: There are as many, in whole words (`NLGRPSZ()`). They are freed a grace period after the
        // socket was closed (`deferred_put_nlk_sk()`), and the brand is evidence of a section.
        unsafe { groups.add(word as usize).read() }
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

/// The tables of a protocol, of all namespaces.
fn table(protocol: u32) -> Result<*mut bindings::netlink_table> {
    if protocol >= bindings::MAX_LINKS {
        return Err(EPROTONOSUPPORT);
    }
    // SAFETY: The array is set up before any module, and has as many elements.
    Ok(unsafe { bindings::nl_table.add(protocol as usize) })
}

/// The lock of the lists of members, of all protocols, held for reading; interrupts are off.
struct Lock(c_ulong, NotThreadSafe);

impl Lock {
    fn new() -> Self {
        // SAFETY: No requirements.
        let flags = unsafe { bindings::rust_helper_nl_table_lock() };
        Self(flags, NotThreadSafe)
    }

    /// Gives the lock back, and takes it again.
    fn let_others(&mut self) {
        // SAFETY: It is held, and these are its flags.
        unsafe { bindings::rust_helper_nl_table_unlock(self.0) };
        // SAFETY: No requirements.
        self.0 = unsafe { bindings::rust_helper_nl_table_lock() };
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // SAFETY: It is held, and these are its flags.
        unsafe { bindings::rust_helper_nl_table_unlock(self.0) };
    }
}
