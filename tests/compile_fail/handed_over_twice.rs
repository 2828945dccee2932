// SPDX-License-Identifier: GPL-2.0

//! A packet is handed two sockets.

use crate::net::{
    delivery::Delivery,
    socket::{Borrowed, Sock},
};

fn confuse<'n>(delivery: Delivery<'n>, first: Borrowed<'n, Sock>, second: Borrowed<'n, Sock>) {
    #[cfg(mistake)]
    delivery.give(first);
    #[cfg(not(mistake))]
    let _ = first;
    delivery.give(second); //~ error[E0382]: use of moved value: `delivery`
}
