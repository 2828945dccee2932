// SPDX-License-Identifier: GPL-2.0

//! Transmitted packets: the socket knows the namespace.

use super::{Orient, Resolve, Resolved, ResolvedBy};
use crate::net::{
    device::Device,
    inet::{Family, Header, Port, RawKey, Stop, Tuple},
    namespace::Namespace,
    netfilter::Outgoing,
    packet::Packet,
    socket::Common,
};
use kernel::ffi::c_int;

/// A packet that is transmitted.
///
/// The socket is the one that the hook's state names. It is the tunnel's for a packet that goes
/// into a tunnel, where the packet itself still bears its first sender's, which may be of another
/// namespace. Replies of the kernel itself come from sockets that it keeps for them; a few packets
/// have no socket at all, and are resolved by the device that they leave by.
pub(crate) struct Transmitted<'p>(Outgoing<'p>);

impl<'p> Transmitted<'p> {
    /// A packet as a hook has seen it.
    #[inline]
    pub(crate) fn new(packet: Outgoing<'p>) -> Self {
        Self(packet)
    }
}

impl Resolve for Transmitted<'_> {
    type Orientation<'n> = Outward<'n>;

    #[inline(always)]
    fn resolve<R>(self, f: impl for<'n> FnOnce(Resolved<'n, Outward<'n>>) -> R) -> R {
        let state = self.0.state();
        let section = state.section();
        let output = state.output();
        let (net, by) = match output {
            Some(output) => (output.net(section), ResolvedBy::Device),
            None => (state.net(), ResolvedBy::Hook),
        };
        let by = match state.socket() {
            Some(socket) if *socket.net(section) == *net => ResolvedBy::Socket,
            _ => by,
        };
        let agrees = *net == *state.net();
        let bound = match (state.socket(), by) {
            (Some(socket), ResolvedBy::Socket) => socket.bound_device(),
            _ => 0,
        };
        let device = match output {
            Some(output) if bound == 0 => output.index(),
            _ => bound,
        };
        self.0.branded(net, |namespace, packet, sender| {
            f(Resolved {
                namespace,
                packet,
                by,
                agrees,
                orientation: Outward { device, sender },
            })
        })
    }
}

/// The packet comes from the local end.
pub(crate) struct Outward<'n> {
    /// The device that the socket is bound to, or that the packet leaves by.
    device: c_int,
    /// The socket that transmits the packet.
    pub(crate) sender: Option<&'n Common>,
}

impl Orient for Outward<'_> {
    #[inline(always)]
    fn header<F: Family>(
        &self,
        packet: &Packet<'_>,
        offset: u32,
        _: Namespace<'_>,
    ) -> Result<Header<F>, Stop> {
        F::header(packet, offset).ok_or(Stop::Unparsed)
    }

    /// The sender's entry in the table, if it has one, is under the tuple by which an answer would
    /// be looked up; not so where the header has other addresses than the socket (source routes) or
    /// ports (tunnels).
    #[inline(always)]
    fn orient<F: Family>(
        &self,
        header: &Header<F>,
        source: Port,
        destination: Port,
    ) -> (Tuple<F>, bool) {
        let tuple = Tuple {
            local: header.source,
            local_port: source,
            remote: header.destination,
            remote_port: destination,
            device: self.device,
            slave: 0,
        };
        (tuple, false)
    }

    /// An error that is transmitted is about a packet of the other end.
    fn orient_quoted<F: Family>(&self, _: &Header<F>, _: Port, _: Port) -> Option<Tuple<F>> {
        None
    }

    fn orient_raw<F: Family>(&self, header: &Header<F>) -> RawKey<F> {
        RawKey {
            protocol: header.protocol,
            local: header.source,
            remote: header.destination,
            device: self.device,
            slave: 0,
        }
    }

    #[inline(always)]
    fn device(&self) -> Option<&Device> {
        None
    }

    fn received_on(&self) -> Option<c_int> {
        None
    }
}
