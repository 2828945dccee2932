// SPDX-License-Identifier: GPL-2.0

//! The account of one namespace: how many packets, resolved how, and what was found for them.
//!
//! A packet is counted in the namespace whose hook has seen it, whatever it was resolved to: so
//! none is lost, and where the two differ, `disagree` says so in the namespace that can see it.
//! What is counted are calls of a hook. A packet that the kernel sends through `LOCAL_OUT` twice,
//! as VRF and IPsec do, is counted twice.

pub(crate) mod device;

use kernel::{
    alloc::AllocError,
    ffi::c_ulong,
    sync::atomic::{Atomic, Relaxed},
};

use crate::{
    bindings,
    net::percpu::{Lazy, PerCpu},
    resolve::{Direction, ResolvedBy},
    table::Outcome,
};

/// A protocol of a family that has a table, by the name that its file in `/proc/net` has.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Protocol {
    /// TCP over IPv4.
    Tcp = bindings::NSMUX_PROTOCOL_TCP as u8,
    /// UDP over IPv4.
    Udp = bindings::NSMUX_PROTOCOL_UDP as u8,
    /// TCP over IPv6.
    Tcp6 = bindings::NSMUX_PROTOCOL_TCP6 as u8,
    /// UDP over IPv6.
    Udp6 = bindings::NSMUX_PROTOCOL_UDP6 as u8,
    /// Raw sockets of IPv4, for protocols that have no other table.
    Raw = bindings::NSMUX_PROTOCOL_RAW as u8,
    /// Raw sockets of IPv6, likewise.
    Raw6 = bindings::NSMUX_PROTOCOL_RAW6 as u8,
    /// Errors of ICMP, by the packet that they quote.
    Error = bindings::NSMUX_PROTOCOL_ERROR as u8,
    /// Errors of ICMPv6, likewise.
    Error6 = bindings::NSMUX_PROTOCOL_ERROR6 as u8,
}

/// All directions, with their names.
pub(crate) const DIRECTIONS: [(Direction, &str); 4] = [
    (Direction::Receive, "receive"),
    (Direction::Transmit, "transmit"),
    (Direction::ArpReceive, "arp-receive"),
    (Direction::ArpTransmit, "arp-transmit"),
];

impl Protocol {
    /// All, in the order of their codes, with their names.
    pub(crate) const ALL: [(Self, &'static str); 8] = [
        (Self::Tcp, "tcp"),
        (Self::Udp, "udp"),
        (Self::Tcp6, "tcp6"),
        (Self::Udp6, "udp6"),
        (Self::Raw, "raw"),
        (Self::Raw6, "raw6"),
        (Self::Error, "error"),
        (Self::Error6, "error6"),
    ];

    /// Whether a lookup of this protocol can have this outcome.
    pub(crate) fn can_have(self, outcome: Outcome) -> bool {
        let is_error = matches!(self, Self::Error | Self::Error6);
        let is_tcp = matches!(self, Self::Tcp | Self::Tcp6);
        let is_raw = matches!(self, Self::Raw | Self::Raw6);
        match outcome {
            Outcome::Established | Outcome::TimeWait | Outcome::Request => is_tcp || is_error,
            Outcome::Listener => is_tcp,
            Outcome::Connected | Outcome::Unconnected => !is_tcp,
            Outcome::Multiple => !is_tcp,
            Outcome::Ambiguous | Outcome::Foreign | Outcome::None => !is_raw,
            Outcome::Member | Outcome::Device | Outcome::Process => false,
        }
    }
}

/// What is counted of a packet.
#[derive(Clone, Copy)]
pub(crate) enum Event {
    /// Its namespace was resolved.
    Resolved(ResolvedBy),
    /// It was resolved to another namespace than the one in which netfilter sees it.
    Disagreement,
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
    /// It was looked up.
    Lookup(Protocol, Outcome),
    /// Packet sockets that listen on its device have it as well.
    Tapped,
    /// It was handed a socket, and the stack will look for none.
    Steered,
    /// It was looked up, and left to the stack.
    Left(Left),
    /// What was found for it is not what the kernel has found itself.
    Dispute(Dispute),
}

/// Why a packet in mode steer is left to the stack; those that have no socket at all are in the
/// other counters.
#[derive(Clone, Copy)]
pub(crate) enum Left {
    /// It bears a socket: the kernel found that before, or somebody chose it. It was not looked up.
    HadSocket,
    /// Its kind of socket cannot be handed over; the outcome of the lookup says which it is.
    Kind,
    /// Its device gives packets away to other ones later.
    Device,
    /// It is a fragment, or has extension headers.
    Form,
}

/// Which answer of the kernel's own differs, in mode verify.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Dispute {
    /// That of early demultiplexing.
    EarlyDemux = bindings::NSMUX_DISPUTE_EARLY_DEMUX as u8,
    /// The socket that transmits the packet, which is in the table under the packet's own tuple.
    Sender = bindings::NSMUX_DISPUTE_SENDER as u8,
}

/// How many counters there are for a direction: an [`Event`] each.
const PER_DIRECTION: usize = EVENTS + Protocol::ALL.len() * Outcome::ALL.len();
/// How many of them are not lookups.
const EVENTS: usize = 17;
const _: () = assert!(
    (ResolvedBy::Hook as usize) < 3,
    "the first counters are those of ResolvedBy"
);
const _: () = assert!(Protocol::Error6 as usize + 1 == Protocol::ALL.len());
/// How many counters there are.
const COUNTERS: usize = 2 * PER_DIRECTION + 2 * EVENTS;

impl Event {
    #[inline(always)]
    const fn place(self, direction: Direction) -> usize {
        let place = match self {
            Self::Resolved(by) => by as usize,
            Self::Disagreement => 3,
            Self::Unparsed => 4,
            Self::LaterFragment => 5,
            Self::NoTable => 6,
            Self::Tapped => 7,
            Self::Steered => 8,
            Self::Left(Left::HadSocket) => 9,
            Self::Left(Left::Kind) => 10,
            Self::Left(Left::Device) => 11,
            Self::Dispute(Dispute::EarlyDemux) => 12,
            Self::Dispute(Dispute::Sender) => 13,
            Self::Left(Left::Form) => 14,
            Self::Routed => 15,
            Self::Dropped => 16,
            Self::Lookup(protocol, outcome) => {
                EVENTS + protocol as usize * Outcome::ALL.len() + outcome as usize
            }
        };
        match direction {
            Direction::Receive => place,
            Direction::Transmit => PER_DIRECTION + place,
            // Packets of ARP are not looked up: there is no counter.
            _ if place >= EVENTS => COUNTERS,
            Direction::ArpReceive => 2 * PER_DIRECTION + place,
            Direction::ArpTransmit => 2 * PER_DIRECTION + EVENTS + place,
        }
    }
}

/// The counters of one namespace; none until they are first needed, and from then on as long as the
/// namespace.
pub(crate) struct Account {
    counters: Lazy<COUNTERS>,
    /// What had been counted at the last reset: the counters themselves are each processor's own.
    baseline: [Atomic<c_ulong>; COUNTERS],
}

impl Account {
    /// Without counters.
    pub(crate) const fn new() -> Self {
        Self {
            counters: Lazy::empty(),
            baseline: [const { Atomic::new(0) }; COUNTERS],
        }
    }

    /// Makes the counters, if there are none. May sleep.
    pub(crate) fn open(&self) -> Result<(), AllocError> {
        self.counters.make()
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
        let place = event.place(direction);
        let baseline = self
            .baseline
            .get(place)
            .map_or(0, |baseline| baseline.load(Relaxed));
        self.counters
            .get()
            .map_or(0, |counters| counters.sum(place).wrapping_sub(baseline))
    }

    /// How many received packets had no socket since the counters were made. Any context.
    pub(crate) fn misses(&self) -> c_ulong {
        let Some(counters) = self.counters.get() else {
            return 0;
        };
        [Protocol::Tcp, Protocol::Udp, Protocol::Tcp6, Protocol::Udp6]
            .into_iter()
            .map(|protocol| Event::Lookup(protocol, Outcome::None).place(Direction::Receive))
            .map(|place| counters.sum(place))
            .fold(0, c_ulong::wrapping_add)
    }

    /// Begins to count from 0: what is counted meanwhile may or may not be. Any context.
    pub(crate) fn reset(&self) {
        let Some(counters) = self.counters.get() else {
            return;
        };
        for (place, baseline) in self.baseline.iter().enumerate() {
            baseline.store(counters.sum(place), Relaxed);
        }
    }
}

/// One direction in the account, for counting.
pub(crate) struct Side<'a> {
    counters: &'a PerCpu<COUNTERS>,
    direction: Direction,
}

impl Side<'_> {
    /// Counts an event. Any context.
    #[inline(always)]
    pub(crate) fn count(&self, event: Event) {
        self.counters.increment(event.place(self.direction));
    }

    /// The direction.
    #[inline]
    pub(crate) fn direction(&self) -> Direction {
        self.direction
    }
}
