// SPDX-License-Identifier: GPL-2.0

//! Who may have a name, and who has it: bind and accept.
//!
//! "i am wondering if one was to use the two level muxing of the socket layer, how much more performance
//! improvement the above scheme provides": the other scheme keeps one table, and lets a context have
//! no other addresses than its own.

mod filter;
mod keyed;
pub(crate) mod measure;
mod mux;
pub(crate) mod trial;

use kernel::prelude::*;

pub(crate) use self::{filter::Filter, keyed::Keyed, mux::Mux};
use crate::sockets::{Place, NONE};

/// The contexts, with the addresses that each has: as many in all.
pub(crate) struct Contexts {
    addresses: VVec<u32>,
    number: usize,
    each: usize,
}

/// 10.2.0.0, from where on they have their addresses.
const FIRST: u32 = 0x0a02_0000;

impl Contexts {
    /// Contexts which have no address in common; or all the same, as namespaces may.
    pub(crate) fn new(number: usize, each: usize, same: bool) -> Result<Self> {
        let mut addresses = VVec::with_capacity(number * each, GFP_KERNEL)?;
        for context in 0..number {
            let first = if same { 0 } else { context * each };
            for n in first..first + each {
                addresses.push(FIRST + n as u32, GFP_KERNEL)?;
            }
        }
        Ok(Self {
            addresses,
            number,
            each,
        })
    }

    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// The addresses of a context.
    #[inline(always)]
    pub(crate) fn of(&self, context: usize) -> &[u32] {
        let begin = context * self.each;
        self.addresses.get(begin..begin + self.each).unwrap_or(&[])
    }
}

/// A socket that listens: one cache line.
#[repr(align(64))]
pub(crate) struct Listener {
    pub(crate) context: usize,
    /// Its address; none if it takes any that its context has.
    pub(crate) address: Option<u32>,
    pub(crate) port: u16,
    /// The next in the same chain.
    pub(crate) next: Place,
    /// Known to nobody before it is read.
    pub(crate) cookie: u64,
}

/// All of them.
pub(crate) struct Listeners(pub(crate) VVec<Listener>);

impl Listeners {
    pub(crate) fn push(&mut self, context: usize, address: Option<u32>, port: u16) -> Result {
        let listener = Listener {
            context,
            address,
            port,
            next: NONE,
            cookie: self.0.len() as u64,
        };
        Ok(self.0.push(listener, GFP_KERNEL)?)
    }

    #[inline(always)]
    pub(crate) fn get(&self, place: Place) -> Option<&Listener> {
        self.0.get(place)
    }

    /// The first of a chain that is wanted.
    #[inline(always)]
    fn find(&self, head: Place, wanted: impl Fn(&Listener) -> bool) -> Option<Place> {
        let mut place = head;
        loop {
            let listener = self.get(place)?;
            if wanted(listener) {
                return Some(place);
            }
            place = listener.next;
        }
    }

    /// Puts one at the begin of a chain.
    fn link(&mut self, head: &mut Place, place: Place) -> Result {
        let listener = self.0.get_mut(place).ok_or(EINVAL)?;
        listener.next = core::mem::replace(head, place);
        Ok(())
    }

    /// Takes one out of a chain.
    fn unlink(&mut self, head: &mut Place, place: Place) -> Result {
        let after = self.get(place).ok_or(EINVAL)?.next;
        if *head == place {
            *head = after;
            return Ok(());
        }
        let before = self.find(*head, |listener| listener.next == place);
        self.0.get_mut(before.ok_or(ENOENT)?).ok_or(EINVAL)?.next = after;
        Ok(())
    }
}

/// A packet that begins a connection.
pub(crate) struct Knock {
    /// The context that its device belongs to, where a device belongs to one.
    pub(crate) context: usize,
    pub(crate) address: u32,
    pub(crate) port: u16,
}

/// A way to keep names.
pub(crate) trait Names: Sized {
    fn new(contexts: &Contexts) -> Result<Self>;

    /// Whether a listener may have its name: nobody has it who must not have it too.
    fn is_free(&self, contexts: &Contexts, listeners: &Listeners, listener: &Listener) -> bool;

    /// Gives a listener its name.
    fn put(&mut self, listeners: &mut Listeners, place: Place) -> Result;

    /// Takes it away.
    fn release(&mut self, listeners: &mut Listeners, place: Place) -> Result;

    /// The listener that takes the connection.
    fn accept(&self, contexts: &Contexts, listeners: &Listeners, knock: &Knock) -> Option<Place>;

    /// As `bind()`: gives the name if it is free, or fails with `EADDRINUSE`.
    fn bind(&mut self, contexts: &Contexts, listeners: &mut Listeners, place: Place) -> Result {
        let listener = listeners.get(place).ok_or(EINVAL)?;
        if !self.is_free(contexts, listeners, listener) {
            return Err(EADDRINUSE);
        }
        self.put(listeners, place)
    }
}

/// Whether two listeners of one context would have the same name.
fn collide(one: &Listener, other: &Listener) -> bool {
    one.port == other.port
        && (one.address.is_none() || other.address.is_none() || one.address == other.address)
}

/// Whether the connection is for a listener of its context.
#[inline(always)]
fn takes(listener: &Listener, knock: &Knock) -> bool {
    listener.port == knock.port
        && listener
            .address
            .is_none_or(|address| address == knock.address)
}

/// How many chains a table has, as the kernel's for listeners had.
const CHAINS: usize = 32;

/// The kernel's `inet_lhashfn()`: by the port alone, since who takes any address has none.
#[inline(always)]
fn chain(port: u16) -> usize {
    usize::from(port) % CHAINS
}
