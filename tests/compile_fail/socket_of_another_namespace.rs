// SPDX-License-Identifier: GPL-2.0

//! A packet is handed a socket that was found for another one, in another namespace: what the
//! kernel answers with `ENETUNREACH` when a BPF program does it.

use crate::net::{
    inet::{Family, Tuple, V4},
    netfilter::Incoming,
    socket::Found,
};

fn confuse(first: Incoming<'_, V4>, second: Incoming<'_, V4>, tuple: &Tuple<V4>) {
    let (net, other) = (first.state().net(), second.state().net());
    first.branded(net, |own, _, delivery| {
        second.branded(other, |other, _, _| {
            #[cfg(not(mistake))]
            let found = V4::lookup_udp(own, tuple);
            #[cfg(mistake)]
            let found = V4::lookup_udp(other, tuple); //~ error[E0521]: borrowed data escapes
            let _ = (own, other);
            if let Found::Own(socket) = found {
                delivery.give(socket); //~ error[E0521]: borrowed data escapes
            }
        })
    });
}
