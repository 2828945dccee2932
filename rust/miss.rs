// SPDX-License-Identifier: GPL-2.0

//! The last packet for which a namespace had no socket, kept until it is told.
//!
//! The path of a packet neither allocates nor locks: it notes the packet if nobody's is noted yet,
//! and passes on otherwise. Whoever tells takes the note, ten times a second at most. So a
//! namespace that is flooded costs a comparison for each packet, and an event in a while.

use kernel::{
    ffi::c_ulong,
    sync::atomic::{Atomic, Relaxed},
};

use crate::{
    account::Protocol,
    net::{
        inet::{Family, Port, Tuple},
        mailbox::Mailbox,
        socket::Address,
    },
};

/// Whether anyone is there to be told.
static IS_WANTED: Atomic<bool> = Atomic::new(false);

/// Has misses noted from now on, or no longer. Any context.
pub(crate) fn want(wanted: bool) {
    IS_WANTED.store(wanted, Relaxed);
}

/// A packet without a socket.
#[derive(Clone, Copy)]
pub(crate) struct Missed {
    /// Its protocol.
    pub(crate) protocol: Protocol,
    /// Where it went to.
    pub(crate) local: (Address, Port),
    /// Where it came from.
    pub(crate) remote: (Address, Port),
    /// The index of the device that it arrived on.
    pub(crate) device: u32,
}

/// The misses of one namespace.
pub(crate) struct Miss {
    noted: Mailbox<Missed>,
    /// How many misses had been counted when the last one was told.
    told: Atomic<c_ulong>,
}

impl Miss {
    /// None yet.
    pub(crate) const fn new() -> Self {
        Self {
            noted: Mailbox::empty(),
            told: Atomic::new(0),
        }
    }

    /// Notes a packet, if anyone wants to know and no other one is noted. Any context.
    #[cold]
    pub(crate) fn note<F: Family>(&self, protocol: Protocol, tuple: &Tuple<F>) {
        if !IS_WANTED.load(Relaxed) {
            return;
        }
        self.noted.post(|| Missed {
            protocol,
            local: (F::any_family(&tuple.local), tuple.local_port),
            remote: (F::any_family(&tuple.remote), tuple.remote_port),
            device: u32::try_from(tuple.device).unwrap_or(0),
        });
    }

    /// Takes the packet that is noted, and tells how many there were since the last time; `count`
    /// says how many there were at all. Any context.
    pub(crate) fn take(&self, count: impl FnOnce() -> c_ulong) -> Option<(Missed, c_ulong)> {
        let missed = self.noted.take()?;
        let counted = count();
        let before = self.told.xchg(counted, Relaxed);
        Some((missed, counted.wrapping_sub(before)))
    }
}
