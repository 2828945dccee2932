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
    list::{Entry, List, Place},
    Lock, NetlinkSocket,
};
use crate::net::{
    allowance::Allowance,
    namespace::{Listed, Namespace, Net},
    rcu,
    socket::Kept,
};

/// Which groups of a protocol have members.
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
pub struct MembersOf {
    cookie: u64,
    membership: Membership,
    /// The first of them.
    sockets: [Option<Kept>; KEPT],
}

impl MembersOf {
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
pub struct Wanted(KVec<MembersOf>);

impl Wanted {
    /// Room for as many namespaces. May sleep.
    pub fn with_capacity(namespaces: usize) -> Result<Self> {
        Ok(Self(KVec::with_capacity(namespaces, GFP_KERNEL)?))
    }

    /// Adds one, whose cookie has to be larger than those of the others; `false` if there is no room.
    /// Any context.
    pub fn add(&mut self, namespace: &Net) -> bool {
        let found = MembersOf {
            cookie: namespace.cookie(),
            membership: Membership::NONE,
            sockets: array::from_fn(|_| None),
        };
        self.0.push_within_capacity(found).is_ok()
    }

    /// Looks for the members of a group, counted from 1, or for those of any group. In a process,
    /// outside of a read-side section; fails with `E2BIG` if the allowance does not last for the list.
    ///
    /// The list is gone through in several sections. A member that leaves or joins meanwhile may be
    /// passed over; one that does both may be counted twice.
    pub fn look(
        mut self,
        protocol: u32,
        group: Option<u32>,
        allowance: &Allowance,
    ) -> Result<Members> {
        let group = group.map(|group| group.checked_sub(1).ok_or(EINVAL));
        let group = group.transpose()?;
        let mut place = Place::default();
        if self.0.is_empty() {
            return Ok(Members(self.0));
        }
        while let Some(next) = self.look_on(protocol, group, &place, allowance)? {
            if allowance.is_spent() {
                return Err(E2BIG);
            }
            // What it kept of the list is given back here, outside of the section.
            place = next;
        }
        Ok(Members(self.0))
    }

    /// Looks at those behind a place, for as long as a section may be; gives the place where it ends,
    /// or `None` if that is the end of the list.
    fn look_on(
        &mut self,
        protocol: u32,
        group: Option<u32>,
        place: &Place,
        allowance: &Allowance,
    ) -> Result<Option<Place>> {
        let guard = rcu::read_lock();
        let section = (&guard).into();
        let pause = allowance.pause();
        let mut list = place.enter(protocol, allowance, section)?;
        while !allowance.is_at(pause) {
            allowance.spend(LOOKED_AT);
            let Some(entry) = list.next() else {
                return Ok(None);
            };
            self.note(entry, group, allowance, list.lock());
        }
        Ok(Some(Place::of(&list)))
    }

    /// Notes a socket of the list.
    fn note(&mut self, entry: Entry<'_>, group: Option<u32>, allowance: &Allowance, held: &Lock) {
        let Some(listed) = entry.namespace() else {
            return;
        };
        let cookie = listed.cookie();
        let place = self.0.binary_search_by_key(&cookie, |found| found.cookie);
        let Some(found) = place.ok().and_then(|place| self.0.get_mut(place)) else {
            return;
        };
        allowance.spend(FOUND);
        listed.branded(|namespace| {
            let Some(socket) = entry.socket(namespace) else {
                return;
            };
            if group.is_some_and(|group| !socket.is_member_of(group, held)) {
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

/// What it takes to look at a member, in steps of the allowance, and how many more if it is a wanted
/// namespace's.
const LOOKED_AT: u32 = 2;
const FOUND: u32 = 4;

/// How many members of groups are looked at for those who listen to one.
const MEMBERS: usize = 1 << 14;

/// Calls `f` with the namespace of each socket that is a member of a group, counted from 1 over all
/// protocols of generic netlink as the kernel does; fails if there are too many to go through. In a
/// process; `f` is called with a lock held and must not sleep.
pub(in crate::net) fn namespaces_of_members(
    protocol: u32,
    group: u32,
    mut f: impl FnMut(Listed<'_>),
) -> Result {
    let group = group.checked_sub(1).ok_or(EINVAL)?;
    let guard = rcu::read_lock();
    let section = (&guard).into();
    let mut list = List::of(protocol, section)?;
    for _ in 0..MEMBERS {
        let Some(entry) = list.next() else {
            return Ok(());
        };
        let Some(listed) = entry.namespace() else {
            continue;
        };
        let is_member = listed.branded(|namespace| {
            let socket = entry.socket(namespace);
            socket.is_some_and(|socket| socket.is_member_of(group, list.lock()))
        });
        if is_member {
            f(listed);
        }
    }
    Err(E2BIG)
}
