// SPDX-License-Identifier: GPL-2.0

//! The last packet for which a namespace had no socket, kept until it is told.
//!
//! The path of a packet neither allocates nor locks: it notes the packet if nobody's is noted yet,
//! and passes on otherwise; the namespace then waits for its turn to tell. That comes a tenth of a
//! second later, so that a namespace that is flooded costs a comparison for each packet, and an event
//! in a while. Nothing is noted where nobody listens who would be told: in the namespace itself, or
//! in the initial one.

use kernel::{
    ffi::c_ulong,
    prelude::*,
    sync::atomic::{Atomic, Relaxed},
};

use crate::{
    account::Protocol,
    net::{
        atomic::read_once,
        inet::{Family, Port, Tuple},
        mailbox::Mailbox,
        queue::{Entry, Queue},
        socket::Address,
    },
};

/// The namespaces that have a packet noted.
pub(crate) static NOTED: Queue = Queue::empty();

/// The number of the last count of listeners.
static COUNT: Atomic<usize> = Atomic::new(1);
/// In which count somebody was found who is told of all namespaces.
static EVERYWHERE: Atomic<usize> = Atomic::new(0);

/// Which count did not find all, so that there may be somebody in any namespace.
static ANYWHERE: Atomic<usize> = Atomic::new(0);

/// A count of those who listen.
pub(crate) struct Count(usize);

impl Count {
    /// Begins to count, one at a time. Any context.
    pub(crate) fn begin() -> Self {
        Self(COUNT.load(Relaxed) + 1)
    }

    /// Somebody listens in a namespace, or is about to: this holds until the count after this one,
    /// even if that comes to another end. Any context.
    pub(crate) fn heard(&self, miss: &Miss) {
        miss.heard.store(self.0, Relaxed);
    }

    /// The same, who is told of all namespaces.
    pub(crate) fn heard_everywhere(&self) {
        EVERYWHERE.store(self.0, Relaxed);
    }

    /// Not all are found: there may be somebody in any namespace, the initial one included.
    pub(crate) fn heard_anywhere(&self) {
        ANYWHERE.store(self.0, Relaxed);
        self.heard_everywhere();
    }

    /// All were counted. Any context.
    pub(crate) fn end(self) {
        COUNT.store(self.0, Relaxed);
    }
}

/// Whether somebody listens who is told of all namespaces. Any context.
#[inline(always)]
pub(crate) fn is_heard_everywhere() -> bool {
    read_once(&EVERYWHERE) >= read_once(&COUNT)
}

/// Whether there may be somebody in a namespace in which nobody was found. Any context.
pub(crate) fn may_be_heard_anywhere() -> bool {
    ANYWHERE.load(Relaxed) >= COUNT.load(Relaxed)
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
#[pin_data]
pub(crate) struct Miss {
    noted: Mailbox<Missed>,
    #[pin]
    turn: Entry,
    /// In which count somebody was found to listen in this namespace.
    heard: Atomic<usize>,
    /// How many misses had been counted when the last one was told.
    told: Atomic<c_ulong>,
}

impl Miss {
    /// None yet, in the namespace with a cookie.
    pub(crate) fn new(cookie: u64) -> impl PinInit<Self> {
        pin_init!(Self {
            noted: Mailbox::empty(),
            turn <- Entry::new(&NOTED, cookie),
            heard: Atomic::new(0),
            told: Atomic::new(0),
        })
    }

    /// Whether somebody listens in this namespace. Any context.
    #[inline(always)]
    pub(crate) fn is_heard(&self) -> bool {
        read_once(&self.heard) >= read_once(&COUNT)
    }

    /// Whether anyone is there to be told. Any context.
    #[inline(always)]
    pub(crate) fn is_told(&self) -> bool {
        self.is_heard() || is_heard_everywhere()
    }

    /// Notes a packet, if anyone is there to be told and no other one is noted. Any context.
    #[cold]
    pub(crate) fn note<F: Family>(&self, protocol: Protocol, tuple: &Tuple<F>) {
        if !self.is_told() {
            return;
        }
        let is_posted = self.noted.post(|| Missed {
            protocol,
            local: (F::any_family(&tuple.local), tuple.local_port),
            remote: (F::any_family(&tuple.remote), tuple.remote_port),
            device: u32::try_from(tuple.device).unwrap_or(0),
        });
        if is_posted {
            self.turn.add();
        }
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
