// SPDX-License-Identifier: GPL-2.0

//! Mode `verify`: as `observe`, and the tables are asked always and compared with the socket at hand.
//!
//! It is the only mode that looks twice. On receive the socket at hand is the one that the packet bears,
//! on transmit the sender, which is in its table under the packet's own tuple if it has a peer. That the
//! namespace is the hook's is checked in every mode.

use super::{
    observe::{self, Observed},
    receive::{Form, Mode},
};
use crate::{
    account::{Dispute, Event, Protocol, Side},
    dispute::Disputed,
    instance::Instance,
    mux::{self, at_hand::AtHand, Finding},
    net::{
        inet::Tuple,
        netfilter::{Received, Resolution, Transmitted},
        socket::SockCommon,
    },
    resolve::Resolved,
    table::{tcp::TcpAnswer, udp::UdpAnswer, Answer, Outcome},
};

/// Mode `verify`.
pub(super) struct Verify;

impl Mode for Verify {
    fn borne<F: Observed>(
        instance: &Instance,
        side: Side<'_>,
        received: &Received<'_, F>,
        given: &AtHand<'_>,
    ) {
        if let Some(kernel) = given.socket {
            compare(instance, side, Dispute::EarlyDemux, kernel, received);
        }
    }

    /// There is nothing to compare with: the stack is about to ask the same tables.
    #[inline(always)]
    fn tcp<'n, F: Observed>(_: Side<'_>, _: Received<'n, F>, _: TcpAnswer<'n>, _: Form) {}

    /// As above.
    #[inline(always)]
    fn udp<'n, F: Observed>(_: Side<'_>, _: Received<'n, F>, _: UdpAnswer<'n>, _: Form) {}
}

/// Tells who transmits a packet, and compares. Any context.
pub(super) fn transmitted<F: Observed>(
    instance: &Instance,
    side: Side<'_>,
    transmitted: Transmitted<'_, F>,
    resolution: Resolution,
) {
    let sender = observe::transmitted(side, transmitted, resolution);
    if let Some(kernel) = sender.and_then(|sender| sender.socket) {
        compare(instance, side, Dispute::Sender, kernel, &transmitted);
    }
}

/// Looks a packet up, and compares with the socket at hand.
#[inline(never)]
fn compare<'n, F: Observed>(
    instance: &Instance,
    side: Side<'_>,
    dispute: Dispute,
    kernel: &SockCommon,
    resolved: &impl Resolved<'n, F>,
) {
    match mux::find(resolved, mux::form(resolved)) {
        Finding::Tcp(tuple, answer) => {
            settle(instance, side, dispute, kernel, F::TCP, &tuple, &answer);
        }
        Finding::Udp(tuple, answer) => {
            settle(instance, side, dispute, kernel, F::UDP, &tuple, &answer);
        }
        _ => {}
    }
}

fn settle<F: Observed>(
    instance: &Instance,
    side: Side<'_>,
    dispute: Dispute,
    kernel: &SockCommon,
    protocol: Protocol,
    tuple: &Tuple<F>,
    answer: &impl Answer,
) {
    // Only what has a connection with the packet's own ends is an answer to the same question. NAT
    // and source routes change the packet after the socket was found, and TPROXY and BPF programs
    // choose whom they like. What has left the table since the kernel found it cannot be found.
    if !kernel.is_hashed() || !F::are_ends(kernel, tuple) {
        return;
    }
    let found = answer.socket();
    if found.is_some_and(|found| core::ptr::eq(found, kernel)) {
        return;
    }
    // No answer of its own: the kernel chooses by the packet, or delivers to each.
    if matches!(answer.outcome(), Outcome::Ambiguous | Outcome::Multiple) {
        return;
    }
    // Early demultiplexing and the table for sockets with a peer are gone through in another order.
    let is_udp = protocol == F::UDP;
    if is_udp && found.is_some_and(|found| F::are_ends(found, tuple)) {
        side.count(Event::Twin);
        return;
    }
    side.count(Event::Dispute(dispute));
    instance.dispute().note(|| Disputed {
        with: dispute,
        protocol,
        local: (F::any_family(&tuple.local), tuple.local_port),
        remote: (F::any_family(&tuple.remote), tuple.remote_port),
        found: found.map_or(0, SockCommon::cookie),
        kernel: kernel.cookie(),
    });
}
