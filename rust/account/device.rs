// SPDX-License-Identifier: GPL-2.0

//! The account of one net device: what was found for the packets that it received.

use kernel::{ffi::c_ulong, prelude::*};

use crate::{
    net::{
        percpu::PerCpu,
        perdevice::{Moving, PerDevice},
    },
    table::Outcome,
};

/// What became of a received packet; each is one of them.
#[derive(Clone, Copy)]
pub(crate) enum Seen {
    /// It was looked up.
    Found(Outcome),
    /// A header is cut short or contradicts itself.
    Unparsed,
    /// It is a fragment, and not the first of its packet.
    LaterFragment,
    /// Its protocol has no table, and no raw socket wants it.
    NoTable,
    /// A routing header sends it on.
    Routed,
    /// The stack drops it before it looks for a socket.
    Dropped,
}

/// How many counters there are.
const COUNTERS: usize = Outcome::ALL.len() + 5;

impl Seen {
    #[inline(always)]
    const fn place(self) -> usize {
        match self {
            Self::Found(outcome) => outcome as usize,
            Self::Unparsed => Outcome::ALL.len(),
            Self::LaterFragment => Outcome::ALL.len() + 1,
            Self::NoTable => Outcome::ALL.len() + 2,
            Self::Routed => Outcome::ALL.len() + 3,
            Self::Dropped => Outcome::ALL.len() + 4,
        }
    }
}

/// The counters of one device, which it takes along when it moves to another namespace.
pub(crate) struct DeviceAccount(PerCpu<COUNTERS>);

impl DeviceAccount {
    /// How many packets were seen so, or with `None` at all. Any context.
    pub(crate) fn read(&self, seen: Option<Seen>) -> c_ulong {
        match seen {
            Some(seen) => self.0.sum(seen.place()),
            None => (0..COUNTERS)
                .map(|place| self.0.sum(place))
                .fold(0, c_ulong::wrapping_add),
        }
    }

    /// Counts a packet. Any context.
    #[inline(always)]
    pub(crate) fn count(&self, seen: Seen) {
        self.0.increment(seen.place());
    }
}

static MOVING: Moving<DeviceAccount> = Moving::none();

impl PerDevice for DeviceAccount {
    fn moving() -> &'static Moving<Self> {
        &MOVING
    }

    fn new() -> Result<Self> {
        Ok(Self(PerCpu::new()?))
    }
}
