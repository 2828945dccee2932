// SPDX-License-Identifier: GPL-2.0

//! What is counted of a packet.

use crate::{
    bindings,
    resolve::{Direction, ResolvedBy},
    table::Outcome,
};

/// A protocol of a family that has a table, by the name that its file in `/proc/net` has.
#[derive(Clone, Copy, PartialEq, Eq)]
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
    /// Raw sockets of IPv4: packets of protocols that have no other table, and what they send.
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

    /// Whether a packet of this protocol can have this outcome in a direction.
    pub(crate) const fn can_have(self, outcome: Outcome, direction: Direction) -> bool {
        match (direction, self) {
            (Direction::Receive, Self::Tcp | Self::Tcp6) => matches!(
                outcome,
                Outcome::Established
                    | Outcome::TimeWait
                    | Outcome::Request
                    | Outcome::Listener
                    | Outcome::Ambiguous
                    | Outcome::Foreign
                    | Outcome::None
            ),
            (Direction::Receive, Self::Udp | Self::Udp6) => matches!(
                outcome,
                Outcome::Connected
                    | Outcome::Unconnected
                    | Outcome::Ambiguous
                    | Outcome::Multiple
                    | Outcome::Foreign
                    | Outcome::None
            ),
            (Direction::Receive, Self::Raw | Self::Raw6) => matches!(
                outcome,
                Outcome::Connected | Outcome::Unconnected | Outcome::Multiple
            ),
            (Direction::Receive, Self::Error | Self::Error6) => matches!(
                outcome,
                Outcome::Established
                    | Outcome::TimeWait
                    | Outcome::Request
                    | Outcome::Connected
                    | Outcome::Unconnected
                    | Outcome::Ambiguous
                    | Outcome::Multiple
                    | Outcome::Foreign
                    | Outcome::None
            ),
            (Direction::Transmit, Self::Tcp | Self::Tcp6) => matches!(
                outcome,
                Outcome::Established
                    | Outcome::TimeWait
                    | Outcome::Request
                    | Outcome::Listener
                    | Outcome::None
            ),
            (Direction::Transmit, Self::Udp | Self::Udp6) => matches!(
                outcome,
                Outcome::Connected | Outcome::Unconnected | Outcome::None
            ),
            (Direction::Transmit, Self::Raw | Self::Raw6) => {
                matches!(outcome, Outcome::Connected | Outcome::Unconnected)
            }
            _ => false,
        }
    }
}

/// What is counted of a packet.
#[derive(Clone, Copy)]
pub(crate) enum Event {
    /// Its namespace was resolved. What is not counted is how most are: received packets by the
    /// device, transmitted ones by the socket.
    Resolved(ResolvedBy),
    /// It was resolved to another namespace than the one in which netfilter sees the packet.
    Disagreement,
    /// A header is cut short or contradicts itself.
    Unparsed,
    /// It is a fragment, and not the first of its packet.
    LaterFragment,
    /// Its protocol has no table, and no raw socket wants it or has sent it.
    NoTable,
    /// A routing header sends it on.
    Routed,
    /// The stack drops it before it looks for a socket.
    Dropped,
    /// Its socket is known, or there is none.
    Lookup(Protocol, Outcome),
    /// Packet sockets that listen on its device have it as well.
    Tapped,
    /// It bore its socket, which early demultiplexing had found.
    EarlyDemux,
    /// It bore its socket, which TPROXY or a BPF program had chosen.
    Chosen,
    /// It was handed a socket, and the stack will look for none.
    Steered,
    /// It was looked up, and left to the stack.
    Left(Left),
    /// What was found for it is not what the kernel has found itself.
    Dispute(Dispute),
    /// What was found for it has the same two ends as the socket that the kernel has found: either
    /// may have it, by the table that is asked first.
    Twin,
}

/// Why a packet in mode steer is left to the stack; those that have no socket at all are in the
/// other counters.
#[derive(Clone, Copy)]
pub(crate) enum Left {
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

impl Event {
    /// Those that are no lookups, in the order of their numbers.
    pub(super) const OTHERS: [Self; 19] = [
        Self::Resolved(ResolvedBy::Socket),
        Self::Resolved(ResolvedBy::Device),
        Self::Resolved(ResolvedBy::Hook),
        Self::Disagreement,
        Self::Unparsed,
        Self::LaterFragment,
        Self::NoTable,
        Self::Routed,
        Self::Dropped,
        Self::Tapped,
        Self::EarlyDemux,
        Self::Chosen,
        Self::Steered,
        Self::Left(Left::Kind),
        Self::Left(Left::Device),
        Self::Left(Left::Form),
        Self::Dispute(Dispute::EarlyDemux),
        Self::Dispute(Dispute::Sender),
        Self::Twin,
    ];

    /// The number among [`OTHERS`](Self::OTHERS); one more than all for lookups.
    #[inline(always)]
    pub(super) const fn number(self) -> usize {
        match self {
            Self::Resolved(by) => by as usize,
            Self::Disagreement => 3,
            Self::Unparsed => 4,
            Self::LaterFragment => 5,
            Self::NoTable => 6,
            Self::Routed => 7,
            Self::Dropped => 8,
            Self::Tapped => 9,
            Self::EarlyDemux => 10,
            Self::Chosen => 11,
            Self::Steered => 12,
            Self::Left(Left::Kind) => 13,
            Self::Left(Left::Device) => 14,
            Self::Left(Left::Form) => 15,
            Self::Dispute(Dispute::EarlyDemux) => 16,
            Self::Dispute(Dispute::Sender) => 17,
            Self::Twin => 18,
            Self::Lookup(..) => 19,
        }
    }

    /// Whether it is the one of its kind that each packet has: what became of it.
    pub(super) const fn is_end(self) -> bool {
        matches!(
            self,
            Self::Unparsed
                | Self::LaterFragment
                | Self::NoTable
                | Self::Routed
                | Self::Dropped
                | Self::Lookup(..)
        )
    }

    /// All that a packet can come to.
    pub(super) fn ends() -> impl Iterator<Item = Self> {
        let lookups = Protocol::ALL.into_iter().flat_map(|(protocol, _)| {
            Outcome::ALL
                .into_iter()
                .map(move |(outcome, _)| Self::Lookup(protocol, outcome))
        });
        let others = Self::OTHERS.into_iter().filter(|event| event.is_end());
        others.chain(lookups)
    }
}
