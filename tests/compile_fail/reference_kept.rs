// SPDX-License-Identifier: GPL-2.0

//! A socket with a reference is kept for longer than the brand that says whose it is.

use crate::net::{
    inet::{Family, Tuple, V4},
    namespace::Listed,
};

fn keep(listed: Listed<'_>, tuple: &Tuple<V4>) -> bool {
    let connection = listed.branded(|namespace| {
        let connection = V4::lookup_connection(namespace, tuple);
        #[cfg(not(mistake))]
        let connection = connection.is_some().then_some(());
        connection //~ error: lifetime may not live long enough
    });
    connection.is_some()
}
