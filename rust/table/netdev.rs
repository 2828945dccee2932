// SPDX-License-Identifier: GPL-2.0

//! Network devices, by index or by name.

use kernel::ffi::c_int;

use super::{Answer, Outcome, Table};
use crate::net::{
    device::{Name, NetDevice},
    namespace::{Namespace, Net},
    socket::{Sock, SockCommon},
};

/// The network devices.
pub(crate) struct Netdev;

/// What they are looked up by.
pub(crate) enum NetdevKey {
    /// The index.
    Index(c_int),
    /// The name, or another one.
    Name(Name),
}

/// What was found.
pub(crate) struct NetdevAnswer<'n>(pub(crate) Option<&'n NetDevice>);

impl Table for Netdev {
    type Of = Net;
    type Key = NetdevKey;
    type Answer<'n> = NetdevAnswer<'n>;

    fn lookup<'n>(namespace: Namespace<'n>, key: &NetdevKey) -> NetdevAnswer<'n> {
        NetdevAnswer(match key {
            NetdevKey::Index(index) => NetDevice::by_index(namespace, *index),
            NetdevKey::Name(name) => NetDevice::by_name(namespace, name),
        })
    }
}

impl Answer for NetdevAnswer<'_> {
    fn outcome(&self) -> Outcome {
        match self.0 {
            Some(_) => Outcome::Device,
            None => Outcome::None,
        }
    }

    fn socket(&self) -> Option<&SockCommon> {
        None
    }

    fn full(&self) -> Option<&Sock> {
        None
    }
}
