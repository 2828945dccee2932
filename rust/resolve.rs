// SPDX-License-Identifier: GPL-2.0

//! First level: in which namespace is a packet looked up?
//!
//! No hash, and no tag on the packet: the pointer is read from where it has to be anyway. For a
//! packet that is transmitted that is the socket, for one that is received the device. The two are
//! two types, made by two hooks: which is asked first is decided when the code is compiled, and
//! never guessed from the packet.

#[cfg(CONFIG_NETFILTER_FAMILY_ARP)]
mod neighbour;
mod received;
mod transmitted;

#[cfg(CONFIG_NETFILTER_FAMILY_ARP)]
pub(crate) use self::neighbour::{resolve_received, resolve_transmitted};
pub(crate) use self::{
    received::{Inward, Received},
    transmitted::{Outward, Transmitted},
};

use kernel::ffi::c_int;

use crate::{
    bindings,
    net::{
        device::Device,
        inet::{Family, Header, Port, RawKey, Stop, Tuple},
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
    /// A packet of ARP that was received.
    ArpReceive = bindings::NSMUX_DIRECTION_ARP_RECEIVE as u8,
    /// A packet of ARP that is transmitted.
    ArpTransmit = bindings::NSMUX_DIRECTION_ARP_TRANSMIT as u8,
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
    /// How the ends of a packet in this direction lie.
    type Orientation<'n>: Orient;

    /// Resolves the namespace, and calls `f` with it. Any context.
    fn resolve<R>(self, f: impl for<'n> FnOnce(Resolved<'n, Self::Orientation<'n>>) -> R) -> R;
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
    /// Reads the headers of IP, which begin at an offset from the beginning of the packet's data.
    fn header<F: Family>(
        &self,
        packet: &Packet<'_>,
        offset: u32,
        namespace: Namespace<'_>,
    ) -> Result<Header<F>, Stop>;

    /// What the second level is asked for, and whether any number of sockets may have the packet.
    fn orient<F: Family>(
        &self,
        header: &Header<F>,
        source: Port,
        destination: Port,
    ) -> (Tuple<F>, bool);

    /// What the packet is looked up by that an error quotes: the one that the error is about. `None`
    /// if it does not concern a socket here.
    fn orient_quoted<F: Family>(
        &self,
        quoted: &Header<F>,
        source: Port,
        destination: Port,
    ) -> Option<Tuple<F>>;

    /// What raw sockets are looked up by.
    fn orient_raw<F: Family>(&self, header: &Header<F>) -> RawKey<F>;

    /// The device that the packet was received on, or the master of that.
    fn device(&self) -> Option<&Device>;

    /// The index of the device that the packet is on, if it was received.
    fn received_on(&self) -> Option<c_int>;
}
