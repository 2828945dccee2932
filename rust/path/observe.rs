// SPDX-License-Identifier: GPL-2.0

//! What every mode but `off` does, and `observe` alone: a packet's socket is found, counted and traced,
//! and nothing is changed.
//!
//! A table is asked only when nobody knows yet: the socket that transmits a packet, or that a received
//! one bears, is at hand.

use crate::{
    account::{device::Seen, Event, Protocol, Side},
    instance::Instance,
    mux::{
        self,
        at_hand::{self, AtHand, GivenBy, Of, Sent},
        Finding, Form, Quoted,
    },
    net::{
        inet::{Family, Fragment, Header, Port, Ports, Stop, Tuple, V4, V6},
        netfilter::{Received, Transmitted},
        socket::Common,
        trace,
    },
    resolve::{Resolved, ResolvedBy},
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

/// A received packet that was looked up.
pub(super) struct LookedUp<'n, F: Family> {
    /// What was found.
    pub(super) finding: Finding<'n, F>,
    /// Whether the packet is all there, without fragments and extension headers.
    pub(super) is_plain: bool,
}

/// Finds the socket of a received packet and tells of it; gives what the tables said, if the packet did
/// not bear its socket. Any context.
#[inline(always)]
pub(super) fn received<'n, F: Observed>(
    instance: &Instance,
    side: &Side<'_>,
    received: &Received<'n, F>,
) -> Option<LookedUp<'n, F>> {
    let form = mux::form(received);
    let is_plain = match &form {
        Form::Ports(header, ports) => {
            if let Some((given, by)) = at_hand::borne(received, header) {
                tell_borne(instance, side, received, *ports, &given, by);
                return None;
            }
            is_plain(header)
        }
        _ => false,
    };
    let finding = mux::find(received, form);
    tell_found(instance, side, received, &finding);
    Some(LookedUp { finding, is_plain })
}

#[inline(always)]
fn is_plain<F: Family>(header: &Header<F>) -> bool {
    header.fragment == Fragment::Whole && !header.is_extended
}

/// Tells of the socket that a received packet bears. Any context.
#[inline(always)]
pub(super) fn tell_borne<F: Observed>(
    instance: &Instance,
    side: &Side<'_>,
    received: &Received<'_, F>,
    ports: Ports,
    given: &AtHand<'_>,
    by: GivenBy,
) {
    side.count(match by {
        GivenBy::EarlyDemux => Event::EarlyDemux,
        GivenBy::Choice => Event::Chosen,
    });
    let told = Told {
        by: received.by,
        protocol: F::of(given.of),
        outcome: given.outcome,
    };
    tell(side, received, told, given.socket, || Some(ports));
    count_on_device(instance, received, Seen::Found(given.outcome));
}

/// Tells of what the tables know of a received packet. Any context.
#[inline(always)]
fn tell_found<F: Observed>(
    instance: &Instance,
    side: &Side<'_>,
    received: &Received<'_, F>,
    finding: &Finding<'_, F>,
) {
    let seen = match finding {
        Finding::Tcp(tuple, answer) => {
            note_miss(instance, F::TCP, tuple, answer);
            tell_answer(side, received, F::TCP, Some(tuple), answer)
        }
        Finding::Udp(tuple, answer) => {
            note_miss(instance, F::UDP, tuple, answer);
            tell_answer(side, received, F::UDP, Some(tuple), answer)
        }
        Finding::Error(Quoted::Tcp(tuple, answer)) => {
            tell_answer(side, received, F::ERROR, Some(tuple), answer)
        }
        Finding::Error(Quoted::Udp(tuple, answer)) => {
            tell_answer(side, received, F::ERROR, Some(tuple), answer)
        }
        Finding::Error(Quoted::Raw(answer)) => tell_answer(side, received, F::ERROR, None, answer),
        Finding::Raw(answer) => tell_answer(side, received, F::RAW, None, answer),
        Finding::NoTable => {
            side.count(Event::NoTable);
            Seen::NoTable
        }
        Finding::LaterFragment => {
            side.count(Event::LaterFragment);
            Seen::LaterFragment
        }
        Finding::Stopped(stop) => tell_stop(side, *stop),
    };
    count_on_device(instance, received, seen);
}

#[cold]
fn tell_stop(side: &Side<'_>, stop: Stop) -> Seen {
    let (event, seen) = match stop {
        Stop::Unparsed => (Event::Unparsed, Seen::Unparsed),
        Stop::Routed => (Event::Routed, Seen::Routed),
        Stop::Dropped => (Event::Dropped, Seen::Dropped),
    };
    side.count(event);
    seen
}

#[inline(always)]
fn note_miss<F: Family>(
    instance: &Instance,
    protocol: Protocol,
    tuple: &Tuple<F>,
    answer: &impl Answer,
) {
    if answer.outcome() == Outcome::None {
        instance.miss().note(protocol, tuple);
    }
}

/// Counts a received packet for its device. Any context.
#[inline(always)]
fn count_on_device<F: Family>(instance: &Instance, received: &Received<'_, F>, seen: Seen) {
    let Some(device) = received.device() else {
        return;
    };
    let section = received.namespace.section();
    if let Some(account) = instance.devices().find(device, section) {
        account.count(seen);
    }
}

/// Tells who transmits a packet. Any context.
#[inline(always)]
pub(super) fn transmitted<'n, F: Observed>(
    side: &Side<'_>,
    transmitted: &Transmitted<'n, F>,
) -> Option<AtHand<'n>> {
    let event = match at_hand::sent(transmitted) {
        Sent::By(sender) => {
            let told = Told {
                by: transmitted.by,
                protocol: F::of(sender.of),
                outcome: sender.outcome,
            };
            tell(side, transmitted, told, sender.socket, || {
                match mux::form(transmitted) {
                    Form::Ports(_, ports) => Some(ports),
                    _ => None,
                }
            });
            return Some(sender);
        }
        Sent::NoTable => Event::NoTable,
        Sent::LaterFragment => Event::LaterFragment,
        Sent::Unparsed => Event::Unparsed,
    };
    side.count(event);
    None
}

/// What is counted and traced of a packet whose socket is known, or that has none.
struct Told {
    by: ResolvedBy,
    protocol: Protocol,
    outcome: Outcome,
}

#[inline(always)]
fn tell_answer<F: Observed>(
    side: &Side<'_>,
    received: &Received<'_, F>,
    protocol: Protocol,
    tuple: Option<&Tuple<F>>,
    answer: &impl Answer,
) -> Seen {
    let outcome = answer.outcome();
    let told = Told {
        by: received.by,
        protocol,
        outcome,
    };
    tell(side, received, told, answer.socket(), || {
        tuple.map(|tuple| Ports {
            source: tuple.remote_port,
            destination: tuple.local_port,
        })
    });
    Seen::Found(outcome)
}

#[inline(always)]
fn tell<'n, F: Family>(
    side: &Side<'_>,
    resolved: &impl Resolved<'n, F>,
    told: Told,
    socket: Option<&Common>,
    ports: impl FnOnce() -> Option<Ports>,
) {
    side.count(Event::Lookup(told.protocol, told.outcome));
    trace::lookup(|| {
        let none = Port::from_number(0);
        let ports = ports().unwrap_or(Ports {
            source: none,
            destination: none,
        });
        trace::Lookup {
            namespace: resolved.namespace().object().cookie(),
            direction: side.direction() as u8,
            by: told.by as u8,
            protocol: told.protocol as u8,
            outcome: told.outcome as u8,
            socket: socket.map_or(0, Common::cookie),
            source_port: ports.source.number(),
            destination_port: ports.destination.number(),
        }
    });
}
