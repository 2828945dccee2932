// SPDX-License-Identifier: GPL-2.0

//! How long it takes to bind, and to find who accepts.

use core::hint::black_box;
use kernel::{
    prelude::*,
    time::{Instant, Monotonic},
};

use super::{Contexts, Knock, Listeners, Names};
use crate::{
    batches::{each, median, BATCHES},
    measure::PACKETS,
    random::Random,
};

/// What is measured.
pub(crate) struct Cell {
    pub(crate) contexts: usize,
    /// In each of them.
    pub(crate) addresses: usize,
    pub(crate) seed: u64,
}

/// What came out: times in picoseconds.
pub(crate) struct Figures {
    /// To bind, and to give the name back.
    pub(crate) bind: u64,
    /// To find the listener.
    pub(crate) accept: u64,
}

/// A batch takes so many nanoseconds at least, and is twice as large as the last until it does.
const LONG: u64 = 50_000;

/// Every context has a listener on the same port, for any of its addresses.
const PORT: u16 = 8080;

/// Gives all their names, and measures.
pub(crate) fn measure<N: Names>(cell: &Cell) -> Result<Figures> {
    let mut random = Random::new(cell.seed);
    let contexts = Contexts::new(cell.contexts, cell.addresses, false)?;
    let mut listeners = Listeners(VVec::with_capacity(cell.contexts, GFP_KERNEL)?);
    let mut order = VVec::with_capacity(cell.contexts, GFP_KERNEL)?;
    for context in 0..cell.contexts {
        listeners.push(context, None, PORT)?;
        order.push(context, GFP_KERNEL)?;
    }
    random.shuffle(&mut order);
    let mut names = N::new(&contexts)?;
    for place in &order {
        names.put(&mut listeners, *place)?;
    }
    Ok(Figures {
        accept: accepts(cell, &names, &contexts, &listeners, &mut random)?,
        bind: binds(cell, &mut names, &contexts, &mut listeners, &mut random)?,
    })
}

fn accepts<N: Names>(
    cell: &Cell,
    names: &N,
    contexts: &Contexts,
    listeners: &Listeners,
    random: &mut Random,
) -> Result<u64> {
    batches(PACKETS, |number| {
        let mut knocks = VVec::with_capacity(number, GFP_KERNEL)?;
        for _ in 0..number {
            let context = random.place(cell.contexts);
            let addresses = contexts.of(context);
            let knock = Knock {
                context,
                address: addresses[random.place(addresses.len())],
                port: PORT,
            };
            knocks.push(knock, GFP_KERNEL)?;
        }
        let begin = Instant::<Monotonic>::now();
        let found = black_box(accept_all(names, contexts, listeners, &knocks));
        let time = each(begin, number);
        (found == number).then_some(time).ok_or(EILSEQ)
    })
}

/// How many are accepted; one after the other, as in [`measure`](crate::measure).
#[inline(never)]
fn accept_all<N: Names>(
    names: &N,
    contexts: &Contexts,
    listeners: &Listeners,
    knocks: &[Knock],
) -> usize {
    let mut found = 0;
    let mut next = 0;
    while let Some(knock) = knocks.get(next) {
        next += 1;
        let place = names.accept(contexts, listeners, knock);
        if let Some(listener) = place.and_then(|place| listeners.get(place)) {
            found += 1;
            next += (listener.cookie >> 63) as usize;
        }
    }
    found
}

fn binds<N: Names>(
    cell: &Cell,
    names: &mut N,
    contexts: &Contexts,
    listeners: &mut Listeners,
    random: &mut Random,
) -> Result<u64> {
    batches(PACKETS, |number| {
        let begin = Instant::<Monotonic>::now();
        for _ in 0..number {
            let place = random.place(cell.contexts);
            names.release(listeners, place)?;
            names.bind(contexts, listeners, place)?;
        }
        Ok(each(begin, number))
    })
}

/// The median of batches of a size that is long enough to be timed, and at most `most`. `time` gives
/// what each of so many takes.
fn batches(most: usize, mut time: impl FnMut(usize) -> Result<u64>) -> Result<u64> {
    let mut number = 1;
    while number < most && time(number)? * number as u64 / 1000 < LONG {
        number *= 2;
    }
    let mut times = [0; BATCHES];
    for slot in &mut times {
        *slot = time(number)?;
    }
    Ok(median(&mut times))
}
