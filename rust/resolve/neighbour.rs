// SPDX-License-Identifier: GPL-2.0

//! Packets of ARP: the kernel asks and answers itself, and no socket has a part in it.
//!
//! The thread of 2006 names them as the weird case. The device knows the namespace in both
//! directions. What IPv6 has in place of ARP are packets like all others.

use super::ResolvedBy;
use crate::net::{
    device::Device,
    netfilter::{Arp, Incoming, Outgoing, State},
};

/// Where the namespace of a packet of ARP that was received was read, and whether it is the one in
/// which netfilter sees the packet. Any context.
#[inline]
pub(crate) fn resolve_received(packet: &Incoming<'_, Arp>) -> (ResolvedBy, bool) {
    resolve(packet.device(), packet.state())
}

/// The same for one that is transmitted. Any context.
#[inline]
pub(crate) fn resolve_transmitted(packet: &Outgoing<'_>) -> (ResolvedBy, bool) {
    resolve(packet.state().output(), packet.state())
}

#[inline]
fn resolve(device: Option<&Device>, state: State<'_>) -> (ResolvedBy, bool) {
    match device {
        Some(device) => {
            let net = device.net(state.section());
            (ResolvedBy::Device, *net == *state.net())
        }
        None => (ResolvedBy::Hook, true),
    }
}
