// SPDX-License-Identifier: GPL-2.0

//! The owner of a namespace is asked for that may have ended: the one that a socket was made in.

use crate::net::{
    namespace::{Governed, Listed},
    rcu,
    socket::SockCommon,
};

fn ask(socket: &SockCommon, listed: Listed<'_>, section: rcu::Section<'_>) -> bool {
    #[cfg(not(mistake))]
    let net = (socket.net(section), listed).1;
    #[cfg(mistake)]
    let net = (socket.net(section), listed).0;
    net.is_administered_by_current() //~ error[E0599]: no method named `is_administered_by_current`
}
