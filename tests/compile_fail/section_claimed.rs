// SPDX-License-Identifier: GPL-2.0

//! A read-side section is claimed and not entered.

use kernel::sync::rcu;

use crate::net::{namespace::Alive, rcu::ReadSide};

fn claim(net: Alive<'_>) -> u32 {
    #[cfg(not(mistake))]
    let guard = rcu::read_lock();
    #[cfg(not(mistake))]
    let section = ReadSide::from(&guard);
    #[cfg(mistake)]
    let section = ReadSide::assume(); //~ error[E0133]: call to unsafe function
    net.listed(section).count_devices()
}
