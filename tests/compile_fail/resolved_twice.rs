// SPDX-License-Identifier: GPL-2.0

//! A received packet is resolved twice, and so seen under two brands.

use crate::net::{inet::V4, netfilter::Incoming};

fn resolve(packet: Incoming<'_, V4>) {
    packet.resolve(|_, _| {
        //~^ error[E0382]: use of moved value: `packet`
        #[cfg(mistake)]
        packet.resolve(|_, _| {});
    });
}
