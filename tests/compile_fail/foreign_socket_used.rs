// SPDX-License-Identifier: GPL-2.0

//! A socket of another namespace, which a BPF program chose, is used.

use crate::net::socket::Found;

fn cookie(found: &Found<'_>) -> u64 {
    match found {
        Found::Own(socket) => socket.cookie(),
        #[cfg(mistake)]
        Found::Foreign(socket) => socket.cookie(), //~ error[E0532]: expected tuple struct or tuple variant, found unit variant
        _ => 0,
    }
}
