// SPDX-License-Identifier: GPL-2.0

//! How long are the chains of a namespace's hash tables?
//!
//! The tables are gone over by RCU while they are used. What is found is right for each chain at the
//! time that it was looked at. The work is bounded: a table may have millions of buckets, and one
//! with secrets in its hash function looks the same everywhere, so that a part of it tells enough.
//!
//! C headers: [`include/net/inet_hashtables.h`](srctree/include/net/inet_hashtables.h),
//! [`include/net/udp.h`](srctree/include/net/udp.h)

use core::ptr::eq;
use kernel::sync::rcu;

use super::{
    list::{self, Nulls},
    namespace::Alive,
    owner,
    socket_tables::{Bucket, Buckets, Tables},
};
use crate::bindings::{self, sock_common};

/// The most buckets that are looked at.
const BUCKETS: u32 = 1 << 15;
/// About the most sockets.
const SOCKETS: u32 = 1 << 16;
/// About the most of both in one read-side section.
const AT_ONCE: u32 = 1 << 12;
/// The most sockets of one chain: an entry that moves may lead from one to the next.
const CHAIN: usize = 1 << 12;

/// What was found in the first buckets of a table.
///
/// # Examples
///
/// ```
/// use crate::net::{chains::Chains, namespace::Alive};
///
/// let chains = Chains::of_udp(Alive::initial());
/// pr_info!("{} sockets in {} chains\n", chains.entries, chains.used);
/// assert!(chains.longest <= chains.entries);
/// ```
#[derive(Default)]
pub struct Chains {
    /// How many buckets were looked at.
    pub walked: u32,
    /// How many of these have a socket in them.
    pub used: u32,
    /// How many sockets there are in these, of whatever namespace.
    pub entries: u32,
    /// How many of them are the namespace's.
    pub own: u32,
    /// How many sockets the longest chain has, of whatever namespace.
    pub longest: u32,
}

impl Chains {
    /// In the table of TCP connections. May sleep.
    pub fn of_tcp(net: Alive<'_>) -> Self {
        let buckets = Tables::from(net).connections();
        Self::walk(net, buckets, |chain| {
            // SAFETY: The memory of a connection remains that of one (`SLAB_TYPESAFE_BY_RCU`), and this
            // is called in a read-side section.
            let nodes = unsafe { Nulls::new(chain) };
            nodes.map(|node| within(node.cast(), bindings::RUST_CONST_SK_NODE))
        })
    }

    /// In the table of UDP sockets by address and port. May sleep.
    pub fn of_udp(net: Alive<'_>) -> Self {
        let buckets = Tables::from(net).udp_by_end();
        Self::walk(net, buckets, |chain| {
            // SAFETY: UDP sockets are freed by RCU (`udp_lib_get_port()`), and this is called in a
            // read-side section.
            let nodes = unsafe { list::hlist(chain) };
            nodes.map(|node| within(node.cast(), bindings::RUST_CONST_SK_PORTADDR_NODE))
        })
    }

    /// Goes over the chains, of each of which `sockets` gives what is in it in a read-side section.
    fn walk<B: Bucket, I: Iterator<Item = *const sock_common>>(
        net: Alive<'_>,
        table: Buckets<'_, B>,
        sockets: impl Fn(*const B::Head) -> I,
    ) -> Self {
        let mut found = Self::default();
        let buckets = table.count().min(BUCKETS);
        while found.walked < buckets && found.entries < SOCKETS {
            let guard = rcu::read_lock();
            let pause = found.walked + found.entries + AT_ONCE;
            while found.walked < buckets && found.walked + found.entries < pause {
                let mut length = 0;
                let chain = table.chain(found.walked).into_iter();
                for socket in chain.flat_map(&sockets).take(CHAIN) {
                    length += 1;
                    // SAFETY: The socket is readable, by what `sockets` gives.
                    let owner = unsafe { owner::of_socket(socket) };
                    found.own += u32::from(eq(owner, net.as_ptr()));
                }
                found.walked += 1;
                found.used += u32::from(length > 0);
                found.entries += length;
                found.longest = found.longest.max(length);
            }
            drop(guard);
        }
        found
    }
}

/// The socket that a node is in.
fn within(node: *const u8, offset: u32) -> *const sock_common {
    node.wrapping_sub(offset as usize).cast()
}
