// SPDX-License-Identifier: GPL-2.0

//! A packet of a container is handed a socket of the initial namespace, for which nothing but its name
//! is needed.

use crate::net::{
    inet::{Family, Tuple, V4},
    namespace::Alive,
    netfilter::Incoming,
    socket::Found,
};

fn confuse(packet: Incoming<'_, V4>, tuple: &Tuple<V4>) {
    let initial = Alive::initial().listed(packet.state().section());
    packet.resolve(|received, _| {
        initial.branded(|initial| {
            #[cfg(not(mistake))]
            let namespace = (initial, received.namespace).1;
            #[cfg(mistake)]
            let namespace = initial;
            if let Found::Own(socket) = V4::lookup_udp(namespace, tuple) {
                //~^ error[E0521]: borrowed data escapes
                received.into_delivery().give(socket); //~ error[E0521]: borrowed data escapes
            }
        })
    });
}
