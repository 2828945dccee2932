// SPDX-License-Identifier: GPL-2.0

//! Packets of ARP, in both directions.
#![cfg(CONFIG_NETFILTER_FAMILY_ARP)]

use crate::{
    account::Event,
    instance::Instance,
    net::netfilter::{Arp, Hook, Incoming, Outgoing, Receive, Transmit},
    resolve::{self, Direction, ResolvedBy},
};

/// After the filter.
const PRIORITY: i32 = 200;

/// The hook of packets that were received.
pub(crate) const HOOK_RECEIVE: Hook<Instance> = Hook::arp_in::<Observe>(PRIORITY);
/// The hook of packets that are transmitted.
pub(crate) const HOOK_TRANSMIT: Hook<Instance> = Hook::arp_out::<Observe>(PRIORITY);

struct Observe;

impl Receive<Instance, Arp> for Observe {
    fn receive(instance: &Instance, packet: Incoming<'_, Arp>) {
        let resolved = resolve::resolve_received(&packet);
        count(instance, Direction::ArpReceive, resolved);
    }
}

impl Transmit<Instance, Arp> for Observe {
    fn transmit(instance: &Instance, packet: Outgoing<'_>) {
        let resolved = resolve::resolve_transmitted(&packet);
        count(instance, Direction::ArpTransmit, resolved);
    }
}

fn count(instance: &Instance, direction: Direction, (by, agrees): (ResolvedBy, bool)) {
    let Some(side) = instance.account().side(direction) else {
        return;
    };
    side.count(Event::Resolved(by));
    side.count(Event::NoTable);
    if !agrees {
        side.count(Event::Disagreement);
    }
}
