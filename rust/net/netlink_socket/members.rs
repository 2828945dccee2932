// SPDX-License-Identifier: GPL-2.0

//! The members of groups of netlink.
//!
//! A protocol has one list of them, for all namespaces: `netlink_has_listeners()` tells of members
//! in any. Here it is gone through once for many namespaces, and not once for each.
//!
//! C header: `net/netlink/af_netlink.h`

use core::{
    array,
    ptr::{addr_of, eq, null, NonNull},
};
use kernel::{ffi::c_ulong, prelude::*};

use super::{table, Lock, NetlinkSocket};
use crate::{
    bindings,
    net::{
        allowance::Allowance,
        namespace::{Listed, Namespace, Net},
        rcu,
        socket::{Kept, SockCommon},
    },
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
            if let Some(socket) = unsafe { NetlinkSocket::new(kept.as_ptr(), namespace) } {
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
            let Some(sk) = list.next() else {
                return Ok(None);
            };
            self.note(sk, group, allowance, section);
        }
        Ok(Some(Place::of(&list)))
    }

    /// Notes a socket of the list, with whose lock held this is called.
    fn note(
        &mut self,
        sk: NonNull<bindings::sock>,
        group: Option<u32>,
        allowance: &Allowance,
        section: rcu::Section<'_>,
    ) {
        // SAFETY: The entries are netlink sockets, valid in the section.
        let Some(common) = (unsafe { SockCommon::from_raw(sk.as_ptr()) }) else {
            return;
        };
        let cookie = common.net(section).cookie();
        let place = self.0.binary_search_by_key(&cookie, |found| found.cookie);
        let Some(found) = place.ok().and_then(|place| self.0.get_mut(place)) else {
            return;
        };
        allowance.spend(FOUND);
        // SAFETY: The socket of a process, which alone is a member of groups, holds its namespace.
        let listed = unsafe { Listed::assume(common.net(section), section) };
        listed.branded(|namespace| {
            // SAFETY: As above.
            let Some(socket) = (unsafe { NetlinkSocket::new(sk.as_ptr(), namespace) }) else {
                return;
            };
            if group.is_some_and(|group| !socket.is_member_of(group)) {
                return;
            }
            if let Some(room) = found.sockets.iter_mut().find(|kept| kept.is_none()) {
                // SAFETY: It is in the list, which it leaves before its own reference is given back
                // (`netlink_release()`).
                *room = unsafe { Kept::new(sk) };
            }
            found.membership.add(&socket);
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

/// What it takes to look at a member, in steps of the allowance; how many more if it is a wanted
/// namespace's; and how many are passed in a step on the way to where one was before.
const LOOKED_AT: u32 = 2;
const FOUND: u32 = 4;
const PASSED: u32 = 8;

/// A place in the list, to come back to.
#[derive(Default)]
struct Place {
    /// The last one that was looked at. While it is kept, no other one is in its memory.
    last: Option<Kept>,
    /// How many there were up to it.
    passed: u32,
}

impl Place {
    fn of(list: &List<'_>) -> Self {
        let last = list.current().and_then(|sk| {
            // SAFETY: It is a socket of the list, whose lock is held: see `Wanted::note`.
            unsafe { Kept::new(sk) }
        });
        let passed = list.passed;
        Self { last, passed }
    }

    /// The list, from behind this place on.
    fn enter<'s>(
        &self,
        protocol: u32,
        allowance: &Allowance,
        section: rcu::Section<'s>,
    ) -> Result<List<'s>> {
        let mut list = List::of(protocol, section)?;
        let Some(last) = &self.last else {
            return Ok(list);
        };
        if list.pass(allowance, |list, sk| {
            list.passed > 0 && eq(sk.as_ptr(), last.as_ptr())
        }) {
            return Ok(list);
        }
        // It is no longer there: as far as it was.
        let mut list = List::of(protocol, section)?;
        list.pass(allowance, |list, _| list.passed >= self.passed);
        Ok(list)
    }
}

/// How many are passed before the lock, for which interrupts are off, is given back and taken again.
const LOCKED: u32 = 1 << 8;

/// The list of sockets that are members of groups of a protocol, with its lock held.
///
/// Where the lock was given back, a socket that left the list meanwhile still leads to what came
/// behind it (`__sk_del_bind_node()`), and both are freed by RCU; one that came back to the
/// beginning leads there, and some come twice.
struct List<'s> {
    head: *const bindings::hlist_head,
    /// The last one that was given; null before the first.
    last: *const bindings::hlist_node,
    passed: u32,
    lock: Option<Lock>,
    _section: rcu::Section<'s>,
}

impl<'s> List<'s> {
    fn of(protocol: u32, section: rcu::Section<'s>) -> Result<Self> {
        let table = table(protocol)?;
        Ok(Self {
            // SAFETY: A table, which is never freed; nothing is read.
            head: unsafe { addr_of!((*table).mc_list) },
            last: null(),
            passed: 0,
            lock: Some(Lock::new()),
            _section: section,
        })
    }

    /// The last one that was given.
    fn current(&self) -> Option<NonNull<bindings::sock>> {
        let sk = self
            .last
            .cast::<u8>()
            .wrapping_sub(bindings::RUST_CONST_SK_BIND_NODE as usize);
        NonNull::new(sk.cast_mut().cast()).filter(|_| !self.last.is_null())
    }

    /// Passes sockets up to the one that is meant, or as far as the allowance lasts; `false` if
    /// that does not come.
    fn pass(
        &mut self,
        allowance: &Allowance,
        is_meant: impl Fn(&Self, NonNull<bindings::sock>) -> bool,
    ) -> bool {
        while let Some(sk) = self.next() {
            if is_meant(self, sk) {
                return true;
            }
            if self.passed % PASSED == 0 {
                allowance.spend(1);
            }
            if allowance.is_spent() {
                return false;
            }
        }
        false
    }
}

impl Iterator for List<'_> {
    type Item = NonNull<bindings::sock>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.passed % LOCKED == LOCKED - 1 {
            self.lock = None;
            self.lock = Some(Lock::new());
        }
        let next = if self.last.is_null() {
            // SAFETY: The head of the list, which changes with the lock held only.
            unsafe { addr_of!((*self.head).first).read() }
        } else {
            // SAFETY: One that was in the list in this section, valid in it.
            unsafe { addr_of!((*self.last).next).read() }
        };
        if next.is_null() {
            return None;
        }
        self.last = next;
        self.passed = self.passed.saturating_add(1);
        self.current()
    }
}

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
    for (number, sk) in List::of(protocol, section)?.enumerate() {
        if number == MEMBERS {
            return Err(E2BIG);
        }
        // SAFETY: The entries are netlink sockets, valid in the section.
        let Some(common) = (unsafe { SockCommon::from_raw(sk.as_ptr()) }) else {
            continue;
        };
        // SAFETY: The socket of a process, which alone is a member of groups, holds its namespace, and
        // it is in the list.
        let listed = unsafe { Listed::assume(common.net(section), section) };
        let is_member = listed.branded(|namespace| {
            // SAFETY: As above.
            let socket = unsafe { NetlinkSocket::new(sk.as_ptr(), namespace) };
            socket.is_some_and(|socket| socket.is_member_of(group))
        });
        if is_member {
            f(listed);
        }
    }
    Ok(())
}
