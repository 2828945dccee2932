// SPDX-License-Identifier: GPL-2.0

//! The first packet of a namespace for which mode `verify` had another answer than the kernel, kept
//! until it is told.
//!
//! The path of a packet does not log: it notes the packet if none is noted. Whoever tells takes the
//! first note since the mode became `verify`; all are counted.

use kernel::{
    prelude::*,
    sync::atomic::{Atomic, Relaxed},
};

use crate::{
    account::{self, Protocol},
    net::{
        inet::Port,
        mailbox::Mailbox,
        queue::{Entry, Queue},
        socket::Address,
    },
};

/// The namespaces that have a packet noted.
pub(crate) static NOTED: Queue = Queue::empty();

/// A packet for which two answers differ.
#[derive(Clone, Copy)]
pub(crate) struct Disputed {
    /// Which answer of the kernel's.
    pub(crate) with: account::Dispute,
    /// The packet's protocol.
    pub(crate) protocol: Protocol,
    /// The end that is here.
    pub(crate) local: (Address, Port),
    /// The other end.
    pub(crate) remote: (Address, Port),
    /// The cookie of the socket that was found; 0 for none.
    pub(crate) found: u64,
    /// The cookie of the socket that the kernel knows.
    pub(crate) kernel: u64,
}

/// The dispute of one namespace.
#[pin_data]
pub(crate) struct Dispute {
    noted: Mailbox<Disputed>,
    #[pin]
    turn: Entry,
    is_settled: Atomic<bool>,
}

impl Dispute {
    /// None yet, in the namespace with a cookie.
    pub(crate) fn new(cookie: u64) -> impl PinInit<Self> {
        pin_init!(Self {
            noted: Mailbox::empty(),
            turn <- Entry::new(&NOTED, cookie),
            is_settled: Atomic::new(false),
        })
    }

    /// The next one is the first again. Any context.
    pub(crate) fn reopen(&self) {
        self.noted.take();
        self.is_settled.store(false, Relaxed);
    }

    /// Notes a packet, unless one was told or is noted. Any context.
    #[cold]
    pub(crate) fn note(&self, disputed: impl FnOnce() -> Disputed) {
        if !self.is_settled.load(Relaxed) && self.noted.post(disputed) {
            self.turn.add();
        }
    }

    /// Takes the packet that is to be told. Any context.
    pub(crate) fn take(&self) -> Option<Disputed> {
        let disputed = self.noted.take()?;
        let was_settled = self.is_settled.load(Relaxed);
        self.is_settled.store(true, Relaxed);
        (!was_settled).then_some(disputed)
    }
}
