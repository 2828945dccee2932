// SPDX-License-Identifier: GPL-2.0

//! Mode `verify`: as `observe`, and a socket at hand whose ends are the packet's is looked up too, and
//! compared.
//!
//! It is the only mode that asks a table for what is known. On receive the socket at hand is the one that
//! the packet bears, on transmit the sender. Either is in its table under the packet's own tuple if it has
//! a peer; a listener, a socket of UDP without a peer, and what TPROXY or a BPF program has chosen for
//! another tuple, are not compared. That the namespace is the hook's is checked in every mode.

use super::observe::Observed;
use crate::{
    account::{Dispute, Event, Protocol},
    dispute::Disputed,
    instance::Instance,
    mode::Mode,
    mux::{
        self,
        at_hand::{self, Sent},
        Finding, Form,
    },
    net::{
        inet::Tuple,
        netfilter::{Accept, Outgoing, Received, Transmitted},
        socket::SockCommon,
    },
    resolve::{Direction, Resolved},
    table::{Answer, Outcome},
};

/// Compares what a received packet of TCP or UDP bears, if that is the mode. Any context.
#[inline(always)]
pub(super) fn borne<F: Observed>(instance: &Instance, received: Received<'_, F>) -> Accept {
    match instance.mode() {
        Mode::Verify => compare_borne(instance, received),
        Mode::Off | Mode::Observe | Mode::Steer => Accept::packet(),
    }
}

#[inline(never)]
fn compare_borne<F: Observed>(instance: &Instance, received: Received<'_, F>) -> Accept {
    if let Some(kernel) = received.own_socket() {
        compare(
            instance,
            Direction::Receive,
            Dispute::EarlyDemux,
            kernel,
            &received,
        );
    }
    Accept::packet()
}

/// Compares who transmits a packet, where it is the socket that the hook's state names. Any context.
#[inline(never)]
pub(super) fn named<F: Observed>(instance: &Instance, packet: Outgoing<'_, F>) -> Accept {
    packet.resolve(|transmitted, _| compare_sender(instance, &transmitted, transmitted.named()));
    Accept::packet()
}

/// Compares who transmits a packet, whoever it is, which is found out anew. Any context.
#[cold]
#[inline(never)]
pub(super) fn transmitted<F: Observed>(instance: &Instance, packet: Outgoing<'_, F>) -> Accept {
    packet.resolve(|transmitted, _| {
        if let Sent::By(sender) = at_hand::sent(transmitted) {
            compare_sender(instance, &transmitted, sender.socket);
        }
    });
    Accept::packet()
}

#[inline(never)]
fn compare_sender<F: Observed>(
    instance: &Instance,
    transmitted: &Transmitted<'_, F>,
    sender: Option<&SockCommon>,
) {
    if let Some(kernel) = sender {
        compare(
            instance,
            Direction::Transmit,
            Dispute::Sender,
            kernel,
            transmitted,
        );
    }
}

/// Looks a packet up, and compares with the socket at hand.
fn compare<'n, F: Observed>(
    instance: &Instance,
    direction: Direction,
    dispute: Dispute,
    kernel: &SockCommon,
    resolved: &impl Resolved<'n, F>,
) {
    let form = mux::form(resolved);
    let Form::Ports(header, ports) = &form else {
        return;
    };
    // Only what has a connection with the packet's own ends is an answer to the same question. NAT
    // and source routes change the packet after the socket was found, and TPROXY and BPF programs
    // choose whom they like. This spares a lookup; whoever differs is asked again afterwards.
    if !F::are_ends(kernel, &resolved.tuple(header, *ports).0) {
        return;
    }
    let settle = Settle {
        instance,
        direction,
        dispute,
        kernel,
    };
    match mux::find(resolved, form) {
        Finding::Tcp(tuple, answer) => settle.with(F::TCP, &tuple, &answer),
        Finding::Udp(tuple, answer) => settle.with(F::UDP, &tuple, &answer),
        _ => {}
    }
}

/// What an answer is compared with.
struct Settle<'a> {
    instance: &'a Instance,
    direction: Direction,
    dispute: Dispute,
    kernel: &'a SockCommon,
}

impl Settle<'_> {
    #[inline(always)]
    fn with<F: Observed>(&self, protocol: Protocol, tuple: &Tuple<F>, answer: &impl Answer) {
        let found = answer.socket();
        if found.is_some_and(|found| core::ptr::eq(found, self.kernel)) {
            return;
        }
        // What has left the table, or was connected elsewhere, since the kernel found it cannot be
        // found. A datagram socket stays where it is while `connect()` changes its peer.
        if !self.kernel.is_hashed() || !F::are_ends(self.kernel, tuple) {
            return;
        }
        // No answer of its own: the kernel chooses by the packet, or delivers to each.
        if matches!(answer.outcome(), Outcome::Ambiguous | Outcome::Multiple) {
            return;
        }
        self.differs(protocol, tuple, found);
    }

    #[cold]
    #[inline(never)]
    fn differs<F: Observed>(
        &self,
        protocol: Protocol,
        tuple: &Tuple<F>,
        found: Option<&SockCommon>,
    ) {
        let Some(side) = self.instance.account().side(self.direction) else {
            return;
        };
        // Early demultiplexing and the table for sockets with a peer are gone through in another
        // order.
        let is_udp = protocol == F::UDP;
        if is_udp && found.is_some_and(|found| F::are_ends(found, tuple)) {
            side.count(Event::Twin);
            return;
        }
        side.count(Event::Dispute(self.dispute));
        let Some(dispute) = self.instance.dispute() else {
            return;
        };
        dispute.note(|| Disputed {
            with: self.dispute,
            protocol,
            local: (F::any_family(&tuple.local), tuple.local_port),
            remote: (F::any_family(&tuple.remote), tuple.remote_port),
            found: found.map_or(0, SockCommon::cookie),
            kernel: self.kernel.cookie(),
        });
    }
}
