// SPDX-License-Identifier: GPL-2.0

//! A read-side section is claimed and not entered.

use kernel::sync::rcu;

use crate::net::{namespace::Net, rcu::ReadSide};

fn claim(net: &Net) -> u32 {
    #[cfg(not(mistake))]
    let guard = rcu::read_lock();
    #[cfg(not(mistake))]
    let section = ReadSide::from(&guard);
    #[cfg(mistake)]
    let section = ReadSide::assume(); //~ error[E0133]: call to unsafe function
    net.count_devices(section)
}
