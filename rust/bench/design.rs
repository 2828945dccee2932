// SPDX-License-Identifier: GPL-2.0

//! What a design is: two levels, and what becomes of them together.

use kernel::prelude::*;

use crate::{
    sockets::{Key, Place, Sockets},
    world::{Packet, World},
};

/// The first level: which namespace a packet belongs to.
pub(crate) trait First: Sized {
    /// How many namespaces there can be at most.
    const MOST: usize = usize::MAX;

    /// Makes what has to be there for these namespaces.
    fn new<T>(spaces: &mut [Space<T>]) -> Result<Self>;

    /// The namespace, as a place in `spaces`.
    fn find<T>(&self, world: &World, packet: &Packet, spaces: &[Space<T>]) -> Option<usize>;

    /// What it takes, beside what each namespace and each device has anyway.
    fn bytes(&self, namespaces: usize) -> usize;
}

/// The second level: which socket has a key.
pub(crate) trait Second: Sized {
    /// Makes a table that is to hold so many sockets.
    fn new(sockets: usize) -> Result<Self>;

    /// Puts a socket in. Fails with `EEXIST` if there is one with its key, and leaves that.
    fn insert(&mut self, sockets: &mut Sockets, place: Place) -> Result;

    /// Takes a socket out. Fails with `ENOENT` if it is not in there.
    fn remove(&mut self, sockets: &mut Sockets, place: Place) -> Result;

    /// The socket that has the key.
    fn lookup(&self, sockets: &Sockets, key: Key) -> Option<Place>;

    /// What it takes; of the socket itself, what it takes there.
    fn bytes(&self, sockets: &Sockets) -> usize;
}

/// Both levels.
pub(crate) trait Design: Sized {
    /// How many namespaces there can be at most.
    const MOST: usize = usize::MAX;

    /// Makes it for the namespaces of a world, each with so many sockets.
    fn new(world: &World, sockets: usize) -> Result<Self>;

    /// Puts a socket in: as [`Second::insert`].
    fn insert(&mut self, world: &mut World, place: Place) -> Result;

    /// Takes a socket out: as [`Second::remove`].
    fn remove(&mut self, world: &mut World, place: Place) -> Result;

    /// The socket that a packet is for.
    fn lookup(&self, world: &World, packet: &Packet) -> Option<Place>;

    /// What it takes, beside sockets, devices and namespaces.
    fn bytes(&self, world: &World) -> usize;
}

/// A namespace, with what a lookup reads of it at the begin of a cache line.
#[repr(align(64))]
pub(crate) struct Space<T> {
    /// The sockets' table, or where it is.
    pub(crate) table: T,
    /// The next in the same chain of namespaces.
    pub(crate) next: usize,
    /// The number by which it is known.
    pub(crate) id: u32,
}

/// The mux: a first level, and a table for each namespace.
pub(crate) struct Mux<F, S> {
    first: F,
    spaces: VVec<Space<S>>,
}

impl<F: First, S: Second> Design for Mux<F, S> {
    const MOST: usize = F::MOST;

    fn new(world: &World, sockets: usize) -> Result<Self> {
        let mut spaces = VVec::with_capacity(world.devices.len(), GFP_KERNEL)?;
        for device in &world.devices {
            let space = Space {
                table: S::new(sockets)?,
                next: usize::MAX,
                id: device.id,
            };
            spaces.push(space, GFP_KERNEL)?;
        }
        Ok(Self {
            first: F::new(&mut spaces)?,
            spaces,
        })
    }

    fn insert(&mut self, world: &mut World, place: Place) -> Result {
        let namespace = world.sockets.at(place)?.key.namespace();
        let space = self.spaces.get_mut(namespace).ok_or(EINVAL)?;
        space.table.insert(&mut world.sockets, place)
    }

    fn remove(&mut self, world: &mut World, place: Place) -> Result {
        let namespace = world.sockets.at(place)?.key.namespace();
        let space = self.spaces.get_mut(namespace).ok_or(EINVAL)?;
        space.table.remove(&mut world.sockets, place)
    }

    #[inline(always)]
    fn lookup(&self, world: &World, packet: &Packet) -> Option<Place> {
        let namespace = self.first.find(world, packet, &self.spaces)?;
        let space = self.spaces.get(namespace)?;
        // The kernel's code compares the namespace also in a table that has only one.
        let key = packet.key.in_namespace(namespace);
        space.table.lookup(&world.sockets, key)
    }

    fn bytes(&self, world: &World) -> usize {
        let tables: usize = self
            .spaces
            .iter()
            .map(|space| space.table.bytes(&world.sockets))
            .sum();
        tables + self.first.bytes(self.spaces.len())
    }
}

/// No first level: one table for all, which has the namespace as one more key.
pub(crate) struct Global<S>(S);

impl<S: Second> Design for Global<S> {
    fn new(world: &World, sockets: usize) -> Result<Self> {
        Ok(Self(S::new(world.devices.len() * sockets)?))
    }

    fn insert(&mut self, world: &mut World, place: Place) -> Result {
        self.0.insert(&mut world.sockets, place)
    }

    fn remove(&mut self, world: &mut World, place: Place) -> Result {
        self.0.remove(&mut world.sockets, place)
    }

    #[inline(always)]
    fn lookup(&self, world: &World, packet: &Packet) -> Option<Place> {
        let namespace = world.device(packet)?.namespace;
        let key = packet.key.in_namespace(namespace);
        self.0.lookup(&world.sockets, key)
    }

    fn bytes(&self, world: &World) -> usize {
        self.0.bytes(&world.sockets)
    }
}
