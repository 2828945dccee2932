// SPDX-License-Identifier: GPL-2.0

//! The mark of a connection in TIME_WAIT is read, which the structure does not have.

use crate::net::socket::Connection;

fn mark(connection: &Connection<'_>) -> u32 {
    match connection {
        Connection::Established(socket) => socket.mark(),
        #[cfg(mistake)]
        Connection::TimeWait(socket) => socket.mark(), //~ error[E0599]: no method named `mark` found
        _ => 0,
    }
}
