// SPDX-License-Identifier: GPL-2.0

//! A transmitted packet is asked for its device: the member of `struct sk_buff` is another thing there.

use crate::net::{inet::V4, netfilter::Outgoing};

fn index(packet: &Outgoing<'_, V4>) -> i32 {
    #[cfg(not(mistake))]
    let device = packet.state().output();
    #[cfg(mistake)]
    let device = packet.device(); //~ error[E0599]: no method named `device` found
    device.map_or(0, |device| device.index())
}
