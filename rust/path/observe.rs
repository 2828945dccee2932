// SPDX-License-Identifier: GPL-2.0

//! Mode `observe`: both levels run, what they give is counted and traced, and nothing is changed.

use crate::{
    account::{Account, Event, Protocol},
    mux::{self, Finding, Ports},
    net::{
        inet::{Family, V4, V6},
        namespace::Namespace,
        socket::Common,
        trace,
    },
    resolve::{Direction, Resolve, ResolvedBy},
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
    packet.resolve(|resolved| {
        account.count(P::DIRECTION, Event::Resolved(resolved.by));
        if !resolved.agrees {
            account.count(P::DIRECTION, Event::Disagreement);
        }
        let finding = mux::find::<F, _>(&resolved);
        let observation = Observation {
            account,
            direction: P::DIRECTION,
            by: resolved.by,
            namespace: resolved.namespace,
        };
        match &finding {
            Finding::Tcp(ports, answer) => observation.tell(F::TCP, ports, answer),
            Finding::Udp(ports, answer) => observation.tell(F::UDP, ports, answer),
            Finding::NoTable => account.count(P::DIRECTION, Event::NoTable),
            Finding::LaterFragment => account.count(P::DIRECTION, Event::LaterFragment),
            Finding::Unparsed => account.count(P::DIRECTION, Event::Unparsed),
        }
    });
}

struct Observation<'a, 'n> {
    account: &'a Account,
    direction: Direction,
    by: ResolvedBy,
    namespace: Namespace<'n>,
}

impl Observation<'_, '_> {
    #[inline(always)]
    fn tell(&self, protocol: Protocol, ports: &Ports, answer: &impl Answer) {
        let outcome = answer.outcome();
        self.account
            .count(self.direction, Event::Lookup(protocol, outcome));
        trace::lookup(|| trace::Lookup {
            namespace: self.namespace.object().cookie(),
            direction: self.direction as u8,
            by: self.by as u8,
            protocol: protocol as u8,
            outcome: outcome as u8,
            socket: answer.socket().map_or(0, Common::cookie),
            source_port: ports.source.number(),
            destination_port: ports.destination.number(),
        });
    }
}
