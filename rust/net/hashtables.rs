// SPDX-License-Identifier: GPL-2.0

//! What can be told of a namespace's tables without searching them.
//!
//! C headers: [`include/net/netns/ipv4.h`](srctree/include/net/netns/ipv4.h),
//! [`include/net/inet_hashtables.h`](srctree/include/net/inet_hashtables.h),
//! [`include/net/udp.h`](srctree/include/net/udp.h)

use core::ptr::{addr_of, addr_of_mut};
use kernel::sync::atomic::Atomic;

use super::namespace::{Alive, Listed};
use crate::bindings;

/// A namespace's table of one protocol.
pub struct Hashtable {
    /// Whether its memory is the namespace's alone, and not that of the initial namespace.
    pub is_private: bool,
    /// How many buckets it has.
    pub buckets: u32,
    /// How many sockets of the protocol the namespace has, if the kernel tells it to modules.
    pub sockets: Option<u32>,
}

impl Hashtable {
    /// The table of TCP connections. Any context.
    pub fn tcp(net: Listed<'_>) -> Self {
        let [table, initial] = [net.as_ptr(), initial()].map(|net| {
            // SAFETY: Both are valid namespaces, whose tables are set when they are made.
            unsafe { addr_of!((*net).ipv4.tcp_death_row.hashinfo).read() }
        });
        let protocols = [&raw mut bindings::tcp_prot, &raw mut bindings::tcpv6_prot];
        Self {
            is_private: table != initial,
            // SAFETY: The table is as long-lived as its namespace.
            buckets: unsafe { (*table).ehash_mask }.saturating_add(1),
            sockets: Some(
                protocols
                    .into_iter()
                    .map(|protocol| in_use(net, protocol))
                    .sum(),
            ),
        }
    }

    /// The table of UDP. Any context.
    pub fn udp(net: Listed<'_>) -> Self {
        let [table, initial] = [net.as_ptr(), initial()].map(|net| {
            // SAFETY: Both are valid namespaces, whose tables are set when they are made.
            unsafe { addr_of!((*net).ipv4.udp_table).read() }
        });
        Self {
            is_private: table != initial,
            // SAFETY: The table is as long-lived as its namespace.
            buckets: unsafe { (*table).mask }.saturating_add(1),
            // `udpv6_prot` is not exported.
            sockets: None,
        }
    }
}

/// The sizes of the tables that namespaces get which are made in `net`, for TCP and UDP; 0 has them
/// share those of the initial namespace.
pub fn child_sizes(net: Alive<'_>) -> [&Atomic<u32>; 2] {
    let ipv4 = net.as_ptr();
    // SAFETY: The namespace is valid.
    let places = unsafe {
        [
            addr_of_mut!((*ipv4).ipv4.sysctl_tcp_child_ehash_entries),
            addr_of_mut!((*ipv4).ipv4.sysctl_udp_child_hash_entries),
        ]
    };
    // SAFETY: They are as long-lived as the namespace, and C reads and writes them in one access.
    places.map(|place| unsafe { Atomic::from_ptr(place) })
}

fn initial() -> *mut bindings::net {
    &raw mut bindings::init_net
}

fn in_use(net: Listed<'_>, protocol: *mut bindings::proto) -> u32 {
    // SAFETY: Both are valid.
    let sockets = unsafe { bindings::sock_prot_inuse_get(net.as_ptr(), protocol) };
    u32::try_from(sockets).unwrap_or(0)
}
