// SPDX-License-Identifier: GPL-2.0

//! The tables that are gone through: where each is, and how many buckets it has.

use core::ptr::addr_of;

use crate::{
    bindings,
    net::{inet::bound_only, namespace::Alive, unix},
};

/// A table of buckets.
#[derive(Clone, Copy)]
pub(super) enum Table {
    Connections,
    Listeners,
    Bound,
    Udp,
    Raw(*const bindings::raw_hashinfo),
    Packets,
    Unix,
}

impl Table {
    /// The head of the first list of a large table, and how far it is from there to that of the next.
    pub(super) fn heads(self, net: Alive<'_>) -> Option<(*const u8, usize)> {
        // SAFETY: The namespace is valid; its tables are set when it is made, and as long-lived. Of
        // the buckets nothing is read.
        unsafe {
            let info = addr_of!((*net.as_ptr()).ipv4.tcp_death_row.hashinfo).read();
            let udp = addr_of!((*net.as_ptr()).ipv4.udp_table).read();
            match self {
                Self::Connections => Some((
                    addr_of!((*(*info).ehash).chain).cast(),
                    size_of::<bindings::inet_ehash_bucket>(),
                )),
                Self::Listeners => Some((
                    addr_of!((*(*info).lhash2).nulls_head).cast(),
                    size_of::<bindings::inet_listen_hashbucket>(),
                )),
                Self::Bound => Some((
                    addr_of!((*(*info).bhash2).chain).cast(),
                    size_of::<bindings::inet_bind_hashbucket>(),
                )),
                Self::Udp => Some((
                    addr_of!((*(*udp).hash).__bindgen_anon_1.head).cast(),
                    size_of::<bindings::udp_hslot>(),
                )),
                Self::Raw(_) | Self::Packets | Self::Unix => None,
            }
        }
    }

    /// How many buckets a table has.
    pub(super) fn buckets(self, net: Alive<'_>) -> u32 {
        // SAFETY: The namespace is valid; its tables are set when it is made, and as long-lived.
        unsafe {
            let info = addr_of!((*net.as_ptr()).ipv4.tcp_death_row.hashinfo).read();
            let udp = addr_of!((*net.as_ptr()).ipv4.udp_table).read();
            match self {
                Self::Connections => (*info).ehash_mask.saturating_add(1),
                Self::Listeners => (*info).lhash2_mask.saturating_add(1),
                Self::Bound => bound_only::buckets(),
                Self::Udp => (*udp).mask.saturating_add(1),
                Self::Raw(_) => bindings::RUST_CONST_RAW_BUCKETS,
                Self::Packets => 1,
                Self::Unix => unix::BUCKETS,
            }
        }
    }
}

/// Whether a namespace shares its table of TCP connections with no other one.
pub(super) fn has_own_connections(net: Alive<'_>) -> bool {
    // SAFETY: The namespaces are valid; their tables are set when they are made.
    unsafe {
        addr_of!((*net.as_ptr()).ipv4.tcp_death_row.hashinfo).read()
            != addr_of!(bindings::init_net.ipv4.tcp_death_row.hashinfo).read()
    }
}

/// The same of its table of UDP.
pub(super) fn has_own_udp(net: Alive<'_>) -> bool {
    // SAFETY: As above.
    unsafe {
        addr_of!((*net.as_ptr()).ipv4.udp_table).read()
            != addr_of!(bindings::init_net.ipv4.udp_table).read()
    }
}
