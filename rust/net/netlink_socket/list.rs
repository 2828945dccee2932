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

/// How many are passed in a step of the allowance, on the way to where one was before.
const PASSED: u32 = 8;

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
pub(super) struct Place {
    /// The last one that was looked at. While it is kept, no other one is in its memory.
    last: Option<Kept>,
    /// How many there were up to it.
    passed: u32,
}

impl Place {
    pub(super) fn of(list: &List<'_>) -> Self {
        Self {
            last: list.current().and_then(Entry::keep),
            passed: list.passed,
        }
    }

    /// The list, from behind this place on.
    pub(super) fn enter<'s>(
        &self,
        protocol: u32,
        allowance: &Allowance,
        section: rcu::Section<'s>,
    ) -> Result<List<'s>> {
        let mut list = List::of(protocol, section)?;
        let Some(last) = &self.last else {
            return Ok(list);
        };
        if list.pass(allowance, |list, entry| {
            list.passed > 0 && eq(entry.sk.as_ptr(), last.as_ptr())
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
pub(super) struct List<'s> {
    head: *const bindings::hlist_head,
    /// The last one that was given; null before the first.
    last: *const bindings::hlist_node,
    passed: u32,
    lock: Lock,
    section: rcu::Section<'s>,
}

impl<'s> List<'s> {
    pub(super) fn of(protocol: u32, section: rcu::Section<'s>) -> Result<Self> {
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

    /// The lock that is held.
    pub(super) fn lock(&self) -> &Lock {
        &self.lock
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

    /// Passes sockets up to the one that is meant, or as far as the allowance lasts; `false` if
    /// that does not come.
    fn pass(&mut self, allowance: &Allowance, is_meant: impl Fn(&Self, Entry<'s>) -> bool) -> bool {
        while let Some(entry) = self.next() {
            if is_meant(self, entry) {
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

impl<'s> Iterator for List<'s> {
    type Item = Entry<'s>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.passed % LOCKED == LOCKED - 1 {
            self.lock.let_others();
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
