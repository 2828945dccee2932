// SPDX-License-Identifier: GPL-2.0

//! A packet of one namespace is given a socket that was found in another.

use crate::net::{
    inet::{Family, Tuple, V4},
    namespace::{Namespace, Net},
    packet::Packet,
    rcu::ReadSide,
    socket::{Borrowed, Found, Full},
};

/// Stands for all that wants both from one namespace.
fn hand_over<'n>(_: &Packet<'n>, _: &Borrowed<'n, Full>) {}

fn confuse(packet: Packet<'_>, own: &Net, other: &Net, section: ReadSide<'_>, tuple: &Tuple<V4>) {
    packet.branded(own, section, |own, packet| {
        Namespace::branded(other, section, |other| {
            #[cfg(not(mistake))]
            let found = V4::lookup_udp(own, tuple);
            #[cfg(mistake)]
            let found = V4::lookup_udp(other, tuple); //~ error[E0521]: borrowed data escapes
            let _ = (own, other);
            if let Found::Own(socket) = found {
                hand_over(&packet, &socket); //~ error[E0521]: borrowed data escapes
            }
        })
    });
}
