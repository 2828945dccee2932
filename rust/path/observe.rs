// SPDX-License-Identifier: GPL-2.0

//! Mode `observe`: both levels run, what they give is counted and traced, and nothing is changed.

use crate::{
    account::{Event, Protocol, Side},
    instance::Instance,
    mux::{self, Finding},
    net::{
        inet::{Family, Tuple, V4, V6},
        socket::Common,
        trace,
    },
    resolve::{Direction, Resolve, Resolved},
    table::{Answer, Outcome},
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
pub(crate) fn observe<F: Observed, P: Resolve>(instance: &Instance, packet: P) {
    let Some(side) = instance.account().side(P::DIRECTION) else {
        return;
    };
    packet.resolve(|resolved| {
        side.count(Event::Resolved(resolved.by));
        if !resolved.agrees {
            side.count(Event::Disagreement);
        }
        match &mux::find::<F, _>(&resolved) {
            Finding::Tcp(tuple, answer) => {
                tell(instance, &side, &resolved, F::TCP, tuple, answer);
            }
            Finding::Udp(tuple, answer) => {
                tell(instance, &side, &resolved, F::UDP, tuple, answer);
            }
            Finding::NoTable => side.count(Event::NoTable),
            Finding::LaterFragment => side.count(Event::LaterFragment),
            Finding::Unparsed => side.count(Event::Unparsed),
        }
    });
}

#[inline(always)]
fn tell<F: Family, O>(
    instance: &Instance,
    side: &Side<'_>,
    resolved: &Resolved<'_, O>,
    protocol: Protocol,
    tuple: &Tuple<F>,
    answer: &impl Answer,
) {
    let outcome = answer.outcome();
    side.count(Event::Lookup(protocol, outcome));
    if outcome == Outcome::None {
        if let Direction::Receive = side.direction() {
            instance.miss().note(protocol, tuple);
        }
    }
    trace::lookup(|| {
        let (source_port, destination_port) = match side.direction() {
            Direction::Receive => (tuple.remote_port, tuple.local_port),
            Direction::Transmit => (tuple.local_port, tuple.remote_port),
        };
        trace::Lookup {
            namespace: resolved.namespace.object().cookie(),
            direction: side.direction() as u8,
            by: resolved.by as u8,
            protocol: protocol as u8,
            outcome: outcome as u8,
            socket: answer.socket().map_or(0, Common::cookie),
            source_port: source_port.number(),
            destination_port: destination_port.number(),
        }
    });
}
