// SPDX-License-Identifier: GPL-2.0

//! UDP is asked for a tuple alone: whether the packet is for many sockets was not asked.

use crate::{
    net::{
        inet::{Tuple, V4},
        namespace::Namespace,
    },
    table::{
        tcp::Tcp,
        udp::{Udp, UdpKey},
        Table,
    },
};

fn ask(namespace: Namespace<'_>, tuple: &Tuple<V4>) {
    let _ = Tcp::<V4>::lookup(namespace, tuple);
    #[cfg(not(mistake))]
    let _ = Udp::<V4>::lookup(
        namespace,
        &UdpKey {
            tuple: *tuple,
            to_many: false,
        },
    );
    #[cfg(mistake)]
    let _ = Udp::<V4>::lookup(namespace, tuple); //~ error[E0308]: mismatched types
}
