// SPDX-License-Identifier: GPL-2.0

//! First level: in which namespace is a packet looked up?
//!
//! No hash, and no tag on the packet: the pointer is read from where it has to be anyway. For a
//! packet that is transmitted that is the socket, for one that is received the device. The two are
//! two types, made by two hooks: which is asked first is decided when the code is compiled, and
//! never guessed from the packet.

mod received;
mod transmitted;

pub(crate) use self::{received::Received, transmitted::Transmitted};

use crate::{
    bindings,
    net::{
        inet::{Family, Header, Port, Tuple},
        namespace::Namespace,
        packet::Packet,
    },
};

/// Which way a packet goes.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Direction {
    /// To a socket of this host.
    Receive = bindings::NSMUX_DIRECTION_RECEIVE as u8,
    /// From a socket of this host.
    Transmit = bindings::NSMUX_DIRECTION_TRANSMIT as u8,
}

/// Where the namespace of a packet was read.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum ResolvedBy {
    /// From the socket that transmits it.
    Socket = bindings::NSMUX_RESOLVED_BY_SOCKET as u8,
    /// From the device that received it, or that it leaves by.
    Device = bindings::NSMUX_RESOLVED_BY_DEVICE as u8,
    /// From the state of the hook, for want of both.
    Hook = bindings::NSMUX_RESOLVED_BY_HOOK as u8,
}

/// A packet on its way in one direction, whose namespace can be resolved.
pub(crate) trait Resolve: Sized {
    /// The direction.
    const DIRECTION: Direction;

    /// How the ends of a packet in this direction lie.
    type Orientation: Orient;

    /// Resolves the namespace, and calls `f` with it. Any context.
    fn resolve<R>(self, f: impl for<'n> FnOnce(Resolved<'n, Self::Orientation>) -> R) -> R;
}

/// A packet and its namespace, under one brand.
pub(crate) struct Resolved<'n, O> {
    /// The namespace.
    pub(crate) namespace: Namespace<'n>,
    /// The packet.
    pub(crate) packet: Packet<'n>,
    /// Where the namespace was read.
    pub(crate) by: ResolvedBy,
    /// Whether it is the one in which netfilter sees the packet. Anything else is a bug, here or in
    /// the kernel.
    pub(crate) agrees: bool,
    /// How the packet's ends lie.
    pub(crate) orientation: O,
}

/// Which end of a packet is the local one, and on which device.
pub(crate) trait Orient {
    /// What the second level is asked for, and whether any number of sockets may have the packet.
    fn orient<F: Family>(
        &self,
        header: &Header<F>,
        source: Port,
        destination: Port,
    ) -> (Tuple<F>, bool);
}
