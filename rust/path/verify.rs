// SPDX-License-Identifier: GPL-2.0

//! Mode `verify`: as `observe`, and what was found is compared with what the kernel knows itself.
//!
//! On receive that is the socket that early demultiplexing has given the packet; on transmit the
//! sender, which is in the table of connections under the packet's own tuple. That the namespace is
//! the hook's is checked in every mode.

use super::observe::{count_resolved, look_up, Observed};
use crate::{
    account::{Dispute, Event, Protocol, Side},
    dispute::Disputed,
    instance::Instance,
    mux::Finding,
    net::{
        delivery::Borne,
        inet::{Family, Tuple},
        netfilter::{Incoming, Outgoing},
        socket::Common,
    },
    resolve::{Direction, Received, Resolve, Transmitted},
    table::{Answer, Outcome},
};

/// Finds out whose a received packet is, tells, and compares. Any context.
#[inline(always)]
pub(super) fn verify_received<F: Observed>(instance: &Instance, packet: Incoming<'_, F>) {
    let Some(side) = instance.account().side(Direction::Receive) else {
        return;
    };
    Received::new(packet).resolve(|resolved| {
        count_resolved::<F, _>(&side, &resolved);
        let (finding, _) = look_up::<F, _>(instance, &side, &resolved);
        let Borne::Chosen(kernel) = resolved.orientation.delivery.borne() else {
            return;
        };
        compare(instance, &side, Dispute::EarlyDemux, kernel, &finding);
    });
}

/// Finds out whose a transmitted packet is, tells, and compares. Any context.
#[inline(always)]
pub(super) fn verify_transmitted<F: Observed>(instance: &Instance, packet: Outgoing<'_>) {
    let Some(side) = instance.account().side(Direction::Transmit) else {
        return;
    };
    Transmitted::new(packet).resolve(|resolved| {
        count_resolved::<F, _>(&side, &resolved);
        let (finding, _) = look_up::<F, _>(instance, &side, &resolved);
        let Some(sender) = resolved.orientation.sender else {
            return;
        };
        if sender.as_full().is_some_and(|it| it.is_tcp_connection()) {
            compare(instance, &side, Dispute::Sender, sender, &finding);
        }
    });
}

fn compare<F: Observed>(
    instance: &Instance,
    side: &Side<'_>,
    dispute: Dispute,
    kernel: &Common,
    finding: &Finding<'_, F>,
) {
    match finding {
        Finding::Tcp(tuple, answer) => {
            settle(instance, side, dispute, kernel, F::TCP, tuple, answer);
        }
        Finding::Udp(tuple, answer) => {
            settle(instance, side, dispute, kernel, F::UDP, tuple, answer);
        }
        _ => {}
    }
}

fn settle<F: Family>(
    instance: &Instance,
    side: &Side<'_>,
    dispute: Dispute,
    kernel: &Common,
    protocol: Protocol,
    tuple: &Tuple<F>,
    answer: &impl Answer,
) {
    // Only what has a connection with the packet's own ends is an answer to the same question. NAT
    // and source routes change the packet after the socket was found, TPROXY and BPF programs
    // choose whom they like, and a connection may have ended a moment ago.
    let is_connected = kernel.as_full().is_some_and(|socket| socket.is_connected());
    if !is_connected || !F::are_ends(kernel, tuple) {
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
    side.count(Event::Dispute(dispute));
    instance.dispute().note(|| Disputed {
        with: dispute,
        protocol,
        local: (F::any_family(&tuple.local), tuple.local_port),
        remote: (F::any_family(&tuple.remote), tuple.remote_port),
        found: found.map_or(0, Common::cookie),
        kernel: kernel.cookie(),
    });
}
