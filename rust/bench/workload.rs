// SPDX-License-Identifier: GPL-2.0

//! What a design is given to do: sockets that are put in, and packets that are looked up.

use kernel::prelude::*;

use crate::{
    design::Design,
    random::{Choice, Random},
    sockets::{Ends, Place},
    world::{Packet, World},
};

/// How much of it there is.
pub(crate) struct Cell {
    pub(crate) namespaces: usize,
    /// In each of them.
    pub(crate) sockets: usize,
    pub(crate) seed: u64,
}

/// The places of all sockets, in the order in which they come.
pub(crate) fn shuffled(world: &World, random: &mut Random) -> Result<VVec<Place>> {
    let mut order = VVec::with_capacity(world.sockets.len(), GFP_KERNEL)?;
    for place in 0..world.sockets.len() {
        order.push(place, GFP_KERNEL)?;
    }
    random.shuffle(&mut order);
    Ok(order)
}

/// The design with all sockets of a world in it.
pub(crate) fn filled<D: Design>(cell: &Cell, random: &mut Random) -> Result<(World, D)> {
    if cell.namespaces > D::MOST {
        return Err(EDOM);
    }
    let mut world = World::new(cell.namespaces, cell.sockets, 1, Ends::of_server)?;
    let order = shuffled(&world, random)?;
    let mut design = D::new(&world, cell.sockets)?;
    for place in &order {
        design.insert(&mut world, *place)?;
    }
    Ok((world, design))
}

/// Packets for namespaces of that choice, each for any of their sockets.
pub(crate) fn packets(
    number: usize,
    cell: &Cell,
    choice: &Choice,
    random: &mut Random,
    ends: fn(usize) -> Ends,
) -> Result<VVec<Packet>> {
    let mut packets = VVec::with_capacity(number, GFP_KERNEL)?;
    for _ in 0..number {
        let namespace = choice.choose(random);
        let ends = ends(random.place(cell.sockets));
        packets.push(Packet::new(namespace, ends), GFP_KERNEL)?;
    }
    Ok(packets)
}

/// How many of the packets have a socket. The next packet is not known before the socket of this one
/// has been read, so lookups of different packets do not overlap where there is one.
#[inline(never)]
pub(crate) fn look_up<D: Design>(design: &D, world: &World, packets: &[Packet]) -> usize {
    let mut found = 0;
    let mut next = 0;
    while let Some(packet) = packets.get(next) {
        next += 1;
        let place = design.lookup(world, packet);
        if let Some(socket) = place.and_then(|place| world.sockets.get(place)) {
            found += 1;
            // Always 0, but only whoever has read it knows.
            next += (socket.cookie >> 63) as usize;
        }
    }
    found
}
