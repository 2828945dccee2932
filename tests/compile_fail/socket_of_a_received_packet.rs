// SPDX-License-Identifier: GPL-2.0

//! A received packet is asked for its socket, which may be its sender's, of another namespace.

use crate::net::{inet::V4, netfilter::Incoming};

fn cookie(packet: Incoming<'_, V4>) -> u64 {
    let device = packet
        .device()
        .map_or(0, |device| device.net(packet.state().section()).cookie());
    #[cfg(mistake)]
    let device = packet.socket(); //~ error[E0599]: no method named `socket` found
    device
}
