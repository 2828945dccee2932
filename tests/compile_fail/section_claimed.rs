// SPDX-License-Identifier: GPL-2.0

//! A read-side section is claimed and not entered.

use crate::net::{namespace::Alive, rcu};

fn claim(net: Alive<'_>) -> u32 {
    #[cfg(not(mistake))]
    let guard = rcu::read_lock();
    #[cfg(not(mistake))]
    let section = rcu::Section::from(&guard);
    #[cfg(mistake)]
    let section = rcu::Section::assume(); //~ error[E0133]: call to unsafe function
    net.listed(section).count_devices()
}
