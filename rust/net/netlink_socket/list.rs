// SPDX-License-Identifier: GPL-2.0

//! The list of a protocol's members of groups, gone through in parts.
//!
//! C header: `net/netlink/af_netlink.h`

use core::ptr::{addr_of, null, NonNull};
use kernel::prelude::*;

use super::{table, Lock, NetlinkSocket};
use crate::{
    bindings,
    net::{
        allowance::Allowance,
        namespace::{Listed, Namespace},
        rcu,
        socket::{Kept, SockCommon},
    },
};

/// What it takes to look at one, in steps of the allowance, and how many are passed in a step on the
/// way to where one was before.
const LOOKED_AT: u32 = 2;
const PASSED: u32 = 3;
/// How often the list is begun anew at most.
const BEGUN: u32 = 16;
/// Who cannot come to its place with as many steps never will.
const ENOUGH: u32 = Allowance::CALL / 4 * 3;

/// What goes through the list.
pub(super) trait Visitor {
    /// Forgets what it has seen: the list is begun anew.
    fn begin_anew(&mut self);

    /// Looks at a socket, which it must not sleep for.
    fn visit(&mut self, entry: Entry<'_>, allowance: &Allowance, held: &Lock);
}

/// A walk through the list of a protocol, which takes several sections and may take several calls.
///
/// Between two of them nothing is held: who asks may never come back, and a socket holds its namespace.
/// Where the place in the list is lost, it is begun anew. So who neither leaves nor joins meanwhile is
/// visited since it was begun, and once, unless the list leads back to its beginning (see [`List`]).
pub(super) struct Walk {
    protocol: u32,
    place: Place,
    begun: u32,
    end: Option<End>,
}

/// How a walk has ended.
#[derive(PartialEq)]
enum End {
    /// At the end of the list.
    Whole,
    /// Somewhere: the list changes too much, or is so long that nobody comes to the place any more.
    GivenUp,
}

impl Walk {
    /// At the beginning of a protocol's list.
    pub(super) fn new(protocol: u32) -> Self {
        Self {
            protocol,
            place: Place::default(),
            begun: 0,
            end: None,
        }
    }

    /// Whether it has ended before the list has.
    pub(super) fn is_given_up(&self) -> bool {
        self.end == Some(End::GivenUp)
    }

    /// Goes on, and has each socket visited that is a member of groups, until all were or the allowance
    /// is spent; `true` if the walk has ended. In a process, outside of a read-side section.
    pub(super) fn go_on(
        &mut self,
        allowance: &Allowance,
        visitor: &mut impl Visitor,
    ) -> Result<bool> {
        let (from, is_enough) = (self.place, allowance.covers(ENOUGH));
        while self.end.is_none() && !allowance.is_spent() {
            match go_on(self.protocol, self.place, allowance, visitor)? {
                Part::Last => self.end = Some(End::Whole),
                Part::Until(place) => self.place = place,
                Part::Lost if self.begun == BEGUN => self.end = Some(End::GivenUp),
                Part::Lost => {
                    self.begun += 1;
                    self.place = Place::default();
                    visitor.begin_anew();
                }
            }
        }
        if self.end.is_none() && is_enough && self.place == from {
            self.end = Some(End::GivenUp);
        }
        Ok(self.end.is_some())
    }
}

/// How far a section has come.
enum Part {
    /// To the end of the list.
    Last,
    /// To a place.
    Until(Place),
    /// Nowhere: where it should have begun is not known any more.
    Lost,
}

/// Goes on behind a place, for as long as a section may be.
fn go_on(
    protocol: u32,
    place: Place,
    allowance: &Allowance,
    visitor: &mut impl Visitor,
) -> Result<Part> {
    let guard = rcu::read_lock();
    let pause = allowance.pause();
    let mut list = List::of(protocol, (&guard).into())?;
    match list.pass(place, allowance) {
        Some(true) => {}
        Some(false) => return Ok(Part::Lost),
        None => return Ok(Part::Until(place)),
    }
    let pause = allowance.pause_behind(pause);
    while !allowance.is_at(pause) {
        allowance.spend(LOOKED_AT);
        let Some(entry) = list.next() else {
            return Ok(Part::Last);
        };
        visitor.visit(entry, allowance, &list.lock);
    }
    Ok(Part::Until(list.place()))
}

/// A socket of the list.
///
/// # Invariants
///
/// It is a netlink socket that was in the list in the section. It gives back its own reference, with
/// which its namespace goes, a grace period after it has left the list (`deferred_put_nlk_sk()`).
#[derive(Clone, Copy)]
pub(super) struct Entry<'s> {
    sk: NonNull<bindings::sock>,
    section: rcu::Section<'s>,
}

impl<'s> Entry<'s> {
    fn common(self) -> &'s SockCommon {
        // SAFETY: By the type invariants it is valid in the section, and begins with it.
        unsafe { self.sk.cast::<SockCommon>().as_ref() }
    }

    /// Its namespace; `None` if it holds none, which is so of what a part of the kernel has for itself.
    pub(super) fn namespace(self) -> Option<Listed<'s>> {
        let socket = self.common();
        if !socket.holds_namespace() {
            return None;
        }
        let net = socket.net(self.section);
        // SAFETY: By the type invariants the socket holds it for as long as the section lasts.
        Some(unsafe { Listed::assume(net, self.section) })
    }

    /// The socket, if it is the namespace's.
    pub(super) fn socket<'n>(self, namespace: Namespace<'n>) -> Option<NetlinkSocket<'n>> {
        // SAFETY: By the type invariants it is valid in the section, which to RCU is one with that of
        // the brand, since both last now.
        unsafe { NetlinkSocket::from_table(self.sk.as_ptr(), namespace) }
    }

    /// Takes a reference.
    pub(super) fn keep(self) -> Option<Kept> {
        // SAFETY: By the type invariants it has its own for as long as the section lasts.
        unsafe { Kept::new(self.sk) }
    }
}

/// A place in the list, to come back to.
#[derive(Clone, Copy, Default, PartialEq)]
struct Place {
    /// The cookie of the last one that was looked at: no other socket ever has it. 0 before the first.
    last: u64,
    /// How many there were up to it.
    passed: u32,
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
    lock: Lock,
    section: rcu::Section<'s>,
}

impl<'s> List<'s> {
    fn of(protocol: u32, section: rcu::Section<'s>) -> Result<Self> {
        let table = table(protocol)?;
        Ok(Self {
            // SAFETY: A table, which is never freed; nothing is read.
            head: unsafe { addr_of!((*table).mc_list) },
            last: null(),
            passed: 0,
            lock: Lock::new(),
            section,
        })
    }

    /// The last one that was given.
    fn current(&self) -> Option<Entry<'s>> {
        let node = NonNull::new(self.last.cast_mut().cast::<u8>())?;
        let sk = node
            .as_ptr()
            .wrapping_sub(bindings::RUST_CONST_SK_BIND_NODE as usize);
        // INVARIANT: It was just reached in this section.
        Some(Entry {
            sk: NonNull::new(sk.cast())?,
            section: self.section,
        })
    }

    /// Where it is now.
    fn place(&self) -> Place {
        Place {
            last: self.current().map_or(0, |entry| entry.common().cookie()),
            passed: self.passed,
        }
    }

    /// Passes those up to a place; `Some(false)` if it is not found where it has to be, and `None` if the
    /// allowance does not last for that.
    ///
    /// A socket that left the list and came back is at its beginning, with few in front of it. That others
    /// left in front does not matter as long as half of them are still there.
    fn pass(&mut self, place: Place, allowance: &Allowance) -> Option<bool> {
        if place.last == 0 {
            return Some(true);
        }
        while !allowance.is_spent() {
            for _ in 0..LOCKED {
                let Some(entry) = self.step() else {
                    return Some(false);
                };
                if entry.common().known_cookie() == place.last {
                    return Some(self.passed >= place.passed / 2);
                }
            }
            allowance.spend(LOCKED / PASSED);
            self.lock.let_others();
        }
        None
    }

    /// The next one.
    fn step(&mut self) -> Option<Entry<'s>> {
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

impl<'s> Iterator for List<'s> {
    type Item = Entry<'s>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.passed % LOCKED == LOCKED - 1 {
            self.lock.let_others();
        }
        self.step()
    }
}
