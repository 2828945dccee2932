// SPDX-License-Identifier: GPL-2.0

//! A read-side section is left while its evidence is still used.

use crate::net::{namespace::Alive, rcu};

fn leave(net: Alive<'_>) -> u32 {
    let guard = rcu::read_lock();
    let section = rcu::Section::from(&guard);
    #[cfg(mistake)]
    drop(guard); //~ error[E0505]: cannot move out of `guard` because it is borrowed
    net.listed(section).count_devices()
}
