// SPDX-License-Identifier: GPL-2.0

//! A received packet is resolved as a transmitted one: by the socket that it may still bear.

use crate::net::{inet::V4, netfilter};
#[cfg(not(mistake))]
use netfilter::Received as Way;
#[cfg(mistake)]
use netfilter::Transmitted as Way;

fn resolve(packet: netfilter::Incoming<'_, V4>) -> u64 {
    packet.resolve(|resolved, _| {
        let way: &Way<'_, V4> = &resolved; //~ error[E0308]: mismatched types
        way.namespace.object().cookie()
    })
}
