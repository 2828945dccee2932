// SPDX-License-Identifier: GPL-2.0

//! The account of one namespace: how many packets, resolved how, and what was found for them.
//!
//! A packet is counted in the namespace whose hook has seen it, whatever it was resolved to: so
//! none is lost, and where the two differ, `disagree` says so in the namespace that can see it.
//! What is counted are calls of a hook. A packet that the kernel sends through `LOCAL_OUT` twice,
//! as VRF and IPsec do, is counted twice.
//!
//! Each packet ends in one counter ([`Event::is_end`]); what most packets have in common beside that
//! is not counted, but computed when somebody reads. What is common is counted by each processor for
//! itself, what is rare by all in one place: a namespace costs little on a machine with many.

pub(crate) mod device;
mod event;
mod place;

pub(crate) use self::event::{Dispute, Event, Left, Protocol, DIRECTIONS};

use kernel::{
    alloc::AllocError,
    ffi::c_ulong,
    prelude::*,
    sync::atomic::{Atomic, Relaxed},
};

use self::place::{place, Place, COMMON, RARE};
use crate::{
    net::{lazy::Lazy, percpu::PerCpu},
    resolve::{Direction, ResolvedBy},
    table::Outcome,
};

/// The counters of one namespace; none until they are first needed, and from then on as long as the
/// namespace.
pub(crate) struct Account {
    counters: Lazy<Counters>,
    /// What had been counted at the last reset, if there was one: the counters themselves are each
    /// processor's own.
    baseline: Lazy<Baseline>,
}

struct Counters {
    common: PerCpu<COMMON>,
    rare: [Atomic<c_ulong>; RARE],
}

struct Baseline([Atomic<c_ulong>; COMMON + RARE]);

impl Counters {
    fn new() -> Result<Pin<KBox<Self>>, AllocError> {
        let counters = Self {
            common: PerCpu::new()?,
            rare: [const { Atomic::new(0) }; RARE],
        };
        Ok(KBox::new(counters, GFP_KERNEL)?.into())
    }

    fn read(&self, place: Place) -> c_ulong {
        match usize::from(place).checked_sub(COMMON) {
            None => self.common.sum(place.into()),
            Some(place) => self.rare.get(place).map_or(0, |rare| rare.load(Relaxed)),
        }
    }
}

impl Account {
    /// Without counters.
    pub(crate) const fn new() -> Self {
        Self {
            counters: Lazy::empty(),
            baseline: Lazy::empty(),
        }
    }

    /// Makes the counters, if there are none. May sleep.
    pub(crate) fn open(&self) -> Result<(), AllocError> {
        self.counters.make(Counters::new)
    }

    /// The side of the account on which a direction is counted; `None` without counters. Any
    /// context.
    #[inline(always)]
    pub(crate) fn side(&self, direction: Direction) -> Option<Side<'_>> {
        self.counters.get().map(|counters| Side {
            counters,
            direction,
        })
    }

    /// How often an event was counted since the last reset. Any context.
    pub(crate) fn read(&self, direction: Direction, event: Event) -> c_ulong {
        match (direction, event) {
            (Direction::Receive, Event::Resolved(ResolvedBy::Socket)) => 0,
            (Direction::Receive, Event::Resolved(ResolvedBy::Device)) => {
                self.remaining(direction, &[ResolvedBy::Hook])
            }
            (Direction::Transmit, Event::Resolved(ResolvedBy::Socket)) => {
                self.remaining(direction, &[ResolvedBy::Device, ResolvedBy::Hook])
            }
            _ => self.counted(direction, event),
        }
    }

    /// How many packets were resolved in none of these ways.
    fn remaining(&self, direction: Direction, others: &[ResolvedBy]) -> c_ulong {
        // In the order in which they are counted, lest more be taken away than there is.
        let others = others
            .iter()
            .map(|by| self.counted(direction, Event::Resolved(*by)))
            .fold(0, c_ulong::wrapping_add);
        let ends = Event::ends()
            .map(|end| self.counted(direction, end))
            .fold(0, c_ulong::wrapping_add);
        ends.saturating_sub(others)
    }

    fn counted(&self, direction: Direction, event: Event) -> c_ulong {
        let place = place(direction, event);
        let counted = self
            .counters
            .get()
            .map_or(0, |counters| counters.read(place));
        let baseline = self.baseline.get();
        let before = baseline.and_then(|baseline| baseline.0.get(usize::from(place)));
        counted.wrapping_sub(before.map_or(0, |before| before.load(Relaxed)))
    }

    /// How many received packets had no socket since the counters were made. Any context.
    pub(crate) fn misses(&self) -> c_ulong {
        let Some(counters) = self.counters.get() else {
            return 0;
        };
        [Protocol::Tcp, Protocol::Udp, Protocol::Tcp6, Protocol::Udp6]
            .into_iter()
            .map(|protocol| Event::Lookup(protocol, Outcome::None))
            .map(|event| counters.read(place(Direction::Receive, event)))
            .fold(0, c_ulong::wrapping_add)
    }

    /// Begins to count from 0: what is counted meanwhile may or may not be. May sleep.
    pub(crate) fn reset(&self) -> Result<(), AllocError> {
        let Some(counters) = self.counters.get() else {
            return Ok(());
        };
        self.baseline.make(|| {
            let baseline = Baseline([const { Atomic::new(0) }; COMMON + RARE]);
            Ok::<_, AllocError>(KBox::new(baseline, GFP_KERNEL)?.into())
        })?;
        if let Some(baseline) = self.baseline.get() {
            for (before, place) in baseline.0.iter().zip(0..) {
                before.store(counters.read(place), Relaxed);
            }
        }
        Ok(())
    }
}

/// One direction in the account, for counting.
#[derive(Clone, Copy)]
pub(crate) struct Side<'a> {
    counters: &'a Counters,
    direction: Direction,
}

impl Side<'_> {
    /// Counts an event. Any context.
    #[inline(always)]
    pub(crate) fn count(self, event: Event) {
        let place = usize::from(place(self.direction, event));
        if place < COMMON {
            self.counters.common.increment(place);
        } else {
            self.counters.count_rare(place);
        }
    }

    /// The direction.
    #[inline]
    pub(crate) fn direction(self) -> Direction {
        self.direction
    }
}

impl Counters {
    #[cold]
    #[inline(never)]
    fn count_rare(&self, place: usize) {
        if let Some(rare) = self.rare.get(place.wrapping_sub(COMMON)) {
            rare.fetch_add(1, Relaxed);
        }
    }
}
