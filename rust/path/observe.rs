// SPDX-License-Identifier: GPL-2.0

//! What every mode but `off` does, and `observe` alone: both levels run, what they give is counted and
//! traced, and nothing is changed.

use crate::{
    account::{device::Seen, Event, Protocol, Side},
    instance::Instance,
    mux::{self, Finding, Quoted},
    net::{
        inet::{Family, Port, Tuple, V4, V6},
        socket::Common,
        trace,
    },
    resolve::{Direction, Orient, Resolved},
    table::{Answer, Outcome},
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

/// Counts how a packet was resolved. Any context.
#[inline(always)]
pub(super) fn count_resolved<F: Family, O: Orient>(side: &Side<'_>, resolved: &Resolved<'_, O>) {
    side.count(Event::Resolved(resolved.by));
    if !resolved.agrees {
        side.count(Event::Disagreement);
    }
    if mux::is_tapped::<F, O>(resolved) {
        side.count(Event::Tapped);
    }
}

/// Looks a packet up and tells what was found; gives that, and whether the packet is whole and plain.
/// Any context.
#[inline(always)]
pub(super) fn look_up<'n, F: Observed, O: Orient>(
    instance: &Instance,
    side: &Side<'_>,
    resolved: &Resolved<'n, O>,
) -> (Finding<'n, F>, bool) {
    let (finding, is_plain) = mux::find::<F, O>(resolved);
    let seen = match &finding {
        Finding::Tcp(tuple, answer) => {
            note_miss(instance, side, F::TCP, tuple, answer);
            tell(side, resolved, F::TCP, Some(tuple), answer)
        }
        Finding::Udp(tuple, answer) => {
            note_miss(instance, side, F::UDP, tuple, answer);
            tell(side, resolved, F::UDP, Some(tuple), answer)
        }
        Finding::Error(Quoted::Tcp(tuple, answer)) => {
            tell(side, resolved, F::ERROR, Some(tuple), answer)
        }
        Finding::Error(Quoted::Udp(tuple, answer)) => {
            tell(side, resolved, F::ERROR, Some(tuple), answer)
        }
        Finding::Error(Quoted::Raw(answer)) => tell::<F, O>(side, resolved, F::ERROR, None, answer),
        Finding::Raw(answer) => tell::<F, O>(side, resolved, F::RAW, None, answer),
        Finding::NoTable => {
            side.count(Event::NoTable);
            Seen::NoTable
        }
        Finding::LaterFragment => {
            side.count(Event::LaterFragment);
            Seen::LaterFragment
        }
        Finding::Routed => {
            side.count(Event::Routed);
            Seen::Routed
        }
        Finding::Dropped => {
            side.count(Event::Dropped);
            Seen::Dropped
        }
        Finding::Unparsed => {
            side.count(Event::Unparsed);
            Seen::Unparsed
        }
    };
    count_on_device(instance, resolved, seen);
    (finding, is_plain)
}

#[inline(always)]
fn note_miss<F: Family>(
    instance: &Instance,
    side: &Side<'_>,
    protocol: Protocol,
    tuple: &Tuple<F>,
    answer: &impl Answer,
) {
    if answer.outcome() == Outcome::None {
        if let Direction::Receive = side.direction() {
            instance.miss().note(protocol, tuple);
        }
    }
}

/// Counts a received packet for its device. Any context.
#[inline(always)]
pub(super) fn count_on_device<O: Orient>(
    instance: &Instance,
    resolved: &Resolved<'_, O>,
    seen: Seen,
) {
    let Some(device) = resolved.orientation.device() else {
        return;
    };
    let section = resolved.namespace.section();
    if let Some(account) = instance.devices().find(device, section) {
        account.count(seen);
    }
}

#[inline(always)]
fn tell<F: Family, O>(
    side: &Side<'_>,
    resolved: &Resolved<'_, O>,
    protocol: Protocol,
    tuple: Option<&Tuple<F>>,
    answer: &impl Answer,
) -> Seen {
    let outcome = answer.outcome();
    side.count(Event::Lookup(protocol, outcome));
    trace::lookup(|| {
        let none = Port::from_number(0);
        let (source_port, destination_port) = match (tuple, side.direction()) {
            (None, _) => (none, none),
            (Some(tuple), Direction::Receive) => (tuple.remote_port, tuple.local_port),
            (Some(tuple), _) => (tuple.local_port, tuple.remote_port),
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
    Seen::Found(outcome)
}
