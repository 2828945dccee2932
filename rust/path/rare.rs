// SPDX-License-Identifier: GPL-2.0

//! Packets that have not the common form: fragments, those with options or extension headers, those of
//! other protocols, what lies in pages of its own, and what nobody can make sense of; and transmitted
//! ones that no connection and no UDP socket sends.

use super::{
    observe::{count_on_device, note_miss, tell_borne, tell_found, tell_sender, Observed, Told},
    receive::{self, Mode},
};
use crate::{
    account::{device::Seen, Event, Side},
    instance::Instance,
    mux::{
        self,
        at_hand::{self, AtHand, Sent},
        Finding, Form, Quoted,
    },
    net::{
        inet::{Fragment, Stop},
        netfilter::{Received, Resolution, Transmitted},
    },
    resolve::ResolvedBy,
    table::Answer,
};

/// A packet whose namespace was not found as that of most is, or not agreed on. Any context.
#[cold]
#[inline(never)]
pub(super) fn received<F: Observed, M: Mode>(
    instance: &Instance,
    side: Side<'_>,
    received: Received<'_, F>,
    resolution: Resolution,
) {
    if resolution.by != ResolvedBy::Device {
        side.count(Event::Resolved(resolution.by));
    }
    if !resolution.agrees {
        side.count(Event::Disagreement);
    }
    if mux::is_tapped(&received) {
        side.count(Event::Tapped);
    }
    uncommon::<F, M>(instance, side, received, resolution);
}

/// Finds the socket of a received packet, and tells of it. Any context.
#[cold]
#[inline(never)]
pub(super) fn uncommon<F: Observed, M: Mode>(
    instance: &Instance,
    side: Side<'_>,
    received: Received<'_, F>,
    resolution: Resolution,
) {
    let form = mux::form(&received);
    let mut looks = receive::Form::Uncommon;
    if let Form::Ports(header, ports) = &form {
        if let Some((given, by)) = at_hand::borne(&received, header.protocol) {
            let told = Told::of(resolution, F::of(given.of), given.outcome);
            tell_borne(instance, side, &received, told, *ports, &given, by);
            return M::borne(instance, side, &received, &given);
        }
        if !resolution.agrees {
            looks = receive::Form::Elsewhere;
        } else if header.fragment == Fragment::Whole && !header.is_extended {
            looks = receive::Form::Common;
        }
    }
    match find(instance, side, &received, resolution, form) {
        Finding::Tcp(_, answer) => M::tcp(side, received, answer, looks),
        Finding::Udp(_, answer) => M::udp(side, received, answer, looks),
        _ => {}
    }
}

/// Looks a received packet up, and tells of it.
#[inline(never)]
fn find<'n, F: Observed>(
    instance: &Instance,
    side: Side<'_>,
    received: &Received<'n, F>,
    resolution: Resolution,
    form: Form<F>,
) -> Finding<'n, F> {
    let finding = mux::find(received, form);
    let (protocol, tuple, outcome, socket) = match &finding {
        Finding::Tcp(tuple, it) => (F::TCP, Some(tuple), it.outcome(), it.socket()),
        Finding::Udp(tuple, it) => (F::UDP, Some(tuple), it.outcome(), it.socket()),
        Finding::Error(Quoted::Tcp(tuple, it)) => {
            (F::ERROR, Some(tuple), it.outcome(), it.socket())
        }
        Finding::Error(Quoted::Udp(tuple, it)) => {
            (F::ERROR, Some(tuple), it.outcome(), it.socket())
        }
        Finding::Error(Quoted::Raw(it)) => (F::ERROR, None, it.outcome(), it.socket()),
        Finding::Raw(it) => (F::RAW, None, it.outcome(), it.socket()),
        Finding::NoTable => {
            tell_end(instance, side, received, Event::NoTable, Seen::NoTable);
            return finding;
        }
        Finding::LaterFragment => {
            let (event, seen) = (Event::LaterFragment, Seen::LaterFragment);
            tell_end(instance, side, received, event, seen);
            return finding;
        }
        Finding::Stopped(stop) => {
            let (event, seen) = match stop {
                Stop::Unparsed => (Event::Unparsed, Seen::Unparsed),
                Stop::Routed => (Event::Routed, Seen::Routed),
                Stop::Dropped => (Event::Dropped, Seen::Dropped),
            };
            tell_end(instance, side, received, event, seen);
            return finding;
        }
    };
    if let (Finding::Tcp(..) | Finding::Udp(..), Some(tuple)) = (&finding, tuple) {
        note_miss(instance, protocol, tuple, outcome);
    }
    let told = Told::of(resolution, protocol, outcome);
    tell_found(instance, side, received, told, tuple, socket);
    finding
}

/// Tells of a packet that is looked up nowhere.
fn tell_end<F: Observed>(
    instance: &Instance,
    side: Side<'_>,
    received: &Received<'_, F>,
    event: Event,
    seen: Seen,
) {
    side.count(event);
    count_on_device(instance, received, seen);
}

/// Tells who transmits a packet that does not come from where most come; gives that, if somebody does.
/// Any context.
#[cold]
#[inline(never)]
pub(super) fn transmitted<'n, F: Observed>(
    side: Side<'_>,
    transmitted: Transmitted<'n, F>,
    resolution: Resolution,
) -> Option<AtHand<'n>> {
    if resolution.by != ResolvedBy::Socket {
        side.count(Event::Resolved(resolution.by));
    }
    if !resolution.agrees {
        side.count(Event::Disagreement);
    }
    let event = match at_hand::sent(transmitted) {
        Sent::By(sender) => {
            let told = Told::of(resolution, F::of(sender.of), sender.outcome);
            tell_sender(side, transmitted, told, sender.socket);
            return Some(sender);
        }
        Sent::NoTable => Event::NoTable,
        Sent::LaterFragment => Event::LaterFragment,
        Sent::Unparsed => Event::Unparsed,
    };
    side.count(event);
    None
}
