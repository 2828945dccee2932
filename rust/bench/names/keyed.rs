// SPDX-License-Identifier: GPL-2.0

//! One table with the context as one more key, as the kernel has for listeners today.

use kernel::prelude::*;

use super::{collide, takes, Contexts, Knock, Listener, Listeners, Names};
use crate::sockets::{Place, NONE};

/// As many chains as there are contexts.
pub(crate) struct Keyed(KVVec<Place>);

impl Keyed {
    /// The chain of a port in a context: there are a power of two.
    #[inline(always)]
    fn number(&self, context: usize, port: u16) -> usize {
        // As `net_hash_mix()`, a number that is another in each namespace, and the port.
        let mixed = (context as u32).wrapping_mul(0x9e37_79b1) >> 7;
        (mixed as usize ^ usize::from(port)) & (self.0.len() - 1)
    }

    #[inline(always)]
    fn head(&self, context: usize, port: u16) -> Place {
        let number = self.number(context, port);
        self.0.get(number).copied().unwrap_or(NONE)
    }

    fn head_mut(&mut self, context: usize, port: u16) -> Result<&mut Place> {
        let number = self.number(context, port);
        self.0.get_mut(number).ok_or(EINVAL)
    }
}

impl Names for Keyed {
    fn new(contexts: &Contexts) -> Result<Self> {
        let number = contexts.number().next_power_of_two();
        Ok(Self(KVVec::from_elem(NONE, number, GFP_KERNEL)?))
    }

    fn is_free(&self, _: &Contexts, listeners: &Listeners, listener: &Listener) -> bool {
        let head = self.head(listener.context, listener.port);
        let collides =
            |other: &Listener| other.context == listener.context && collide(listener, other);
        listeners.find(head, collides).is_none()
    }

    fn put(&mut self, listeners: &mut Listeners, place: Place) -> Result {
        let listener = listeners.get(place).ok_or(EINVAL)?;
        let (context, port) = (listener.context, listener.port);
        listeners.link(self.head_mut(context, port)?, place)
    }

    fn release(&mut self, listeners: &mut Listeners, place: Place) -> Result {
        let listener = listeners.get(place).ok_or(EINVAL)?;
        let (context, port) = (listener.context, listener.port);
        listeners.unlink(self.head_mut(context, port)?, place)
    }

    #[inline(always)]
    fn accept(&self, _: &Contexts, listeners: &Listeners, knock: &Knock) -> Option<Place> {
        let head = self.head(knock.context, knock.port);
        listeners.find(head, |listener| {
            listener.context == knock.context && takes(listener, knock)
        })
    }
}
