// SPDX-License-Identifier: GPL-2.0

//! Packets that have not the common form: fragments, those with options or extension headers, those of
//! other protocols, what lies in pages of its own, and what nobody can make sense of; transmitted
//! ones that no connection and no UDP socket sends; what is not resolved as most are; and all that
//! somebody traces.

use super::{
    observe::{count_on_device, note_miss, tell_borne, tell_found, tell_sender, Observed, Told},
    steer, verify,
};
use crate::{
    account::{device::Seen, Event, Side},
    instance::Instance,
    mode::Mode,
    mux::{
        self,
        at_hand::{self, GivenBy, Sent},
        Finding, Form, Quoted,
    },
    net::{
        inet::{Fragment, Stop},
        netfilter::{Accept, Outgoing, Received, Resolution, Transmitted},
        packet_socket::PacketSocket,
    },
    resolve::{Direction, ResolvedBy},
    table::Answer,
};

/// A packet that was not resolved as most are, or that somebody traces. Any context.
#[cold]
#[inline(never)]
pub(super) fn unusual<F: Observed>(
    instance: &Instance,
    received: Received<'_, F>,
    resolution: Resolution,
) -> Accept {
    if let Some(side) = instance.account().side(Direction::Receive) {
        if resolution.by != ResolvedBy::Device {
            side.count(Event::Resolved(resolution.by));
        }
        if !resolution.agrees {
            side.count(Event::Disagreement);
        }
        if PacketSocket::exist(received.namespace) && mux::is_tapped(&received) {
            side.count(Event::Tapped);
        }
    }
    self::received(instance, received, resolution)
}

/// Finds the socket of a received packet, and tells of it. Any context.
#[cold]
#[inline(never)]
pub(super) fn received<F: Observed>(
    instance: &Instance,
    received: Received<'_, F>,
    resolution: Resolution,
) -> Accept {
    let Some(side) = instance.account().side(Direction::Receive) else {
        return Accept::packet();
    };
    let form = mux::form(&received);
    let mut looks = steer::Form::Uncommon;
    if let Form::Ports(header, ports) = &form {
        let borne = match header.fragment {
            Fragment::Whole => at_hand::borne(&received, header.protocol),
            // The stack takes it from a fragment (`ip6_frag_queue()`), and looks the whole packet up.
            Fragment::First | Fragment::Later => None,
        };
        if let Some((given, by)) = borne {
            let told = Told::of(resolution, F::of(given.of), given.outcome);
            tell_borne(instance, side, &received, told, *ports, &given, by);
            return match by {
                GivenBy::EarlyDemux => verify::borne(instance, received),
                // A choice is no answer to the question that a table is asked.
                GivenBy::Choice => Accept::packet(),
            };
        }
        if !resolution.agrees {
            looks = steer::Form::Elsewhere;
        } else if header.fragment == Fragment::Whole && !header.is_extended {
            looks = steer::Form::Common;
        }
    }
    let finding = find(instance, side, &received, resolution, form);
    if instance.mode() != Mode::Steer {
        return Accept::packet();
    }
    match finding {
        Finding::Tcp(_, answer) => steer::tcp(instance, received, answer, looks),
        Finding::Udp(_, answer) => steer::udp(instance, received, answer, looks),
        _ => Accept::packet(),
    }
}

/// Looks a received packet up, and tells of it.
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
    let told = Told::of(resolution, protocol, outcome);
    tell_found(instance, side, received, told, tuple, socket);
    // Counted before it is noted: who is told of it is told how many there were.
    if let (Finding::Tcp(..) | Finding::Udp(..), Some(tuple)) = (&finding, tuple) {
        note_miss(instance, protocol, tuple, outcome);
    }
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

/// A packet that does not come from where most come, or that somebody traces. Any context.
#[cold]
#[inline(never)]
pub(super) fn transmitted<F: Observed>(instance: &Instance, packet: Outgoing<'_, F>) -> Accept {
    let Some(side) = instance.account().side(Direction::Transmit) else {
        return Accept::packet();
    };
    packet.resolve(|transmitted, resolution| tell_transmitted(side, transmitted, resolution));
    match instance.mode() {
        Mode::Verify => verify::transmitted(instance, packet),
        Mode::Off | Mode::Observe | Mode::Steer => Accept::packet(),
    }
}

/// Tells who transmits a packet.
fn tell_transmitted<F: Observed>(
    side: Side<'_>,
    transmitted: Transmitted<'_, F>,
    resolution: Resolution,
) {
    if resolution.by != ResolvedBy::Socket {
        side.count(Event::Resolved(resolution.by));
    }
    if !resolution.agrees {
        side.count(Event::Disagreement);
    }
    let event = match at_hand::sent(transmitted) {
        Sent::By(sender) => {
            let told = Told::of(resolution, F::of(sender.of), sender.outcome);
            return tell_sender(side, transmitted, told, sender.socket);
        }
        Sent::NoTable => Event::NoTable,
        Sent::LaterFragment => Event::LaterFragment,
        Sent::Unparsed => Event::Unparsed,
    };
    side.count(event);
}
