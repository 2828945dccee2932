// SPDX-License-Identifier: GPL-2.0

//! UDP: one table for sockets with a peer and without.

use core::marker::PhantomData;

use super::{Answer, Outcome, Table};
use crate::net::{
    inet::{Family, Tuple},
    namespace::{Namespace, Net},
    socket::{Borrowed, Found, Sock, SockCommon},
};

/// The UDP table of a family.
pub(crate) struct Udp<F>(PhantomData<F>);

/// What it is asked for.
pub(crate) struct UdpKey<F: Family> {
    /// The two ends, and the device.
    pub(crate) tuple: Tuple<F>,
    /// Whether any number of sockets may have the packet. The kernel then delivers to each, and no
    /// lookup for one tells to which.
    pub(crate) to_many: bool,
}

/// What has a place in it.
pub(crate) enum UdpAnswer<'n> {
    /// A socket, or one of a group of them.
    Socket(Borrowed<'n, Sock>),
    /// Any number of them.
    Multiple,
    /// A socket of another namespace, which a BPF program chose.
    Foreign,
    /// Nothing.
    None,
}

impl<F: Family> Table for Udp<F> {
    type Of = Net;
    type Key = UdpKey<F>;
    type Answer<'n> = UdpAnswer<'n>;

    #[inline(always)]
    fn lookup<'n>(namespace: Namespace<'n>, key: &UdpKey<F>) -> UdpAnswer<'n> {
        if key.to_many {
            return UdpAnswer::Multiple;
        }
        match F::lookup_udp(namespace, &key.tuple) {
            Found::Own(socket) => UdpAnswer::Socket(socket),
            Found::Foreign => UdpAnswer::Foreign,
            Found::None => UdpAnswer::None,
        }
    }
}

impl Answer for UdpAnswer<'_> {
    #[inline]
    fn outcome(&self) -> Outcome {
        match self {
            // A connected socket gets its packets itself, also as a member of a group.
            Self::Socket(socket) if socket.is_connected() => Outcome::Connected,
            Self::Socket(socket) if socket.is_in_reuseport_group() => Outcome::Ambiguous,
            Self::Socket(_) => Outcome::Unconnected,
            Self::Multiple => Outcome::Multiple,
            Self::Foreign => Outcome::Foreign,
            Self::None => Outcome::None,
        }
    }

    #[inline]
    fn socket(&self) -> Option<&SockCommon> {
        match self {
            Self::Socket(socket) => Some(socket),
            Self::Multiple | Self::Foreign | Self::None => None,
        }
    }

    #[inline]
    fn full(&self) -> Option<&Sock> {
        match self {
            Self::Socket(socket) => Some(socket),
            Self::Multiple | Self::Foreign | Self::None => None,
        }
    }
}
