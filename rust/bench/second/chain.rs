// SPDX-License-Identifier: GPL-2.0

//! The kernel's own table of connections: chains that go through the sockets.

use kernel::prelude::*;

use super::heads::Heads;
use crate::{
    design::Second,
    sockets::{Key, Place, Sockets},
};

/// A hash table of a fixed size, with as many chains as it is to have sockets.
pub(crate) struct Chain<H> {
    heads: H,
    mask: usize,
}

impl<H: Heads> Chain<H> {
    #[inline(always)]
    fn number(&self, hash: u32) -> usize {
        hash as usize & self.mask
    }
}

impl<H: Heads> Second for Chain<H> {
    fn new(sockets: usize) -> Result<Self> {
        let number = sockets.next_power_of_two();
        Ok(Self {
            heads: H::new(number)?,
            mask: number - 1,
        })
    }

    fn insert(&mut self, sockets: &mut Sockets, place: Place) -> Result {
        let (key, hash) = {
            let socket = sockets.at(place)?;
            (socket.key, socket.hash)
        };
        if self.lookup(sockets, key).is_some() {
            return Err(EEXIST);
        }
        let chain = self.number(hash);
        let head = self.heads.get_mut(chain).ok_or(EINVAL)?;
        sockets.at_mut(place)?.next = core::mem::replace(head, place);
        Ok(())
    }

    fn remove(&mut self, sockets: &mut Sockets, place: Place) -> Result {
        let (hash, next) = {
            let socket = sockets.at(place)?;
            (socket.hash, socket.next)
        };
        let chain = self.number(hash);
        let head = self.heads.get_mut(chain).ok_or(EINVAL)?;
        if *head == place {
            *head = next;
            return Ok(());
        }
        unlink(sockets, *head, place)
    }

    #[inline(always)]
    fn lookup(&self, sockets: &Sockets, key: Key) -> Option<Place> {
        let hash = key.hash();
        let mut place = self.heads.get(self.number(hash));
        loop {
            let socket = sockets.get(place)?;
            if socket.hash == hash && socket.key == key {
                return Some(place);
            }
            place = socket.next;
        }
    }

    fn bytes(&self, _: &Sockets) -> usize {
        self.heads.bytes()
    }
}

/// Takes a socket out of a chain that begins with another one.
pub(super) fn unlink(sockets: &mut Sockets, head: Place, place: Place) -> Result {
    let mut before = head;
    while let Some(socket) = sockets.get(before) {
        let next = socket.next;
        if next == place {
            let after = sockets.at(place)?.next;
            sockets.at_mut(before)?.next = after;
            return Ok(());
        }
        before = next;
    }
    Err(ENOENT)
}
