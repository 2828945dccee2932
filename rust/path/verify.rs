// SPDX-License-Identifier: GPL-2.0

//! Mode `verify`: as `observe`, and what was found is compared with what the kernel knows itself.
//!
//! On receive that is the socket that early demultiplexing has given the packet; on transmit the
//! sender, which is in the table of connections under the packet's own tuple. That the namespace is
//! the hook's is checked in every mode.

use super::observe::Observed;
use crate::{
    account::{Dispute, Event, Protocol, Side},
    dispute::Disputed,
    instance::Instance,
    mux::Finding,
    net::{
        delivery::Borne,
        inet::{Family, Tuple},
        socket::Common,
    },
    resolve::{Inward, Outward, Resolved},
    table::{Answer, Outcome},
};

/// Compares what was found for a received packet. Any context.
#[inline(always)]
pub(super) fn received<F: Observed>(
    instance: &Instance,
    side: &Side<'_>,
    resolved: &Resolved<'_, Inward<'_>>,
    finding: &Finding<'_, F>,
) {
    if let Borne::Chosen(kernel) = resolved.orientation.delivery.borne() {
        compare(instance, side, Dispute::EarlyDemux, kernel, finding);
    }
}

/// Compares what was found for a transmitted packet. Any context.
#[inline(always)]
pub(super) fn transmitted<F: Observed>(
    instance: &Instance,
    side: &Side<'_>,
    resolved: &Resolved<'_, Outward<'_>>,
    finding: &Finding<'_, F>,
) {
    let Some(sender) = resolved.orientation.sender else {
        return;
    };
    // What is no full socket is of TCP: a request that is answered, or what is left of a connection.
    if sender.as_full().is_none_or(|it| it.is_tcp()) {
        compare(instance, side, Dispute::Sender, sender, finding);
    }
}

#[cold]
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
