// SPDX-License-Identifier: GPL-2.0

//! What a lookup takes while another processor looks up in the same tables.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use kernel::prelude::*;
use std::time::Instant;

use super::processes::{self, Common, Who};
use crate::{
    design::Design,
    random::{Choice, Random},
    sockets::{Ends, Place},
    workload::{filled, look_up, packets, Cell},
    world::{Packet, World},
};

/// Batches that a processor looks up in a turn, of so many packets: each is over before something else
/// wants the processor, and the middle one counts. One comes before, to have what is read in the caches.
const BATCHES: usize = 9;
const BATCH: usize = 1024;
const PACKETS: usize = (1 + BATCHES) * BATCH;
/// What is done in a round, and how many rounds there are: the first ones do not count.
const ROUND: [Who; 3] = [Who::First, Who::Second, Who::Both];
const WARM_UP: usize = 3;
const ROUNDS: usize = 31;

/// Prints a line for each round: what a lookup takes in picoseconds, by each processor alone, and by
/// each while the other looks up too.
pub(crate) fn at_once<D: Design>(cell: &Cell, processors: [usize; 2]) -> Result {
    let mut random = Random::new(cell.seed);
    let (world, design) = filled::<D>(cell, &mut random)?;
    let choice = Choice::Uniform(cell.namespaces);
    let mut of_each = || packets(PACKETS, cell, &choice, &mut random, Ends::of_server);
    let packets = [of_each()?, of_each()?];
    let turns: std::vec::Vec<Who> = ROUND.repeat(WARM_UP + ROUNDS);
    let mut alone = [0; 2];
    let mut round = 0;
    processes::run(
        processors,
        &turns,
        |place, begin| turn(&design, &world, &packets[place], begin),
        |who, [first, second]| match who {
            Who::First => alone[0] = first,
            Who::Second => alone[1] = second,
            Who::Both => {
                round += 1;
                if round > WARM_UP {
                    println!("{} {} {first} {second}", alone[0], alone[1]);
                }
            }
        },
    )
}

/// Prints a line for each round: what a lookup takes in picoseconds, with nobody else there.
pub(crate) fn alone<D: Design>(cell: &Cell) -> Result {
    let mut random = Random::new(cell.seed);
    let (world, design) = filled::<D>(cell, &mut random)?;
    let choice = Choice::Uniform(cell.namespaces);
    let packets = packets(PACKETS, cell, &choice, &mut random, Ends::of_server)?;
    for round in 0..WARM_UP + ROUNDS {
        let time = turn(&design, &world, &packets, &mut || Ok(()))?;
        if round >= WARM_UP {
            println!("{time}");
        }
    }
    Ok(())
}

/// A turn of one processor, which waits for the other where it says `begin`: picoseconds for a lookup.
fn turn<D: Design>(
    design: &D,
    world: &World,
    packets: &[Packet],
    begin: &mut dyn FnMut() -> Result,
) -> Result<u64> {
    let mut batches = packets.chunks_exact(BATCH);
    let first = batches.next().ok_or(EINVAL)?;
    let mut found = look_up(design, world, first);
    let mut times = [0; BATCHES];
    begin()?;
    for (time, batch) in times.iter_mut().zip(batches) {
        let begin = Instant::now();
        found += look_up(design, world, batch);
        *time = begin.elapsed().as_nanos() as u64 * 1000 / BATCH as u64;
    }
    times.sort_unstable();
    (found == packets.len())
        .then_some(times[BATCHES / 2])
        .ok_or(EINVAL)
}

/// A design that counts its lookups too.
pub(crate) struct Counting<D, C> {
    design: D,
    counter: C,
}

/// What it counts with, by the same instruction wherever it is.
pub(crate) trait Counter: Sized {
    fn new() -> Result<Self>;

    fn counter(&self) -> &AtomicUsize;
}

/// One for all processors, which both write to.
impl Counter for Common {
    fn new() -> Result<Self> {
        Common::new()
    }

    fn counter(&self) -> &AtomicUsize {
        self
    }
}

/// Each processor's own: it lies in memory of which a process has a copy of its own once it has
/// written to it.
#[repr(align(64))]
pub(crate) struct Own(AtomicUsize);

impl Counter for Own {
    fn new() -> Result<Self> {
        Ok(Self(AtomicUsize::new(0)))
    }

    fn counter(&self) -> &AtomicUsize {
        &self.0
    }
}

impl<D: Design, C: Counter> Design for Counting<D, C> {
    const MOST: usize = D::MOST;

    fn new(world: &World, sockets: usize) -> Result<Self> {
        Ok(Self {
            design: D::new(world, sockets)?,
            counter: C::new()?,
        })
    }

    fn insert(&mut self, world: &mut World, place: Place) -> Result {
        self.design.insert(world, place)
    }

    fn remove(&mut self, world: &mut World, place: Place) -> Result {
        self.design.remove(world, place)
    }

    #[inline(always)]
    fn lookup(&self, world: &World, packet: &Packet) -> Option<Place> {
        self.counter.counter().fetch_add(1, Relaxed);
        self.design.lookup(world, packet)
    }

    fn bytes(&self, world: &World) -> usize {
        self.design.bytes(world)
    }
}
