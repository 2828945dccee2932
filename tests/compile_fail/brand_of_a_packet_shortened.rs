// SPDX-License-Identifier: GPL-2.0

//! The brand of a packet is shortened.

use crate::net::packet::Packet;

#[cfg(not(mistake))]
fn shorten<'short, 'long: 'short>(packet: &'short Packet<'long>) -> &'short Packet<'long> {
    packet
}

#[cfg(mistake)]
fn shorten<'short, 'long: 'short>(packet: &'short Packet<'long>) -> &'short Packet<'short> {
    packet //~ error: lifetime may not live long enough
}
