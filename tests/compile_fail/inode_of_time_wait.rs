// SPDX-License-Identifier: GPL-2.0

//! The inode number of a connection in TIME_WAIT is read, which no process holds any more.

use crate::net::socket::Connection;

fn inode(connection: &Connection<'_>) -> u64 {
    match connection {
        Connection::Established(socket) => socket.inode(),
        #[cfg(mistake)]
        Connection::TimeWait(socket) => socket.inode(), //~ error[E0599]: no method named `inode` found
        _ => 0,
    }
}
