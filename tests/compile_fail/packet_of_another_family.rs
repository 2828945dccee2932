// SPDX-License-Identifier: GPL-2.0

//! A packet of IPv4 is read as one of IPv6: the control block is laid out otherwise.

use crate::{
    net::{
        inet::{V4, V6},
        netfilter::Incoming,
    },
    resolve::Received,
};

fn take<'p>(packet: Incoming<'p, V4>) {
    #[cfg(not(mistake))]
    let _ = Received::<'p, V4>::new(packet);
    #[cfg(mistake)]
    let _ = Received::<'p, V6>::new(packet); //~ error[E0308]: mismatched types
}
