// SPDX-License-Identifier: GPL-2.0

//! Received packets: the destination is the local end.

use super::Resolved;
use crate::net::{
    device::NetDevice,
    inet::{Family, Header, Ports, RawKey, Stop, Tuple},
    namespace::Namespace,
    netfilter::Received,
    packet::Packet,
};

impl<'n, F: Family> Resolved<'n, F> for Received<'n, F> {
    #[inline(always)]
    fn namespace(&self) -> Namespace<'n> {
        self.namespace
    }

    #[inline(always)]
    fn packet(&self) -> &Packet<'n> {
        &self.packet
    }

    #[inline(always)]
    fn header(&self, offset: u32) -> Result<Header<F>, Stop> {
        F::received_header(&self.packet, offset, self.namespace, self.device())
    }

    #[inline(always)]
    fn tuple(&self, header: &Header<F>, ports: Ports) -> (Tuple<F>, bool) {
        let arrival = self.arrival();
        let tuple = Tuple {
            local: header.destination,
            local_port: ports.destination,
            remote: header.source,
            remote_port: ports.source,
            device: arrival.device,
            slave: arrival.slave,
        };
        (tuple, F::is_to_many(&arrival, &header.destination))
    }

    /// The packet that is quoted was transmitted: its source is the local end.
    fn quoted_tuple(&self, quoted: &Header<F>, ports: Ports, protocol: u8) -> Option<Tuple<F>> {
        let arrival = self.arrival();
        let tuple = Tuple {
            local: quoted.source,
            local_port: ports.source,
            remote: quoted.destination,
            remote_port: ports.destination,
            device: arrival.device,
            slave: arrival.slave,
        };
        let on = self.device().map_or(arrival.device, NetDevice::index);
        Some(F::tuple_of_error(protocol, tuple, on))
    }

    fn raw_key(&self, header: &Header<F>) -> RawKey<F> {
        let arrival = self.arrival();
        RawKey {
            protocol: header.protocol,
            local: header.destination,
            remote: header.source,
            device: arrival.device,
            slave: arrival.slave,
        }
    }

    #[inline(always)]
    fn is_taken_by_tcp(&self) -> bool {
        self.packet.is_for_this_host()
    }
}
