// SPDX-License-Identifier: GPL-2.0

//! The mux: each context has a table of its own, behind a pointer.

use kernel::prelude::*;

use super::{chain, collide, takes, Contexts, Knock, Listener, Listeners, Names, CHAINS};
use crate::sockets::{Place, NONE};

/// A table for each context.
pub(crate) struct Mux(VVec<KBox<[Place; CHAINS]>>);

impl Mux {
    #[inline(always)]
    fn head(&self, context: usize, port: u16) -> Place {
        self.0.get(context).map_or(NONE, |heads| heads[chain(port)])
    }

    fn head_mut(&mut self, context: usize, port: u16) -> Result<&mut Place> {
        let heads = self.0.get_mut(context).ok_or(EINVAL)?;
        Ok(&mut heads[chain(port)])
    }
}

impl Names for Mux {
    fn new(contexts: &Contexts) -> Result<Self> {
        let mut tables = VVec::with_capacity(contexts.number(), GFP_KERNEL)?;
        for _ in 0..contexts.number() {
            tables.push(KBox::new([NONE; CHAINS], GFP_KERNEL)?, GFP_KERNEL)?;
        }
        Ok(Self(tables))
    }

    fn is_free(&self, _: &Contexts, listeners: &Listeners, listener: &Listener) -> bool {
        let head = self.head(listener.context, listener.port);
        listeners
            .find(head, |other| collide(listener, other))
            .is_none()
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
        listeners.find(head, |listener| takes(listener, knock))
    }
}
