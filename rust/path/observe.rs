// SPDX-License-Identifier: GPL-2.0

//! Mode `observe`: both levels run, what they give is counted and traced, and nothing is changed.

use crate::{
    account::{Account, Event, Protocol, Side},
    mux::{self, Finding, Ports},
    net::{
        inet::{Family, V4, V6},
        socket::Common,
        trace,
    },
    resolve::{Resolve, Resolved},
    table::Answer,
};

/// A family whose packets can be told apart in the account.
pub(crate) trait Observed: Family {
    /// TCP of this family.
    const TCP: Protocol;
    /// UDP of this family.
    const UDP: Protocol;
}

impl Observed for V4 {
    const TCP: Protocol = Protocol::Tcp;
    const UDP: Protocol = Protocol::Udp;
}

impl Observed for V6 {
    const TCP: Protocol = Protocol::Tcp6;
    const UDP: Protocol = Protocol::Udp6;
}

/// Finds out whose a packet is, and tells. Any context.
#[inline(always)]
pub(crate) fn observe<F: Observed, P: Resolve>(account: &Account, packet: P) {
    let Some(side) = account.side(P::DIRECTION) else {
        return;
    };
    packet.resolve(|resolved| {
        side.count(Event::Resolved(resolved.by));
        if !resolved.agrees {
            side.count(Event::Disagreement);
        }
        match &mux::find::<F, _>(&resolved) {
            Finding::Tcp(ports, answer) => tell(&side, &resolved, F::TCP, ports, answer),
            Finding::Udp(ports, answer) => tell(&side, &resolved, F::UDP, ports, answer),
            Finding::NoTable => side.count(Event::NoTable),
            Finding::LaterFragment => side.count(Event::LaterFragment),
            Finding::Unparsed => side.count(Event::Unparsed),
        }
    });
}

#[inline(always)]
fn tell<O>(
    side: &Side<'_>,
    resolved: &Resolved<'_, O>,
    protocol: Protocol,
    ports: &Ports,
    answer: &impl Answer,
) {
    let outcome = answer.outcome();
    side.count(Event::Lookup(protocol, outcome));
    trace::lookup(|| trace::Lookup {
        namespace: resolved.namespace.object().cookie(),
        direction: side.direction() as u8,
        by: resolved.by as u8,
        protocol: protocol as u8,
        outcome: outcome as u8,
        socket: answer.socket().map_or(0, Common::cookie),
        source_port: ports.source.number(),
        destination_port: ports.destination.number(),
    });
}
