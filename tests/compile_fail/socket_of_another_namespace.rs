// SPDX-License-Identifier: GPL-2.0

//! A packet is handed a socket that was found for another one, in another namespace: what the
//! kernel answers with `ENETUNREACH` when a BPF program does it.

use crate::net::{
    inet::{Family, Tuple, V4},
    netfilter::Incoming,
    socket::Found,
};

fn confuse(first: Incoming<'_, V4>, second: Incoming<'_, V4>, tuple: &Tuple<V4>) {
    first.resolve(|own, _| {
        second.resolve(|other, _| {
            #[cfg(not(mistake))]
            let found = V4::lookup_udp(own.namespace, tuple);
            #[cfg(mistake)]
            let found = V4::lookup_udp(other.namespace, tuple); //~ error[E0521]: borrowed data escapes
            let _ = other;
            if let Found::Own(socket) = found {
                own.into_delivery().give(socket); //~ error[E0521]: borrowed data escapes
            }
        })
    });
}
