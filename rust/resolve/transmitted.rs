// SPDX-License-Identifier: GPL-2.0

//! Transmitted packets: the source is the local end. Tables are asked for them in mode `verify` alone,
//! since the sender is at hand.

use kernel::ffi::c_int;

use super::Resolved;
use crate::net::{
    inet::{Family, Header, Ports, RawKey, Stop, Tuple},
    namespace::Namespace,
    netfilter::Transmitted,
    packet::Packet,
    socket::SockCommon,
};

impl<'n, F: Family> Resolved<'n, F> for Transmitted<'n, F> {
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
        F::header(&self.packet, offset).ok_or(Stop::Unparsed)
    }

    /// The sender's entry in the table, if it has one, is under the tuple by which an answer would
    /// be looked up; not so where the header has other addresses than the socket (source routes) or
    /// ports (tunnels).
    fn tuple(&self, header: &Header<F>, ports: Ports) -> (Tuple<F>, bool) {
        let tuple = Tuple {
            local: header.source,
            local_port: ports.source,
            remote: header.destination,
            remote_port: ports.destination,
            device: device(self),
            slave: 0,
        };
        (tuple, false)
    }

    /// An error that is transmitted is about a packet of the other end.
    fn quoted_tuple(&self, _: &Header<F>, _: Ports, _: u8) -> Option<Tuple<F>> {
        None
    }

    fn raw_key(&self, header: &Header<F>) -> RawKey<F> {
        RawKey {
            protocol: header.protocol,
            local: header.source,
            remote: header.destination,
            device: device(self),
            slave: 0,
        }
    }

    #[inline(always)]
    fn is_taken_by_tcp(&self) -> bool {
        true
    }
}

/// The device that the socket is bound to, or that the packet leaves by.
fn device<F: Family>(transmitted: &Transmitted<'_, F>) -> c_int {
    match transmitted.sender().map_or(0, SockCommon::bound_device) {
        0 => transmitted.output.map_or(0, |output| output.index()),
        bound => bound,
    }
}
