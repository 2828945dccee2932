// SPDX-License-Identifier: GPL-2.0

//! The reference to a namespace is given back while the namespace is still used.

use crate::net::namespace::Held;

fn let_go(held: Held) -> u64 {
    let alive = held.alive();
    #[cfg(mistake)]
    drop(held); //~ error[E0505]: cannot move out of `held` because it is borrowed
    alive.cookie()
}
