// SPDX-License-Identifier: GPL-2.0

//! What every mode but `off` does with packets that are rare or traced: their socket is counted and
//! told of. Those of the common form are counted where they are seen.

use super::trace::Lookup;
use crate::{
    account::{device::Seen, Event, Protocol, Side},
    instance::Instance,
    mux::{
        self,
        at_hand::{AtHand, GivenBy, Of},
    },
    net::{
        inet::{Family, Port, Ports, Tuple, V4, V6},
        namespace::Namespace,
        netfilter::{Received, Resolution, Transmitted},
        socket::SockCommon,
    },
    resolve::ResolvedBy,
    table::Outcome,
};

/// A family whose packets can be told apart in the account.
pub(crate) trait Observed: Family {
    /// TCP of this family.
    const TCP: Protocol;
    /// UDP of this family.
    const UDP: Protocol;
    /// Raw sockets of this family.
    const RAW: Protocol;
    /// Errors of ICMP of this family.
    const ERROR: Protocol;

    /// The protocol of a socket at hand.
    #[inline(always)]
    fn of(of: Of) -> Protocol {
        match of {
            Of::Tcp => Self::TCP,
            Of::Udp => Self::UDP,
            Of::Raw => Self::RAW,
        }
    }
}

impl Observed for V4 {
    const TCP: Protocol = Protocol::Tcp;
    const UDP: Protocol = Protocol::Udp;
    const RAW: Protocol = Protocol::Raw;
    const ERROR: Protocol = Protocol::Error;
}

impl Observed for V6 {
    const TCP: Protocol = Protocol::Tcp6;
    const UDP: Protocol = Protocol::Udp6;
    const RAW: Protocol = Protocol::Raw6;
    const ERROR: Protocol = Protocol::Error6;
}

/// Tells of the socket that a received packet bears. Any context.
pub(super) fn tell_borne<F: Observed>(
    instance: &Instance,
    side: Side<'_>,
    received: &Received<'_, F>,
    told: Told,
    ports: Ports,
    given: &AtHand<'_>,
    by: GivenBy,
) {
    side.count(match by {
        GivenBy::EarlyDemux => Event::EarlyDemux,
        GivenBy::Choice => Event::Chosen,
    });
    let namespace = received.namespace;
    tell(side, namespace, told, given.socket, || Some(ports));
    count_on_device(instance, received, Seen::Found(given.outcome));
}

/// Notes a received packet of TCP or UDP that has no socket. Any context.
pub(super) fn note_miss<F: Observed>(
    instance: &Instance,
    protocol: Protocol,
    tuple: &Tuple<F>,
    outcome: Outcome,
) {
    if outcome == Outcome::None {
        instance.miss().note(protocol, tuple);
    }
}

/// Tells of what was found for a received packet. Any context.
pub(super) fn tell_found<F: Observed>(
    instance: &Instance,
    side: Side<'_>,
    received: &Received<'_, F>,
    told: Told,
    tuple: Option<&Tuple<F>>,
    socket: Option<&SockCommon>,
) {
    let ports = || {
        tuple.map(|tuple| Ports {
            source: tuple.remote_port,
            destination: tuple.local_port,
        })
    };
    tell(side, received.namespace, told, socket, ports);
    count_on_device(instance, received, Seen::Found(told.outcome));
}

/// Counts a received packet for its device. Any context.
#[inline(always)]
pub(super) fn count_on_device<F: Family>(
    instance: &Instance,
    received: &Received<'_, F>,
    seen: Seen,
) {
    let Some(device) = received.device() else {
        return;
    };
    let section = received.namespace.section();
    if let Some(account) = instance.devices().find(device, section) {
        account.count(seen);
    }
}

/// Tells of the socket that transmits a packet. Any context.
pub(super) fn tell_sender<F: Observed>(
    side: Side<'_>,
    transmitted: Transmitted<'_, F>,
    told: Told,
    sender: Option<&SockCommon>,
) {
    let ports = || match mux::form(&transmitted) {
        mux::Form::Ports(_, ports) => Some(ports),
        _ => None,
    };
    tell(side, transmitted.namespace, told, sender, ports);
}

/// What is counted and traced of a packet whose socket is known, or that has none.
#[derive(Clone, Copy)]
pub(super) struct Told {
    by: ResolvedBy,
    protocol: Protocol,
    outcome: Outcome,
}

impl Told {
    /// Puts together what is told.
    #[inline(always)]
    pub(super) fn of(resolution: Resolution, protocol: Protocol, outcome: Outcome) -> Self {
        Self {
            by: resolution.by,
            protocol,
            outcome,
        }
    }
}

fn tell(
    side: Side<'_>,
    namespace: Namespace<'_>,
    told: Told,
    socket: Option<&SockCommon>,
    ports: impl FnOnce() -> Option<Ports>,
) {
    side.count(Event::Lookup(told.protocol, told.outcome));
    if Lookup::is_listened_to() {
        trace_lookup(side, namespace, told, socket, ports());
    }
}

#[cold]
#[inline(never)]
fn trace_lookup(
    side: Side<'_>,
    namespace: Namespace<'_>,
    told: Told,
    socket: Option<&SockCommon>,
    ports: Option<Ports>,
) {
    let none = Port::from_number(0);
    let ports = ports.unwrap_or(Ports {
        source: none,
        destination: none,
    });
    Lookup {
        namespace: namespace.object().cookie(),
        direction: side.direction() as u8,
        by: told.by as u8,
        protocol: told.protocol as u8,
        outcome: told.outcome as u8,
        socket: socket.map_or(0, SockCommon::cookie),
        source_port: ports.source.number(),
        destination_port: ports.destination.number(),
    }
    .report();
}
