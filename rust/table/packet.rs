// SPDX-License-Identifier: GPL-2.0

//! Packet sockets: each that listens on a device gets what passes there.

use kernel::{ffi::c_int, prelude::*};

use super::{Entry, Outcome, Several};
use crate::net::{
    allowance::Allowance,
    namespace::{Namespace, Net},
    packet_socket::{PacketSocket, ALL},
    socket::Sock,
};

/// The packet sockets.
pub(crate) struct Packet;

/// What they are looked up by.
pub(crate) struct PacketKey {
    /// The index of the device where something passes.
    pub(crate) device: c_int,
    /// Its Ethernet protocol, for those alone that listen to this one or to all.
    pub(crate) protocol: Option<u16>,
}

impl Several for Packet {
    type Of = Net;
    type Key = PacketKey;
    type Entry<'n> = PacketSocket<'n>;

    fn for_each<'n>(
        namespace: Namespace<'n>,
        key: &PacketKey,
        allowance: &Allowance,
        mut f: impl FnMut(&PacketSocket<'n>) -> Result,
    ) -> Result {
        allowance
            .each(PacketSocket::all(namespace), 1)
            .filter(|socket| [0, key.device].contains(&socket.device()))
            .filter(|socket| match (socket.ethernet_protocol(), key.protocol) {
                // It has not begun to listen.
                (0, _) => false,
                (ALL, _) | (_, None) => true,
                (listened, Some(protocol)) => listened == protocol,
            })
            .try_for_each(|socket| f(&socket))
    }
}

impl Entry for PacketSocket<'_> {
    fn outcome(&self) -> Outcome {
        Outcome::Unconnected
    }

    fn full(&self) -> &Sock {
        self
    }
}
