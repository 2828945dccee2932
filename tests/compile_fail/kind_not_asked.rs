// SPDX-License-Identifier: GPL-2.0

//! What the table of connections gave is taken for a full socket without a look at what it is.

use crate::net::socket::{Connection, Owned, Sock};

#[cfg(not(mistake))]
fn full(connection: Connection<'_>) -> Option<Owned<'_, Sock>> {
    match connection {
        Connection::Established(socket) => Some(socket),
        _ => None,
    }
}

#[cfg(mistake)]
fn full(connection: Connection<'_>) -> Option<Owned<'_, Sock>> {
    let Connection::Established(socket) = connection; //~ error[E0005]: refutable pattern
    Some(socket)
}
