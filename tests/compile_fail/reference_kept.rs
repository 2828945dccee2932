// SPDX-License-Identifier: GPL-2.0

//! A socket with a reference is kept for longer than the brand that says whose it is.

use crate::net::{
    inet::{Family, Tuple, V4},
    namespace::{Namespace, Net},
    rcu::ReadSide,
};

fn keep(net: &Net, section: ReadSide<'_>, tuple: &Tuple<V4>) -> bool {
    let connection = Namespace::branded(net, section, |namespace| {
        let connection = V4::lookup_connection(namespace, tuple);
        #[cfg(not(mistake))]
        let connection = connection.is_some().then_some(());
        connection //~ error: lifetime may not live long enough
    });
    connection.is_some()
}
