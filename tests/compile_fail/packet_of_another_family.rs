// SPDX-License-Identifier: GPL-2.0

//! A packet of IPv4 is read as one of IPv6: the control block is laid out otherwise.

#[cfg(not(mistake))]
use crate::net::inet::V4 as Read;
#[cfg(mistake)]
use crate::net::inet::V6 as Read;
use crate::net::{
    inet::V4,
    netfilter::{Incoming, Received},
};

fn index(received: &Received<'_, Read>) -> i32 {
    received.arrival().device
}

fn take(packet: Incoming<'_, V4>) -> i32 {
    packet.resolve(|received, _| index(&received)) //~ error[E0308]: mismatched types
}
