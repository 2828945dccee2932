// SPDX-License-Identifier: GPL-2.0

//! Filtering by the addresses of a context (vserver): one table, in which every name is there once.

use kernel::prelude::*;

use super::{chain, Contexts, Knock, Listener, Listeners, Names, CHAINS};
use crate::sockets::{Place, NONE};

/// The chains by port, which all contexts share.
pub(crate) struct Filter([Place; CHAINS]);

/// Whether a listener has an address: its own, or any of its context's.
#[inline(always)]
fn has(contexts: &Contexts, listener: &Listener, address: u32) -> bool {
    match listener.address {
        Some(own) => own == address,
        None => contexts.of(listener.context).contains(&address),
    }
}

/// Whether two listeners have an address in common, whichever contexts they belong to.
fn share(contexts: &Contexts, one: &Listener, other: &Listener) -> bool {
    match one.address {
        Some(address) => has(contexts, other, address),
        None => contexts
            .of(one.context)
            .iter()
            .any(|address| has(contexts, other, *address)),
    }
}

impl Names for Filter {
    fn new(_: &Contexts) -> Result<Self> {
        Ok(Self([NONE; CHAINS]))
    }

    fn is_free(&self, contexts: &Contexts, listeners: &Listeners, listener: &Listener) -> bool {
        let collides =
            |other: &Listener| other.port == listener.port && share(contexts, listener, other);
        let head = self.0[chain(listener.port)];
        listeners.find(head, collides).is_none()
    }

    fn put(&mut self, listeners: &mut Listeners, place: Place) -> Result {
        let port = listeners.get(place).ok_or(EINVAL)?.port;
        listeners.link(&mut self.0[chain(port)], place)
    }

    fn release(&mut self, listeners: &mut Listeners, place: Place) -> Result {
        let port = listeners.get(place).ok_or(EINVAL)?.port;
        listeners.unlink(&mut self.0[chain(port)], place)
    }

    #[inline(always)]
    fn accept(&self, contexts: &Contexts, listeners: &Listeners, knock: &Knock) -> Option<Place> {
        let head = self.0[chain(knock.port)];
        listeners.find(head, |listener| {
            listener.port == knock.port && has(contexts, listener, knock.address)
        })
    }
}
