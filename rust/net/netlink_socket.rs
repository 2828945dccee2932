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
    ptr::{addr_of, addr_of_mut, null, null_mut},
};
use kernel::ffi::c_ulong;
use kernel::{error::from_err_ptr, prelude::*};

use super::{
    allowance::Allowance,
    namespace::{Listed, Namespace},
    rcu,
    socket::{Borrowed, Sock, SockCommon},
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

/// Calls `f` with each member of a group, counted from 1, of a protocol, until it fails. In a
/// process; `f` is called with a lock held and must not sleep.
pub fn for_each_member<'n>(
    namespace: Namespace<'n>,
    protocol: u32,
    group: u32,
    allowance: &Allowance,
    mut f: impl FnMut(&NetlinkSocket<'n>) -> Result,
) -> Result {
    let group = group.checked_sub(1).ok_or(EINVAL)?;
    for_each_in_groups(namespace, protocol, allowance, |socket| {
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
    pub fn of(namespace: Namespace<'_>, protocol: u32, allowance: &Allowance) -> Result<Self> {
        let mut membership = Self::NONE;
        for_each_in_groups(namespace, protocol, allowance, |socket| {
            membership.add(socket);
            Ok(())
        })?;
        Ok(membership)
    }

    const NONE: Self = Self {
        words: [0; Self::WORDS],
        members: 0,
    };

    /// Counts a socket. To be called with the lock of the tables held.
    fn add(&mut self, socket: &NetlinkSocket<'_>) {
        let mut is_member = false;
        for (number, word) in (0..).zip(&mut self.words) {
            let groups = socket.groups_from(number);
            is_member |= groups != 0;
            *word |= groups;
        }
        self.members = self.members.saturating_add(is_member.into());
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

/// How many sockets of a namespace are kept of those that [`Members`] finds.
pub const KEPT: usize = 12;

/// The members of groups of a protocol in some namespaces, for which the list of them is gone through
/// once, and not once for each.
pub struct Members<'s> {
    /// In the order of their cookies.
    found: KVec<Found>,
    section: rcu::Section<'s>,
}

/// What was found in one namespace.
struct Found {
    cookie: u64,
    membership: Membership,
    /// The first of them; null behind the last one.
    sockets: [*mut bindings::sock; KEPT],
}

/// The namespaces whose members are looked for.
pub struct Wanted(KVec<Found>);

impl Wanted {
    /// Room for as many namespaces. May sleep.
    pub fn with_capacity(namespaces: usize) -> Result<Self> {
        Ok(Self(KVec::with_capacity(namespaces, GFP_KERNEL)?))
    }

    /// Adds one, whose cookie has to be larger than those of the others; `false` if there is no room.
    /// Any context.
    pub fn add(&mut self, cookie: u64) -> bool {
        let found = Found {
            cookie,
            membership: Membership::NONE,
            sockets: [null_mut(); KEPT],
        };
        self.0.push_within_capacity(found).is_ok()
    }

    /// Looks for the members of a group, counted from 1, or for those of any group. In a process.
    pub fn look<'s>(
        self,
        protocol: u32,
        group: Option<u32>,
        allowance: &Allowance,
        section: rcu::Section<'s>,
    ) -> Result<Members<'s>> {
        let Self(mut found) = self;
        let group = group.map(|group| group.checked_sub(1).ok_or(EINVAL));
        let group = group.transpose()?;
        for_each_in_list(protocol, section, allowance, |sk, section| {
            // SAFETY: The entries are netlink sockets, valid in the section.
            let Some(common) = (unsafe { SockCommon::from_raw(sk) }) else {
                return Ok(());
            };
            let cookie = common.net(section).cookie();
            let place = found.binary_search_by_key(&cookie, |found| found.cookie);
            let Some(found) = place.ok().and_then(|place| found.get_mut(place)) else {
                return Ok(());
            };
            allowance.spend(FOUND);
            // SAFETY: As above, and it is its namespace.
            let listed = unsafe { Listed::assume(common.net(section), section) };
            listed.branded(|namespace| {
                // SAFETY: As above.
                let Some(socket) = (unsafe { NetlinkSocket::new(sk, namespace) }) else {
                    return;
                };
                if group.is_none_or(|group| socket.is_member_of(group)) {
                    let kept = found.sockets.iter_mut();
                    if let Some(room) = { kept }.find(|kept| kept.is_null()) {
                        *room = sk;
                    }
                    found.membership.add(&socket);
                }
            });
            Ok(())
        })?;
        Ok(Members { found, section })
    }
}

impl<'s> Members<'s> {
    /// Calls `f` with each namespace that has any, what was found in it, and with the section, until
    /// it gives `false`; gives `false` then.
    pub fn each<E>(
        &self,
        mut f: impl FnMut(Listed<'s>, MembersOf<'_>) -> Result<bool, E>,
    ) -> Result<bool, E> {
        for found in &self.found {
            if found.membership.members == 0 {
                continue;
            }
            let before = found.cookie.wrapping_sub(1);
            let next = Listed::after(before, self.section).next();
            // One that is not there has ended since.
            let Some(listed) = next.filter(|listed| listed.cookie() == found.cookie) else {
                continue;
            };
            if !f(listed, MembersOf(found))? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The members that were found in one namespace.
pub struct MembersOf<'a>(&'a Found);

impl MembersOf<'_> {
    /// Of which groups.
    pub fn membership(&self) -> &Membership {
        &self.0.membership
    }

    /// The first [`KEPT`] of them, if the namespace is theirs.
    pub fn sockets<'n>(&self, namespace: Namespace<'n>) -> impl Iterator<Item = NetlinkSocket<'n>> {
        let sockets = self.0.sockets.into_iter().take_while(|sk| !sk.is_null());
        // SAFETY: They were found in the section in which [`Members`] exists, and the brand is of
        // one inside of it.
        sockets.filter_map(move |sk| unsafe { NetlinkSocket::new(sk, namespace) })
    }
}

/// How many members of groups are looked at, of one protocol in all namespaces: a step of an allowance
/// each.
pub const MEMBERS: u32 = 1 << 14;
/// How many steps more it takes if it is the namespace's that is meant, or one of several that are.
const MEMBER: u32 = 2;
const FOUND: u32 = 5;
/// How many of them while the lock is held.
const LOCKED: u32 = 1 << 8;

/// Calls `f` with the namespace of each socket that is a member of a group, counted from 1 over all
/// protocols of generic netlink as the kernel does; fails if there are too many to go through. In a
/// process; `f` is called with a lock held and must not sleep.
pub(super) fn namespaces_of_members(
    protocol: u32,
    group: u32,
    mut f: impl FnMut(Listed<'_>),
) -> Result {
    let group = group.checked_sub(1).ok_or(EINVAL)?;
    let guard = rcu::read_lock();
    let allowance = Allowance::whole();
    let is_whole = for_each_in_list(protocol, (&guard).into(), &allowance, |sk, section| {
        // SAFETY: The entries are netlink sockets, valid in the section.
        let Some(common) = (unsafe { SockCommon::from_raw(sk) }) else {
            return Ok(());
        };
        // SAFETY: The socket of a process, which alone is a member of groups, holds its namespace, and
        // it is in the list.
        let listed = unsafe { Listed::assume(common.net(section), section) };
        let is_member = listed.branded(|namespace| {
            // SAFETY: As above.
            let socket = unsafe { NetlinkSocket::new(sk, namespace) };
            socket.is_some_and(|socket| socket.is_member_of(group))
        });
        if is_member {
            f(listed);
        }
        Ok(())
    })?;
    if is_whole {
        Ok(())
    } else {
        Err(E2BIG)
    }
}

/// Calls `f` with each socket of a namespace that is a member of groups of a protocol, with the lock
/// held, until it fails.
fn for_each_in_groups<'n>(
    namespace: Namespace<'n>,
    protocol: u32,
    allowance: &Allowance,
    mut f: impl FnMut(&NetlinkSocket<'n>) -> Result,
) -> Result {
    for_each_in_list(protocol, namespace.section(), allowance, |sk, _| {
        // SAFETY: The entries are netlink sockets, valid in the section of the namespace.
        match unsafe { NetlinkSocket::new(sk, namespace) } {
            Some(socket) => {
                allowance.spend(MEMBER);
                f(&socket)
            }
            None => Ok(()),
        }
    })
    .map(|_| ())
}

/// Calls `f` with the first [`MEMBERS`] sockets that are members of groups of a protocol, in
/// whatever namespace, until it fails; `false` if there are more. Called with the lock held.
///
/// The lock, for which interrupts are off, is given back in between. A socket that leaves the list
/// then still leads to what came behind it, and both are freed by RCU; one that comes back to its
/// beginning leads there, and some come twice.
fn for_each_in_list(
    protocol: u32,
    section: rcu::Section<'_>,
    allowance: &Allowance,
    mut f: impl FnMut(*mut bindings::sock, rcu::Section<'_>) -> Result,
) -> Result<bool> {
    let table = table(protocol)?;
    let mut last: *const bindings::hlist_node = null();
    for _ in 0..MEMBERS / LOCKED {
        let _lock = Lock::new();
        for _ in 0..LOCKED {
            if allowance.is_spent() {
                return Ok(false);
            }
            allowance.spend(1);
            // SAFETY: The head of a list that changes under the lock alone, and an entry that was
            // in it in this section.
            let next = unsafe {
                if last.is_null() {
                    addr_of!((*table).mc_list.first).read()
                } else {
                    addr_of!((*last).next).read()
                }
            };
            if next.is_null() {
                return Ok(true);
            }
            last = next;
            let sk = next
                .cast::<u8>()
                .wrapping_sub(bindings::RUST_CONST_SK_BIND_NODE as usize);
            f(sk.cast(), section)?;
        }
    }
    Ok(false)
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
