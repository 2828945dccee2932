// SPDX-License-Identifier: GPL-2.0

//! How long it takes to look sockets up while some come and go.

use core::hint::black_box;
use kernel::{
    prelude::*,
    time::{Instant, Monotonic},
};

use crate::{
    batches::{each, median, BATCHES},
    design::Design,
    measure::{PACKETS, WARM_UP},
    random::Random,
    sockets::{Ends, Place},
    workload::{filled, Cell},
    world::{Packet, World},
};

/// How many of a hundred operations change something.
pub(crate) const PERCENT: [u64; 3] = [0, 1, 10];

/// What is done.
enum Operation {
    Lookup(Packet),
    Remove(Place),
    Insert(Place),
}

/// Operations that are timed together, and how many packets among them have a socket.
struct Batch {
    operations: VVec<Operation>,
    hits: usize,
}

/// How many sockets are out at most: each comes back when so many others have gone out after it, when
/// what it is found by is no longer at hand.
const OUT: usize = 64;

/// What is decided when operations are.
struct Plan<'a> {
    cell: &'a Cell,
    /// The sockets that are out, at the turn at which they come back.
    waiting: VVec<Option<Place>>,
    turn: usize,
    /// Whether a socket is out, by its place.
    is_out: VVec<bool>,
}

/// Picoseconds for an operation, for each part of changes: the medians of batches that are done in
/// turns.
pub(crate) fn mixed<D: Design>(cell: &Cell) -> Result<[u64; PERCENT.len()]> {
    let mut random = Random::new(cell.seed);
    let (mut world, mut design) = filled::<D>(cell, &mut random)?;
    let mut plan = Plan::new(cell)?;
    let mut times = [[0; BATCHES]; PERCENT.len()];
    for number in 0..WARM_UP + BATCHES {
        for (times, percent) in times.iter_mut().zip(PERCENT) {
            let batch = plan.batch(percent, &mut random)?;
            let time = timed(&batch, &mut design, &mut world)?;
            if let Some(slot) = number.checked_sub(WARM_UP) {
                times[slot] = time;
            }
        }
    }
    Ok(times.map(|mut times| median(&mut times)))
}

/// What an operation takes. Fails if an answer is another than when this was planned.
fn timed<D: Design>(batch: &Batch, design: &mut D, world: &mut World) -> Result<u64> {
    let begin = Instant::<Monotonic>::now();
    let hits = black_box(do_all(design, world, &batch.operations)?);
    let time = each(begin, batch.operations.len());
    (hits == batch.hits).then_some(time).ok_or(EILSEQ)
}

impl<'a> Plan<'a> {
    fn new(cell: &'a Cell) -> Result<Self> {
        let all = cell.namespaces * cell.sockets;
        // At least half of them stay.
        let out = OUT.min(all / 2).max(1);
        Ok(Self {
            cell,
            waiting: VVec::from_elem(None, out, GFP_KERNEL)?,
            turn: 0,
            is_out: VVec::from_elem(false, all, GFP_KERNEL)?,
        })
    }

    /// What is done next, at random.
    fn batch(&mut self, percent: u64, random: &mut Random) -> Result<Batch> {
        let mut operations = VVec::with_capacity(PACKETS, GFP_KERNEL)?;
        let mut hits = 0;
        for _ in 0..PACKETS {
            let place = random.place(self.is_out.len());
            let operation = if random.below(100) < percent {
                self.change(place)
            } else {
                hits += usize::from(!self.is_out[place]);
                Operation::Lookup(self.packet(place))
            };
            operations.push(operation, GFP_KERNEL)?;
        }
        Ok(Batch { operations, hits })
    }

    /// One comes back whose turn it is, or else one goes out: this one, or the next that is there.
    fn change(&mut self, mut place: Place) -> Operation {
        let slot = &mut self.waiting[self.turn];
        if let Some(back) = slot.take() {
            self.is_out[back] = false;
            return Operation::Insert(back);
        }
        while self.is_out[place] {
            place = (place + 1) % self.is_out.len();
        }
        self.is_out[place] = true;
        *slot = Some(place);
        self.turn = (self.turn + 1) % self.waiting.len();
        Operation::Remove(place)
    }

    /// A packet for the socket at a place: they come in the order of their namespaces.
    fn packet(&self, place: Place) -> Packet {
        let name = place % self.cell.sockets;
        Packet::new(place / self.cell.sockets, Ends::of_server(name))
    }
}

/// How many of the packets have a socket; one after the other, as in [`workload`](crate::workload).
#[inline(never)]
fn do_all<D: Design>(design: &mut D, world: &mut World, operations: &[Operation]) -> Result<usize> {
    let mut found = 0;
    let mut next = 0;
    while let Some(operation) = operations.get(next) {
        next += 1;
        match operation {
            Operation::Lookup(packet) => {
                let place = design.lookup(world, packet);
                if let Some(socket) = place.and_then(|place| world.sockets.get(place)) {
                    found += 1;
                    next += (socket.cookie >> 63) as usize;
                }
            }
            Operation::Remove(place) => design.remove(world, *place)?,
            Operation::Insert(place) => design.insert(world, *place)?,
        }
    }
    Ok(found)
}
