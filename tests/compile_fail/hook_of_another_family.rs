// SPDX-License-Identifier: GPL-2.0

//! What sees packets of IPv4 is made a hook of IPv6.

use crate::net::{
    inet::{V4, V6},
    netfilter::{Accept, Hook, Incoming, Receive},
};

struct Sees;

impl Receive<(), V4> for Sees {
    fn receive(_: &(), _: Incoming<'_, V4>) -> Accept {
        Accept::packet()
    }
}

#[cfg(not(mistake))]
const HOOK: Hook<()> = Hook::local_in::<V4, Sees>(0);
#[cfg(mistake)]
const HOOK: Hook<()> = Hook::local_in::<V6, Sees>(0); //~ error[E0277]: the trait bound
