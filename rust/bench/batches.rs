// SPDX-License-Identifier: GPL-2.0

//! Batches: what is too short for the clock is timed many times together, and the middle one counts.

use kernel::time::{Instant, Monotonic};

/// How many make a figure: whatever else wants the processor meets a few of them.
pub(crate) const BATCHES: usize = 63;

/// Picoseconds for each of some, since then.
pub(crate) fn each(begin: Instant<Monotonic>, number: usize) -> u64 {
    let nanoseconds = begin.elapsed().as_nanos().unsigned_abs();
    nanoseconds * 1000 / (number as u64).max(1)
}

/// The one in the middle; 0 if there is none.
pub(crate) fn median(times: &mut [u64]) -> u64 {
    let times = sorted(times);
    times.get(times.len() / 2).copied().unwrap_or(0)
}

/// The shortest first.
pub(crate) fn sorted(times: &mut [u64]) -> &[u64] {
    // By insertion: they are few.
    for end in 1..times.len() {
        for place in (0..end).rev() {
            if times[place] > times[place + 1] {
                times.swap(place, place + 1);
            }
        }
    }
    times
}
