// SPDX-License-Identifier: GPL-2.0

//! Packets of ARP, in both directions: the kernel asks and answers itself, and no socket has a part in
//! it.
//!
//! The thread of 2006 names them as the weird case. The device knows the namespace in both directions.
//! What IPv6 has in place of ARP are packets like all others.
#![cfg(CONFIG_NETFILTER_FAMILY_ARP)]

use crate::{
    account::Event,
    instance::Instance,
    net::netfilter::{Accept, Arp, Hook, Incoming, Outgoing, Receive, Resolution, Transmit},
    resolve::Direction,
};

/// After the filter.
const PRIORITY: i32 = 200;

/// The hook of packets that were received.
pub(crate) const HOOK_RECEIVE: Hook<Instance> = Hook::arp_in::<Both>(PRIORITY);
/// The hook of packets that are transmitted.
pub(crate) const HOOK_TRANSMIT: Hook<Instance> = Hook::arp_out::<Both>(PRIORITY);

/// What is done in both directions.
struct Both;

impl Receive<Instance, Arp> for Both {
    fn receive(instance: &Instance, packet: Incoming<'_, Arp>) -> Accept {
        let resolution = packet.resolve(|_, resolution| resolution);
        count(instance, Direction::ArpReceive, resolution)
    }
}

impl Transmit<Instance, Arp> for Both {
    fn transmit(instance: &Instance, packet: Outgoing<'_, Arp>) -> Accept {
        let resolution = packet.resolve(|_, resolution| resolution);
        count(instance, Direction::ArpTransmit, resolution)
    }
}

fn count(instance: &Instance, direction: Direction, resolution: Resolution) -> Accept {
    let Some(side) = instance.account().side(direction) else {
        return Accept::packet();
    };
    side.count(Event::Resolved(resolution.by));
    side.count(Event::NoTable);
    if !resolution.agrees {
        side.count(Event::Disagreement);
    }
    Accept::packet()
}
