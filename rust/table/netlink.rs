// SPDX-License-Identifier: GPL-2.0

//! Netlink sockets: the holder of a port. The members of a group are found in a list for all
//! namespaces, not by a key in one.

use kernel::prelude::*;

use super::{Entry, Outcome, Several};
use crate::net::{
    allowance::Allowance,
    namespace::{Namespace, Net},
    netlink_socket::NetlinkSocket,
    socket::Sock,
};

/// The netlink sockets.
pub(crate) struct Netlink;

/// What they are looked up by.
pub(crate) struct NetlinkKey {
    /// The protocol, a `NETLINK_*`.
    pub(crate) protocol: u32,
    /// The port.
    pub(crate) port: u32,
}

impl Several for Netlink {
    type Of = Net;
    type Key = NetlinkKey;
    type Entry<'n> = NetlinkSocket<'n>;

    fn for_each<'n>(
        namespace: Namespace<'n>,
        key: &NetlinkKey,
        _: &Allowance,
        mut f: impl FnMut(&NetlinkSocket<'n>) -> Result,
    ) -> Result {
        match NetlinkSocket::with_port(namespace, key.protocol, key.port)? {
            Some(socket) => f(&socket),
            None => Ok(()),
        }
    }
}

impl Entry for NetlinkSocket<'_> {
    fn outcome(&self) -> Outcome {
        Outcome::Member
    }

    fn full(&self) -> &Sock {
        self
    }
}
