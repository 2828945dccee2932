// SPDX-License-Identifier: GPL-2.0

//! The tables that are gone through.

use crate::net::{
    namespace::Alive,
    socket_tables::{raw_v4, raw_v6, Tables},
    unix,
};

/// A table of buckets.
#[derive(Clone, Copy)]
pub(super) enum Table {
    Connections,
    Listeners,
    Bound,
    Udp,
    RawV4,
    RawV6,
    Packets,
    Unix,
}

impl Table {
    /// Those that all namespaces share, in the order in which they are gone through.
    pub(super) const SHARED: [Self; 6] = [
        Self::Connections,
        Self::Listeners,
        Self::Bound,
        Self::Udp,
        Self::RawV4,
        Self::RawV6,
    ];

    /// Those that a namespace shares with no other one; `None` in the place of one that it does share.
    pub(super) fn own(net: Alive<'_>) -> [Option<Self>; 4] {
        let tables = Tables::from(net);
        [
            (!tables.has_shared_connections()).then_some(Self::Connections),
            (!tables.has_shared_udp()).then_some(Self::Udp),
            Some(Self::Packets),
            Some(Self::Unix),
        ]
    }

    /// How many buckets a table has.
    pub(super) fn buckets(self, net: Alive<'_>) -> u32 {
        let tables = Tables::from(net);
        match self {
            Self::Connections => tables.connections().count(),
            Self::Listeners => tables.listeners().count(),
            Self::Bound => tables.bound_by_end().count(),
            Self::Udp => tables.udp_by_port().count(),
            Self::RawV4 => raw_v4().count(),
            Self::RawV6 => raw_v6().count(),
            Self::Packets => 1,
            Self::Unix => unix::BUCKETS,
        }
    }

    /// How many buckets of a large table are empty from one on, of at most `most`; 0 of any other.
    pub(super) fn count_empty(self, net: Alive<'_>, from: u32, most: u32) -> u32 {
        let tables = Tables::from(net);
        match self {
            Self::Connections => tables.connections().count_empty(from, most),
            Self::Listeners => tables.listeners().count_empty(from, most),
            Self::Bound => tables.bound_by_end().count_empty(from, most),
            Self::Udp => tables.udp_by_port().count_empty(from, most),
            Self::RawV4 | Self::RawV6 | Self::Packets | Self::Unix => 0,
        }
    }
}
