// SPDX-License-Identifier: GPL-2.0

//! A reference is taken to the namespace of a socket, which may still be in the making.

use crate::net::{namespace::Held, rcu, socket::Sock};

fn hold(socket: &Sock, section: rcu::Section<'_>) -> Option<Held> {
    let namespace = socket.net(section);
    #[cfg(mistake)]
    return namespace.hold(); //~ error[E0599]: no method named `hold` found
    namespace.in_list(section)?.hold()
}
