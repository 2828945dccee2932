// SPDX-License-Identifier: GPL-2.0

//! How long a design takes to look up a socket, and to change one.

use core::hint::black_box;
use kernel::{
    prelude::*,
    time::{Instant, Monotonic},
};

use crate::{
    batches::{each, median, BATCHES},
    design::Design,
    random::{Choice, Random},
    sockets::{Ends, Key},
    workload::{look_up, packets, shuffled, Cell},
    world::{Packet, World},
};

/// Packets that are timed together, and how often: few enough that most batches are over before
/// something else wants the processor. Every packet is looked up once, so that sockets are in the
/// processor's caches as far as they would be there anyway.
pub(crate) const PACKETS: usize = 1024;
pub(crate) const WARM_UP: usize = 8;
const ALL_PACKETS: usize = PACKETS * (WARM_UP + BATCHES);

/// What came out: times in picoseconds.
pub(crate) struct Figures {
    /// A socket that is there, in a namespace that is chosen uniformly, or as Zipf has it.
    pub(crate) hit: [u64; 2],
    /// The same with one that is not there.
    pub(crate) miss: [u64; 2],
    /// To take a socket out and put it in again.
    pub(crate) change: u64,
    /// To put it in at first.
    pub(crate) put: u64,
    /// To make what each namespace has, without sockets, and to end it with all that are in there.
    pub(crate) make: u64,
    pub(crate) end: u64,
    /// All that the design takes.
    pub(crate) bytes: usize,
}

/// Makes the design, and measures it.
pub(crate) fn measure<D: Design>(cell: &Cell) -> Result<Figures> {
    if cell.namespaces > D::MOST {
        return Err(EDOM);
    }
    let mut random = Random::new(cell.seed);
    let mut world = World::new(cell.namespaces, cell.sockets, 1, Ends::of_server)?;
    let order = shuffled(&world, &mut random)?;
    let begin = Instant::<Monotonic>::now();
    let mut design = D::new(&world, cell.sockets)?;
    let make = each(begin, cell.namespaces);
    let begin = Instant::<Monotonic>::now();
    for place in &order {
        design.insert(&mut world, *place)?;
    }
    let put = each(begin, order.len());
    let choices = [
        Choice::Uniform(cell.namespaces),
        Choice::zipf(cell.namespaces)?,
    ];
    let mut hit = [0; 2];
    let mut miss = [0; 2];
    for (number, choice) in choices.iter().enumerate() {
        let of = |ends, random: &mut Random| packets(ALL_PACKETS, cell, choice, random, ends);
        let packets = of(Ends::of_server, &mut random)?;
        hit[number] = lookups(&design, &world, &packets, Some(()))?;
        let packets = of(Ends::of_nobody, &mut random)?;
        miss[number] = lookups(&design, &world, &packets, None)?;
    }
    let change = changes(&mut design, &mut world, &mut random)?;
    let bytes = design.bytes(&world);
    let begin = Instant::<Monotonic>::now();
    drop(design);
    Ok(Figures {
        hit,
        miss,
        change,
        put,
        make,
        end: each(begin, cell.namespaces),
        bytes,
    })
}

/// What is measured beside a crowd: namespaces, of which the first has so many sockets more.
const HOUSES: Cell = Cell {
    namespaces: 16,
    sockets: 64,
    seed: 0,
};

/// A hit in one of the other namespaces, in picoseconds. Tables were made before anybody knew that
/// there would be a crowd.
pub(crate) fn beside<D: Design>(crowd: usize, seed: u64) -> Result<u64> {
    let mut random = Random::new(seed);
    let mut world = World::new(HOUSES.namespaces, HOUSES.sockets, 1, Ends::of_server)?;
    for n in 0..crowd {
        let ends = Ends::of_server(HOUSES.sockets + n);
        world.sockets.push(Key::new(0, ends))?;
    }
    let order = shuffled(&world, &mut random)?;
    let mut design = D::new(&world, HOUSES.sockets)?;
    for place in &order {
        design.insert(&mut world, *place)?;
    }
    let others = Choice::Uniform(HOUSES.namespaces - 1);
    let mut packets = packets(ALL_PACKETS, &HOUSES, &others, &mut random, Ends::of_server)?;
    for packet in &mut packets {
        packet.device += 1;
    }
    lookups(&design, &world, &packets, Some(()))
}

/// The median of the batches. Fails if one packet's socket is there and should not be, or the other
/// way round.
fn lookups<D: Design>(
    design: &D,
    world: &World,
    packets: &[Packet],
    expected: Option<()>,
) -> Result<u64> {
    let mut times = [0; BATCHES];
    for (number, batch) in packets.chunks_exact(PACKETS).enumerate() {
        let begin = Instant::<Monotonic>::now();
        let found = black_box(look_up(design, world, batch));
        let time = each(begin, batch.len());
        if found != expected.map_or(0, |()| batch.len()) {
            return Err(EILSEQ);
        }
        if let Some(slot) = number.checked_sub(WARM_UP) {
            times[slot] = time;
        }
    }
    Ok(median(&mut times))
}

/// The median of batches in which sockets, chosen uniformly, are taken out and put in again.
fn changes<D: Design>(design: &mut D, world: &mut World, random: &mut Random) -> Result<u64> {
    let mut times = [0; BATCHES];
    for time in &mut times {
        let begin = Instant::<Monotonic>::now();
        for _ in 0..PACKETS / 4 {
            let place = random.place(world.sockets.len());
            design.remove(world, place)?;
            design.insert(world, place)?;
        }
        *time = each(begin, PACKETS / 4);
    }
    Ok(median(&mut times))
}
