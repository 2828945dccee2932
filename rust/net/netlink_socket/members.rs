// SPDX-License-Identifier: GPL-2.0

//! The members of groups of netlink.
//!
//! A protocol has one list of them, for all namespaces: `netlink_has_listeners()` tells of members
//! in any. Here it is gone through once for many namespaces, and not once for each.
//!
//! C header: `net/netlink/af_netlink.h`

use core::array;
use kernel::{ffi::c_ulong, prelude::*};

use super::{
    list::{self, Entry, Visitor},
    Lock, NetlinkSocket,
};
use crate::net::{
    allowance::Allowance,
    namespace::{Listed, Namespace, Net},
    rcu,
    socket::Kept,
};

/// Which groups of a protocol have members.
///
/// See the example of [`Wanted`].
pub struct Membership {
    words: [c_ulong; Self::WORDS],
    /// How many sockets are a member of any.
    pub members: u32,
}

impl Membership {
    /// As many words as there are groups to tell, 256: more than any protocol has by itself.
    const WORDS: usize = (256 / c_ulong::BITS) as usize;

    const NONE: Self = Self {
        words: [0; Self::WORDS],
        members: 0,
    };

    /// Counts a socket.
    fn add(&mut self, socket: &NetlinkSocket<'_>, held: &Lock) {
        let mut is_member = false;
        for (number, word) in (0..).zip(&mut self.words) {
            let groups = socket.groups_from(number, held);
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

/// How many sockets of a namespace are kept of those that are found.
pub const KEPT: usize = 12;

/// The members that were found in a namespace.
///
/// See the example of [`Wanted`].
pub struct MembersOf {
    cookie: u64,
    membership: Membership,
    /// The first of them.
    sockets: [Option<Kept>; KEPT],
}

impl MembersOf {
    fn none(cookie: u64) -> Self {
        Self {
            cookie,
            membership: Membership::NONE,
            sockets: array::from_fn(|_| None),
        }
    }

    /// Of which groups.
    pub fn membership(&self) -> &Membership {
        &self.membership
    }

    /// Calls `f` with the first [`KEPT`] of them, until it fails; with none if the namespace is not
    /// theirs.
    pub fn each_socket<'n>(
        &self,
        namespace: Namespace<'n>,
        mut f: impl FnMut(&NetlinkSocket<'n>) -> Result,
    ) -> Result {
        for kept in self.sockets.iter().flatten() {
            // SAFETY: A netlink socket, which remains one while it is kept: `f` is lent it, and has to
            // be done before this returns.
            if let Some(socket) = unsafe { NetlinkSocket::from_table(kept.as_ptr(), namespace) } {
                f(&socket)?;
            }
        }
        Ok(())
    }
}

/// The namespaces whose members are looked for.
///
/// # Examples
///
/// ```
/// use crate::net::{allowance::Allowance, namespace::Net, netlink_socket::Wanted, rcu};
///
/// /// Tells of the members that the groups of rtnetlink have in a namespace.
/// fn log(namespace: &Net, allowance: &Allowance) -> Result {
///     let mut wanted = Wanted::with_capacity(1)?;
///     wanted.add(namespace);
///     let members = wanted.look(0, None, allowance)?;
///     let guard = rcu::read_lock();
///     for (listed, found) in members.each((&guard).into()) {
///         let count = found.membership().members;
///         pr_info!("{} in namespace {}\n", count, listed.cookie());
///     }
///     Ok(())
/// }
/// ```
pub struct Wanted(KVec<MembersOf>);

impl Wanted {
    /// Room for as many namespaces. May sleep.
    pub fn with_capacity(namespaces: usize) -> Result<Self> {
        Ok(Self(KVec::with_capacity(namespaces, GFP_KERNEL)?))
    }

    /// Adds one, whose cookie has to be larger than those of the others; `false` if there is no room.
    /// Any context.
    pub fn add(&mut self, namespace: &Net) -> bool {
        let found = MembersOf::none(namespace.cookie());
        self.0.push_within_capacity(found).is_ok()
    }

    /// Looks for the members of a group, counted from 1, or for those of any group. In a process,
    /// outside of a read-side section; fails with `E2BIG` if the allowance does not last for the list.
    pub fn look(self, protocol: u32, group: Option<u32>, allowance: &Allowance) -> Result<Members> {
        let Self(mut found) = self;
        let group = group.map(|group| group.checked_sub(1).ok_or(EINVAL));
        let group = group.transpose()?;
        if !found.is_empty() {
            let found = &mut found;
            list::go_through(protocol, allowance, &mut Search { found, group })?;
        }
        Ok(Members(found))
    }
}

/// A search for the members of a group, counted from 0, or of any.
struct Search<'a> {
    found: &'a mut KVec<MembersOf>,
    group: Option<u32>,
}

impl Visitor for Search<'_> {
    fn begin_anew(&mut self) {
        for found in self.found.iter_mut() {
            *found = MembersOf::none(found.cookie);
        }
    }

    fn visit(&mut self, entry: Entry<'_>, allowance: &Allowance, held: &Lock) {
        let Some(listed) = entry.namespace() else {
            return;
        };
        let cookie = listed.cookie();
        let place = self
            .found
            .binary_search_by_key(&cookie, |found| found.cookie);
        let Some(found) = place.ok().and_then(|place| self.found.get_mut(place)) else {
            return;
        };
        allowance.spend(FOUND);
        listed.branded(|namespace| {
            let Some(socket) = entry.socket(namespace) else {
                return;
            };
            if { self.group }.is_some_and(|group| !socket.is_member_of(group, held)) {
                return;
            }
            if let Some(room) = found.sockets.iter_mut().find(|kept| kept.is_none()) {
                *room = entry.keep();
            }
            found.membership.add(&socket, held);
        });
    }
}

/// The members of groups of a protocol in some namespaces, in the order of their cookies.
///
/// See the example of [`Wanted`].
pub struct Members(KVec<MembersOf>);

impl Members {
    /// Those of each namespace, with the namespace if that is still there; in a section.
    pub fn each<'a, 's>(
        &'a self,
        section: rcu::Section<'s>,
    ) -> impl Iterator<Item = (Listed<'s>, &'a MembersOf)> + use<'a, 's> {
        self.0.iter().filter_map(move |found| {
            let next = Listed::after(found.cookie.wrapping_sub(1), section).next();
            next.filter(|listed| listed.cookie() == found.cookie)
                .map(|listed| (listed, found))
        })
    }
}

/// What it takes to find one of a namespace that is looked for, in steps of the allowance.
const FOUND: u32 = 4;

/// Calls `f` with the namespace of each socket that is a member of a group, counted from 1 over all
/// protocols of generic netlink as the kernel does, once or several times; fails if the list changes
/// so much that it cannot be gone through. In a process, outside of a read-side section, and for
/// nobody who waits; `f` is called with a lock held and must not sleep.
pub(in crate::net) fn namespaces_of_members(
    protocol: u32,
    group: u32,
    f: impl FnMut(Listed<'_>),
) -> Result {
    let group = group.checked_sub(1).ok_or(EINVAL)?;
    list::go_through(protocol, &Allowance::unlimited(), &mut Heard { group, f })
}

/// Calls `f` with the namespace of each member of a group, counted from 0.
struct Heard<F> {
    group: u32,
    f: F,
}

impl<F: FnMut(Listed<'_>)> Visitor for Heard<F> {
    fn begin_anew(&mut self) {}

    fn visit(&mut self, entry: Entry<'_>, _: &Allowance, held: &Lock) {
        let Some(listed) = entry.namespace() else {
            return;
        };
        let is_member = listed.branded(|namespace| {
            let socket = entry.socket(namespace);
            socket.is_some_and(|socket| socket.is_member_of(self.group, held))
        });
        if is_member {
            (self.f)(listed);
        }
    }
}
