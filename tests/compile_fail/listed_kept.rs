// SPDX-License-Identifier: GPL-2.0

//! A namespace of the list is kept without a reference for longer than the read-side section.

use kernel::sync::rcu;

use crate::net::namespace::Listed;

fn keep() -> u64 {
    #[cfg(not(mistake))]
    let guard = rcu::read_lock();
    let first = {
        #[cfg(mistake)]
        let guard = rcu::read_lock();
        Listed::after(0, (&guard).into()).next() //~ error[E0597]: `guard` does not live long enough
    };
    first.map_or(0, |listed| listed.net().cookie())
}
