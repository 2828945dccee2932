// SPDX-License-Identifier: GPL-2.0

//! A transmitted packet is resolved as a received one: by a device that it does not have yet.

use crate::net::{inet::V4, netfilter};
#[cfg(mistake)]
use netfilter::Received as Way;
#[cfg(not(mistake))]
use netfilter::Transmitted as Way;

fn resolve(packet: netfilter::Outgoing<'_, V4>) -> u64 {
    packet.resolve(|resolved, _| {
        let way: &Way<'_, V4> = &resolved; //~ error[E0308]: mismatched types
        way.namespace.object().cookie()
    })
}
