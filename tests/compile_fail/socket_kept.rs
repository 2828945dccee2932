// SPDX-License-Identifier: GPL-2.0

//! A socket without a reference is kept for longer than the read-side section.

use kernel::sync::rcu;

use crate::net::{
    inet::{Family, Tuple, V4},
    namespace::Alive,
    socket::Found,
};

fn keep(net: Alive<'_>, tuple: &Tuple<V4>) {
    let mut kept = None;
    let guard = rcu::read_lock();
    net.listed((&guard).into()).branded(|namespace| {
        let found = V4::lookup_udp(namespace, tuple); //~ error[E0521]: borrowed data escapes
        #[cfg(not(mistake))]
        let found = matches!(found, Found::Own(_));
        kept = Some(found);
    });
    drop(guard);
    let _ = kept;
}
