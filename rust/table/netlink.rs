// SPDX-License-Identifier: GPL-2.0

//! Netlink sockets: the members of a group, and the holder of a port.

use kernel::prelude::*;

use super::{Entry, Outcome, Several};
use crate::net::{
    allowance::Allowance,
    namespace::{Namespace, Net},
    netlink_socket::{self, NetlinkSocket},
    socket::Sock,
};

/// The netlink sockets.
pub(crate) struct Netlink;

/// What they are looked up by.
pub(crate) struct ToWhom {
    /// The protocol, a `NETLINK_*`.
    pub(crate) protocol: u32,
    /// Whom a message is for.
    pub(crate) to: To,
}

/// Whom a message is for.
pub(crate) enum To {
    /// The members of a group, counted from 1.
    Group(u32),
    /// The holder of a port.
    Port(u32),
}

impl Several for Netlink {
    type Of = Net;
    type Key = ToWhom;
    type Entry<'n> = NetlinkSocket<'n>;

    fn for_each<'n>(
        namespace: Namespace<'n>,
        key: &ToWhom,
        allowance: &Allowance,
        mut f: impl FnMut(&NetlinkSocket<'n>) -> Result,
    ) -> Result {
        match key.to {
            To::Group(group) => {
                netlink_socket::for_each_member(namespace, key.protocol, group, allowance, f)
            }
            To::Port(port) => match NetlinkSocket::with_port(namespace, key.protocol, port)? {
                Some(socket) => f(&socket),
                None => Ok(()),
            },
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
