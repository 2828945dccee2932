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
    list::{Entry, Visitor, Walk},
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
/// See the example of [`Members`].
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
/// See the example of [`Members`].
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

    /// How many sockets [`each_socket`](Self::each_socket) has, at most.
    pub fn kept(&self) -> u32 {
        self.sockets.iter().flatten().count() as u32
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

/// The members of a group of a protocol, or of any group, in some namespaces: those that are known so
/// far.
///
/// To keep it from one call to another keeps namespaces alive, each of them one that was wanted.
///
/// # Examples
///
/// ```
/// use crate::net::{allowance::Allowance, namespace::Net, netlink_socket::Members, rcu};
///
/// /// Tells of the members that the groups of rtnetlink have in a namespace, if one call is enough.
/// fn log(namespace: &Net, allowance: &Allowance) -> Result {
///     let mut members = Members::new(0, None, 1)?;
///     members.want(namespace);
///     if !members.look(allowance)? {
///         return Err(E2BIG);
///     }
///     let guard = rcu::read_lock();
///     if let Some((listed, found)) = members.find(namespace.cookie(), (&guard).into()) {
///         let count = found.membership().members;
///         pr_info!("{} in namespace {}\n", count, listed.cookie());
///     }
///     Ok(())
/// }
/// ```
pub struct Members {
    /// Counted from 0; none for any.
    group: Option<u32>,
    /// In the order of the cookies.
    found: KVec<MembersOf>,
    walk: Walk,
}

impl Members {
    /// None yet, with room for as many namespaces. A group is counted from 1. May sleep.
    pub fn new(protocol: u32, group: Option<u32>, namespaces: usize) -> Result<Self> {
        let group = group.map(|group| group.checked_sub(1).ok_or(EINVAL));
        Ok(Self {
            group: group.transpose()?,
            found: KVec::with_capacity(namespaces, GFP_KERNEL_ACCOUNT)?,
            walk: Walk::new(protocol),
        })
    }

    /// Adds a namespace to look into, before the first look; `false` if there is no room. Any context.
    pub fn want(&mut self, namespace: &Net) -> bool {
        let cookie = namespace.cookie();
        match self.place_of(cookie) {
            Ok(_) => true,
            Err(place) => {
                let found = MembersOf::none(cookie);
                self.found.insert_within_capacity(place, found).is_ok()
            }
        }
    }

    /// Looks for members, from where the look before has ended; `true` if there are no more to look for.
    /// In a process, outside of a read-side section.
    pub fn look(&mut self, allowance: &Allowance) -> Result<bool> {
        if self.found.is_empty() {
            return Ok(true);
        }
        let Self { group, found, walk } = self;
        let group = *group;
        walk.go_on(allowance, &mut Search { found, group })
    }

    /// Whether some may have been left out: not all of the list could be gone over.
    pub fn is_incomplete(&self) -> bool {
        self.walk.is_given_up()
    }

    /// Those of the namespace with a cookie, and the namespace if that is still there.
    pub fn find<'s>(
        &self,
        cookie: u64,
        section: rcu::Section<'s>,
    ) -> Option<(Listed<'s>, &MembersOf)> {
        let found = self.found.get(self.place_of(cookie).ok()?)?;
        let next = Listed::after(cookie.checked_sub(1)?, section).next()?;
        (next.cookie() == cookie).then_some((next, found))
    }

    fn place_of(&self, cookie: u64) -> Result<usize, usize> {
        self.found
            .binary_search_by_key(&cookie, |found| found.cookie)
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
            // It came by already, and comes again where the list leads back. While it is kept, no other
            // one can be where it is.
            let is_again = |kept: &Kept| core::ptr::eq(kept.as_ptr(), socket.as_ptr());
            if found.sockets.iter().flatten().any(is_again) {
                return;
            }
            if let Some(room) = found.sockets.iter_mut().find(|kept| kept.is_none()) {
                *room = entry.keep();
            }
            found.membership.add(&socket, held);
        });
    }
}

/// What it takes to find one of a namespace that is looked for, in steps of the allowance.
const FOUND: u32 = 4;

/// Calls `f` with the namespace of each socket that is a member of a group, counted from 1 over all
/// protocols of generic netlink as the kernel does, once or several times; fails if the list is too
/// long to be gone through in a quarter of a call, or changes too much. In a process, outside of a
/// read-side section; `f` is called with a lock held and must not sleep.
pub(in crate::net) fn namespaces_of_members(
    protocol: u32,
    group: u32,
    f: impl FnMut(Listed<'_>),
) -> Result {
    let group = group.checked_sub(1).ok_or(EINVAL)?;
    let mut walk = Walk::new(protocol);
    // Any user can make the list longer. Nobody waits for the answer, but somebody may for a lock of
    // the caller's, with that of all requests held and something to do as well.
    let has_ended = Allowance::whole().spend_in(Allowance::CALL / 4, |allowance| {
        walk.go_on(allowance, &mut Heard { group, f })
    })?;
    match has_ended && !walk.is_given_up() {
        true => Ok(()),
        false => Err(E2BIG),
    }
}

/// Calls `f` with the namespace of each member of a group, counted from 0.
struct Heard<F> {
    group: u32,
    f: F,
}

impl<F: FnMut(Listed<'_>)> Visitor for Heard<F> {
    fn begin_anew(&mut self) {}

    fn visit(&mut self, entry: Entry<'_>, allowance: &Allowance, held: &Lock) {
        let Some(listed) = entry.namespace() else {
            return;
        };
        let is_member = listed.branded(|namespace| {
            let socket = entry.socket(namespace);
            socket.is_some_and(|socket| socket.is_member_of(self.group, held))
        });
        if is_member {
            allowance.spend(FOUND);
            (self.f)(listed);
        }
    }
}
