// SPDX-License-Identifier: GPL-2.0

//! Received packets: the device knows the namespace.

use super::{Orient, Resolve, Resolved, ResolvedBy};
use crate::net::{
    delivery::Delivery,
    device::Device,
    inet::{Arrival, Family, Header, Port, RawKey, Stop, Tuple},
    namespace::Namespace,
    netfilter::Incoming,
    packet::Packet,
};
use kernel::ffi::c_int;

/// A packet that was received.
///
/// It may bear a socket: one that the stack, TPROXY or a BPF program has chosen, maybe in another
/// namespace that the packet has come through. That socket is not asked, and there is no way to ask
/// it.
pub(crate) struct Received<'p, F>(Incoming<'p, F>);

impl<'p, F: Family> Received<'p, F> {
    /// A packet as a hook has seen it.
    #[inline]
    pub(crate) fn new(packet: Incoming<'p, F>) -> Self {
        Self(packet)
    }
}

impl<F: Family> Resolve for Received<'_, F> {
    type Orientation<'n> = Inward<'n>;

    #[inline(always)]
    fn resolve<R>(self, f: impl for<'n> FnOnce(Resolved<'n, Inward<'n>>) -> R) -> R {
        let state = self.0.state();
        let section = state.section();
        let (net, by) = match self.0.device() {
            Some(device) => (device.net(section), ResolvedBy::Device),
            None => (state.net(), ResolvedBy::Hook),
        };
        let agrees = *net == *state.net();
        let arrival = self.0.arrival();
        self.0.branded(net, |namespace, packet, delivery| {
            f(Resolved {
                namespace,
                packet,
                by,
                agrees,
                orientation: Inward { arrival, delivery },
            })
        })
    }
}

/// The packet goes to the local end.
pub(crate) struct Inward<'n> {
    arrival: Arrival,
    /// The right to hand the packet a socket.
    pub(crate) delivery: Delivery<'n>,
}

impl Orient for Inward<'_> {
    #[inline(always)]
    fn header<F: Family>(
        &self,
        packet: &Packet<'_>,
        offset: u32,
        namespace: Namespace<'_>,
    ) -> Result<Header<F>, Stop> {
        F::received_header(packet, offset, namespace, self.device())
    }

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
            device: self.arrival.device,
            slave: self.arrival.slave,
        };
        (tuple, F::is_to_many(&self.arrival, &header.destination))
    }

    /// The packet that is quoted was transmitted: its source is the local end.
    fn orient_quoted<F: Family>(
        &self,
        quoted: &Header<F>,
        source: Port,
        destination: Port,
    ) -> Option<Tuple<F>> {
        Some(Tuple {
            local: quoted.source,
            local_port: source,
            remote: quoted.destination,
            remote_port: destination,
            device: self.arrival.device,
            slave: self.arrival.slave,
        })
    }

    fn orient_raw<F: Family>(&self, header: &Header<F>) -> RawKey<F> {
        RawKey {
            protocol: header.protocol,
            local: header.destination,
            remote: header.source,
            device: self.arrival.device,
            slave: self.arrival.slave,
        }
    }

    #[inline(always)]
    fn device(&self) -> Option<&Device> {
        self.delivery.device()
    }

    fn received_on(&self) -> Option<c_int> {
        Some(self.arrival.device)
    }
}
