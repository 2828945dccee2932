// SPDX-License-Identifier: GPL-2.0

//! First level: in which namespace is a packet looked up?
//!
//! No hash, and no tag on the packet: the pointer is read from where it has to be anyway. For a
//! packet that is transmitted that is the socket, for one that is received the device. The two are
//! two types, made by two hooks, and each resolves itself
//! ([`Incoming`](crate::net::netfilter::Incoming), [`Outgoing`](crate::net::netfilter::Outgoing)): which
//! is asked first is decided when the code is compiled, and never guessed from the packet.
//!
//! What is here says how the ends of a packet lie once its namespace is known: what tables are asked
//! for, in each direction.

mod received;
mod transmitted;

use crate::{
    bindings,
    net::{
        inet::{Family, Header, Ports, RawKey, Stop, Tuple},
        namespace::Namespace,
        packet::Packet,
    },
};

pub(crate) use crate::net::netfilter::ResolvedBy;

const _: () = assert!(
    ResolvedBy::Socket as u32 == bindings::NSMUX_RESOLVED_BY_SOCKET
        && ResolvedBy::Device as u32 == bindings::NSMUX_RESOLVED_BY_DEVICE
        && ResolvedBy::Hook as u32 == bindings::NSMUX_RESOLVED_BY_HOOK,
    "user space is told by these numbers"
);

/// Which way a packet goes.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Direction {
    /// To a socket of this host.
    Receive = bindings::NSMUX_DIRECTION_RECEIVE as u8,
    /// From a socket of this host.
    Transmit = bindings::NSMUX_DIRECTION_TRANSMIT as u8,
    /// A packet of ARP that was received.
    ArpReceive = bindings::NSMUX_DIRECTION_ARP_RECEIVE as u8,
    /// A packet of ARP that is transmitted.
    ArpTransmit = bindings::NSMUX_DIRECTION_ARP_TRANSMIT as u8,
}

/// A packet and its namespace, under one brand, and how the packet's ends lie.
pub(crate) trait Resolved<'n, F: Family> {
    /// The namespace.
    fn namespace(&self) -> Namespace<'n>;

    /// The packet.
    fn packet(&self) -> &Packet<'n>;

    /// Reads the headers of IP, which begin at an offset from the beginning of the packet's data.
    fn header(&self, offset: u32) -> Result<Header<F>, Stop>;

    /// What the second level is asked for, and whether any number of sockets may have the packet.
    fn tuple(&self, header: &Header<F>, ports: Ports) -> (Tuple<F>, bool);

    /// What the packet is looked up by that an error quotes, as one of this protocol: the one that the
    /// error is about. `None` if it does not concern a socket here.
    fn quoted_tuple(&self, quoted: &Header<F>, ports: Ports, protocol: u8) -> Option<Tuple<F>>;

    /// What raw sockets are looked up by.
    fn raw_key(&self, header: &Header<F>) -> RawKey<F>;

    /// Whether TCP takes the packet: one that was received has to be for this host alone, as far as the
    /// lower layer knows (`tcp_v4_rcv()`).
    fn is_taken_by_tcp(&self) -> bool;
}
