// SPDX-License-Identifier: GPL-2.0

//! Received packets: the device knows the namespace.

use super::{Direction, Orient, Resolve, Resolved, ResolvedBy};
use crate::net::{
    inet::{Family, Header, Port, Tuple},
    netfilter::State,
    packet::Packet,
};

/// A packet that was received.
///
/// It may bear a socket: one that crosses from a namespace to another over a veth pair keeps its
/// sender's, so that the sender is held back when the receiver is slow. That socket is not asked,
/// and there is no way to ask it.
pub(crate) struct Received<'p, 's> {
    packet: Packet<'p>,
    state: State<'s>,
}

impl<'p, 's> Received<'p, 's> {
    /// A packet that was seen at `NF_INET_LOCAL_IN`.
    #[inline]
    pub(crate) fn new(packet: Packet<'p>, state: State<'s>) -> Self {
        Self { packet, state }
    }
}

impl Resolve for Received<'_, '_> {
    const DIRECTION: Direction = Direction::Receive;

    type Orientation = Inward;

    #[inline(always)]
    fn resolve<R>(self, f: impl for<'n> FnOnce(Resolved<'n, Inward>) -> R) -> R {
        let section = self.state.section();
        let (net, by) = match self.packet.device() {
            Some(device) => (device.net(section), ResolvedBy::Device),
            None => (self.state.net(), ResolvedBy::Hook),
        };
        let agrees = net == self.state.net();
        self.packet.branded(net, section, |namespace, packet| {
            f(Resolved {
                namespace,
                packet,
                by,
                agrees,
                orientation: Inward,
            })
        })
    }
}

/// The packet goes to the local end.
pub(crate) struct Inward;

impl Orient for Inward {
    #[inline(always)]
    fn orient<F: Family>(
        &self,
        packet: &Packet<'_>,
        header: &Header<F>,
        source: Port,
        destination: Port,
    ) -> (Tuple<F>, bool) {
        let arrival = F::arrival(packet, header);
        let tuple = Tuple {
            local: header.destination,
            local_port: destination,
            remote: header.source,
            remote_port: source,
            device: arrival.device,
            slave: arrival.slave,
        };
        (tuple, arrival.to_many)
    }
}
