// SPDX-License-Identifier: GPL-2.0

//! Received packets: the device knows the namespace.

use super::{Direction, Orient, Resolve, Resolved, ResolvedBy};
use crate::net::{
    inet::{Arrival, Family, Header, Port, Tuple},
    netfilter::Incoming,
};

/// A packet that was received.
///
/// It may bear a socket: one that crosses from a namespace to another over a veth pair keeps its
/// sender's, so that the sender is held back when the receiver is slow. That socket is not asked,
/// and there is no way to ask it.
pub(crate) struct Received<'p, F>(Incoming<'p, F>);

impl<'p, F: Family> Received<'p, F> {
    /// A packet as a hook has seen it.
    #[inline]
    pub(crate) fn new(packet: Incoming<'p, F>) -> Self {
        Self(packet)
    }
}

impl<F: Family> Resolve for Received<'_, F> {
    const DIRECTION: Direction = Direction::Receive;

    type Orientation = Inward;

    #[inline(always)]
    fn resolve<R>(self, f: impl for<'n> FnOnce(Resolved<'n, Inward>) -> R) -> R {
        let state = self.0.state();
        let section = state.section();
        let (net, by) = match self.0.device() {
            Some(device) => (device.net(section), ResolvedBy::Device),
            None => (state.net(), ResolvedBy::Hook),
        };
        let agrees = net == state.net();
        let orientation = Inward(self.0.arrival());
        self.0
            .into_packet()
            .branded(net, section, |namespace, packet| {
                f(Resolved {
                    namespace,
                    packet,
                    by,
                    agrees,
                    orientation,
                })
            })
    }
}

/// The packet goes to the local end.
pub(crate) struct Inward(Arrival);

impl Orient for Inward {
    #[inline(always)]
    fn orient<F: Family>(
        &self,
        header: &Header<F>,
        source: Port,
        destination: Port,
    ) -> (Tuple<F>, bool) {
        let tuple = Tuple {
            local: header.destination,
            local_port: destination,
            remote: header.source,
            remote_port: source,
            device: self.0.device,
            slave: self.0.slave,
        };
        (tuple, F::is_to_many(&self.0, &header.destination))
    }
}
