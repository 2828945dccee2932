// SPDX-License-Identifier: GPL-2.0

//! A packet is looked up in the namespace that another packet was resolved to.

use crate::net::{inet::V4, namespace::Namespace, netfilter::Incoming, packet::Packet};

fn look_up<'n>(namespace: Namespace<'n>, packet: &Packet<'n>) -> (u64, u32) {
    (namespace.object().cookie(), packet.length())
}

fn confuse(first: Incoming<'_, V4>, second: Incoming<'_, V4>) {
    first.resolve(|first, _| {
        second.resolve(|second, _| {
            #[cfg(not(mistake))]
            look_up(second.namespace, &second.packet);
            #[cfg(mistake)]
            look_up(first.namespace, &second.packet); //~ error[E0521]: borrowed data escapes
        });
        look_up(first.namespace, &first.packet);
    });
}
