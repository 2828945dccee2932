// SPDX-License-Identifier: GPL-2.0

//! The owner of a connection that is being asked for is read, which the structure does not have.

use crate::net::socket::Connection;

fn owner(connection: &Connection<'_>) -> u32 {
    match connection {
        Connection::Established(socket) => socket.owner(),
        #[cfg(mistake)]
        Connection::Request(socket) => socket.owner(), //~ error[E0599]: no method named `owner` found
        _ => 0,
    }
}
