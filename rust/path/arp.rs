// SPDX-License-Identifier: GPL-2.0

//! Packets of ARP, in both directions: the kernel asks and answers itself, and no socket has a part in
//! it.
//!
//! The thread of 2006 names them as the weird case. The device knows the namespace in both directions.
//! What IPv6 has in place of ARP are packets like all others.
#![cfg(CONFIG_NETFILTER_FAMILY_ARP)]

use super::observe::Observe;
use crate::{
    account::Event,
    instance::Instance,
    net::netfilter::{Arp, Hook, Incoming, Outgoing, Receive, Resolution, Transmit},
    resolve::Direction,
};

/// After the filter.
const PRIORITY: i32 = 200;

/// The hook of packets that were received.
pub(crate) const HOOK_RECEIVE: Hook<Instance> = Hook::arp_in::<Observe>(PRIORITY);
/// The hook of packets that are transmitted.
pub(crate) const HOOK_TRANSMIT: Hook<Instance> = Hook::arp_out::<Observe>(PRIORITY);

impl Receive<Instance, Arp> for Observe {
    fn receive(instance: &Instance, packet: Incoming<'_, Arp>) {
        let resolution = packet.resolve(|_, resolution| resolution);
        count(instance, Direction::ArpReceive, resolution);
    }
}

impl Transmit<Instance, Arp> for Observe {
    fn transmit(instance: &Instance, packet: Outgoing<'_, Arp>) {
        let resolution = packet.resolve(|_, resolution| resolution);
        count(instance, Direction::ArpTransmit, resolution);
    }
}

fn count(instance: &Instance, direction: Direction, resolution: Resolution) {
    let Some(side) = instance.account().side(direction) else {
        return;
    };
    side.count(Event::Resolved(resolution.by));
    side.count(Event::NoTable);
    if !resolution.agrees {
        side.count(Event::Disagreement);
    }
}
