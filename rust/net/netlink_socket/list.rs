// SPDX-License-Identifier: GPL-2.0

//! The list of a protocol's members of groups, gone through in parts.
//!
//! C header: `net/netlink/af_netlink.h`

use core::ptr::{addr_of, eq, null, NonNull};
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
const PASSED: u32 = 2;
/// How often the list is begun anew at most.
const BEGUN: u32 = 16;

/// What goes through the list.
pub(super) trait Visitor {
    /// Forgets what it has seen: the list is begun anew.
    fn begin_anew(&mut self);

    /// Looks at a socket, which it must not sleep for.
    fn visit(&mut self, entry: Entry<'_>, allowance: &Allowance, held: &Lock);
}

/// Has each socket visited that is a member of groups of a protocol. In a process, outside of a
/// read-side section; fails with `E2BIG` if the allowance does not last for the list.
///
/// That takes several sections. Where the place in the list is lost between two of them, it is begun
/// anew. So who neither leaves nor joins meanwhile is visited since it was begun, and once, unless the
/// list leads back to its beginning (see [`List`]).
pub(super) fn go_through(
    protocol: u32,
    allowance: &Allowance,
    visitor: &mut impl Visitor,
) -> Result {
    for _ in 0..BEGUN {
        visitor.begin_anew();
        let mut place = Place::default();
        // What a place keeps of the list is given back here, outside of the section.
        loop {
            match go_on(protocol, &place, allowance, visitor)? {
                Part::Last => return Ok(()),
                _ if allowance.is_spent() => return Err(E2BIG),
                Part::Until(next) => place = next,
                Part::Lost => break,
            }
        }
    }
    Err(E2BIG)
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
    place: &Place,
    allowance: &Allowance,
    visitor: &mut impl Visitor,
) -> Result<Part> {
    let guard = rcu::read_lock();
    let mut list = List::of(protocol, (&guard).into())?;
    if !list.pass(place, allowance) {
        return Ok(Part::Lost);
    }
    let pause = allowance.pause();
    while !allowance.is_at(pause) {
        allowance.spend(LOOKED_AT);
        let Some(entry) = list.next() else {
            return Ok(Part::Last);
        };
        visitor.visit(entry, allowance, &list.lock);
    }
    Ok(Part::Until(Place::of(&list)))
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
    /// Its namespace; `None` if it holds none, which is so of what a part of the kernel has for itself.
    pub(super) fn namespace(self) -> Option<Listed<'s>> {
        // SAFETY: By the type invariants it is valid in the section.
        let socket = unsafe { SockCommon::from_raw(self.sk.as_ptr()) }?;
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
#[derive(Default)]
struct Place {
    /// The last one that was looked at. While it is kept, no other one is in its memory.
    last: Option<Kept>,
    /// How many there were up to it.
    passed: u32,
}

impl Place {
    fn of(list: &List<'_>) -> Self {
        Self {
            last: list.current().and_then(Entry::keep),
            passed: list.passed,
        }
    }
}

/// How many are passed before the lock, for which interrupts are off, is given back and taken again.
const LOCKED: u32 = 1 << 8;
/// How many may have joined in front of a place since one was there.
const JOINED: u32 = 1 << 10;

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

    /// Passes those up to a place, which begins the list if it is none; `false` if it is not found
    /// where it has to be: it has left the list, came back to its beginning, or others left in front.
    fn pass(&mut self, place: &Place, allowance: &Allowance) -> bool {
        let Some(last) = &place.last else {
            return place.passed == 0;
        };
        let most = place.passed.saturating_add(JOINED);
        while self.passed < most && !allowance.is_spent() {
            for _ in 0..LOCKED {
                match self.step() {
                    Some(entry) if eq(entry.sk.as_ptr(), last.as_ptr()) => {
                        return self.passed >= place.passed;
                    }
                    Some(_) => {}
                    None => return false,
                }
            }
            allowance.spend(LOCKED / PASSED);
            self.lock.let_others();
        }
        false
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
