// SPDX-License-Identifier: GPL-2.0

//! How long a lookup takes when something else has filled the caches since the last one.

use core::hint::black_box;
use kernel::{
    prelude::*,
    time::{Instant, Monotonic},
};

use crate::{
    batches::{each, median},
    design::Design,
    random::{Choice, Random},
    sockets::Ends,
    workload::{filled, look_up, packets, Cell},
    world::{Packet, World},
};

/// What a processor takes in for several system calls and programs between two bursts of packets:
/// more than the caches of most have room for.
const ELSE: usize = 64 << 20;
const LINE: usize = 64;

/// A burst of packets is looked up together: enough to be timed, and so few that most of what each
/// reads was read by none before it.
const BURST: usize = 16;
const BURSTS: usize = 21;
/// How often each burst is looked up again at once, when all that it reads is in the caches.
const AGAIN: usize = 64;

/// What came out: picoseconds for a lookup.
pub(crate) struct Figures {
    /// Right after something else.
    pub(crate) cold: u64,
    /// Of the same packets, right after that.
    pub(crate) hot: u64,
}

/// Makes the design, and measures hits in namespaces that are chosen uniformly.
pub(crate) fn cold<D: Design>(cell: &Cell) -> Result<Figures> {
    let mut random = Random::new(cell.seed);
    let (world, design) = filled::<D>(cell, &mut random)?;
    let mut other = VVec::<[u8; LINE]>::from_elem([0; LINE], ELSE / LINE, GFP_KERNEL)?;
    let choice = Choice::Uniform(cell.namespaces);
    let mut cold = [0; BURSTS];
    let mut hot = [0; BURSTS];
    for (cold, hot) in cold.iter_mut().zip(&mut hot) {
        let packets = packets(BURST, cell, &choice, &mut random, Ends::of_server)?;
        do_something_else(&mut other);
        *cold = timed(&design, &world, &packets, 1)?;
        *hot = timed(&design, &world, &packets, AGAIN)?;
    }
    Ok(Figures {
        cold: median(&mut cold),
        hot: median(&mut hot),
    })
}

/// Writes to all of it, so that no line of a cache keeps what was in it.
fn do_something_else(other: &mut [[u8; LINE]]) {
    for line in black_box(other) {
        line[0] = line[0].wrapping_add(1);
    }
}

/// What a lookup takes, if the packets are looked up so many times.
fn timed<D: Design>(design: &D, world: &World, packets: &[Packet], times: usize) -> Result<u64> {
    let mut found = 0;
    let begin = Instant::<Monotonic>::now();
    for _ in 0..times {
        found += black_box(look_up(design, world, packets));
    }
    let time = each(begin, times * packets.len());
    (found == times * packets.len())
        .then_some(time)
        .ok_or(EILSEQ)
}
