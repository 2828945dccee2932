// SPDX-License-Identifier: GPL-2.0

//! One bucket of a table: whether the socket is in it, and one that is meant.

use core::ptr::NonNull;

use super::{tables::Table, Search, Seen};
use crate::{
    bindings,
    net::{
        inet::bound_only,
        list::{self, Nulls},
        namespace::{Listed, Namespace},
        netlink_socket::NetlinkSocket,
        packet_socket::PacketSocket,
        rcu,
        socket::{Borrowed, Connection, Sock, SockCommon},
        socket_tables::{raw_v4, raw_v6, Tables},
        unix,
    },
};

/// The most sockets of one chain that are looked at.
const CHAIN: usize = 1 << 12;
/// What it takes to look at a socket, and at one of netlink, in steps of the allowance.
const ENTRY: u32 = 2;
pub(super) const PORT: u32 = 8;

impl<R, F: FnMut(Listed<'_>, Seen<'_, '_>) -> Option<R>> Search<'_, F> {
    /// Looks through one bucket, which has to be one of the table's.
    pub(super) fn bucket(
        &mut self,
        table: Table,
        bucket: u32,
        section: rcu::Section<'_>,
    ) -> Option<R> {
        let tables = Tables::from(self.net);
        match table {
            Table::Connections => self.connections(bucket, section),
            Table::Listeners => {
                let chain = tables.listeners().chain(bucket)?;
                // SAFETY: All that can be in the chain, or be led to from it by a listener that becomes
                // a connection, stays readable in a read-side section (`SLAB_TYPESAFE_BY_RCU`).
                let nodes = unsafe { Nulls::new(chain) };
                let nodes = nodes.map(<*const _>::cast);
                self.full(nodes, section, |socket| Seen::Listener(socket))
            }
            Table::Bound => self.bound(bucket, section),
            Table::Udp => {
                let chain = tables.udp_by_port().chain(bucket)?;
                // SAFETY: UDP sockets are freed by RCU (`udp_lib_get_port()`).
                let nodes = unsafe { list::hlist(chain) };
                self.full(nodes, section, |socket| Seen::Udp(socket))
            }
            Table::RawV4 => self.raw(raw_v4().chain(bucket)?, section),
            Table::RawV6 => self.raw(raw_v6().chain(bucket)?, section),
            Table::Packets => self.packets(section),
            Table::Unix => self.unix(bucket, section),
        }
    }

    fn connections(&mut self, bucket: u32, section: rcu::Section<'_>) -> Option<R> {
        let chain = Tables::from(self.net).connections().chain(bucket)?;
        let mut looked_at = 0;
        while looked_at < CHAIN {
            // SAFETY: What is in the chain stays readable in a read-side section
            // (`SLAB_TYPESAFE_BY_RCU`).
            let mut nodes = unsafe { Nulls::new(chain) };
            for node in (&mut nodes).take(CHAIN - looked_at) {
                looked_at += 1;
                self.allowance.spend(ENTRY);
                if let Some(result) = self.connection(node.cast(), section) {
                    return Some(result);
                }
            }
            // Else a socket moved and led elsewhere: once more.
            if nodes.end() == Some(bucket as usize) {
                break;
            }
            looked_at += 1;
        }
        None
    }

    fn connection(
        &mut self,
        node: *const bindings::hlist_node,
        section: rcu::Section<'_>,
    ) -> Option<R> {
        let sk = socket_of(node);
        // SAFETY: An entry of the table, readable in this section.
        let common = unsafe { SockCommon::from_raw(sk) }?;
        if common.known_cookie() != self.cookie {
            return None;
        }
        let found = |namespace: Namespace<'_>, connection: Connection<'_>| {
            // It may have been freed and used again before it was held.
            if connection.common().known_cookie() != self.cookie {
                return None;
            }
            (self.found)(namespace.listed(), Seen::Connection(&connection))
        };
        // SAFETY: As above.
        unsafe { Connection::hold(NonNull::new(sk)?, section, found) }?
    }

    fn raw(&mut self, chain: *const bindings::hlist_head, section: rcu::Section<'_>) -> Option<R> {
        // SAFETY: It is that of a table of raw sockets, which are freed by RCU (`raw_hash_sk()`).
        let nodes = unsafe { list::hlist(chain) };
        self.full(nodes, section, |socket| Seen::Raw(socket))
    }

    fn bound(&mut self, bucket: u32, section: rcu::Section<'_>) -> Option<R> {
        let allowance = self.allowance;
        bound_only::with_cookie(
            bucket,
            self.cookie,
            section,
            || allowance.spend(ENTRY),
            |namespace, socket| (self.found)(namespace.listed(), Seen::Bound(socket)),
        )?
    }

    /// Looks among the entries of a table that are full sockets, freed by RCU.
    fn full(
        &mut self,
        nodes: impl Iterator<Item = *const bindings::hlist_node>,
        section: rcu::Section<'_>,
        seen: impl for<'a, 'n> Fn(&'a Borrowed<'n, Sock>) -> Seen<'a, 'n>,
    ) -> Option<R> {
        for node in nodes.take(CHAIN) {
            self.allowance.spend(ENTRY);
            // SAFETY: The entries are valid in this section.
            let common = unsafe { SockCommon::from_raw(socket_of(node)) }?;
            if common.known_cookie() != self.cookie {
                continue;
            }
            // A listener that becomes a connection may have led to other kinds of sockets.
            if !common.as_full()?.is_freed_by_rcu() {
                return None;
            }
            return common.net(section).in_list(section)?.branded(|namespace| {
                // SAFETY: As above, and they are full sockets.
                let socket = unsafe { Borrowed::from_node(node, namespace) }?;
                (self.found)(namespace.listed(), seen(&socket))
            });
        }
        None
    }

    fn packets(&mut self, section: rcu::Section<'_>) -> Option<R> {
        self.net.listed(section).branded(|namespace| {
            for socket in PacketSocket::all(namespace).take(CHAIN) {
                self.allowance.spend(ENTRY);
                if socket.known_cookie() == self.cookie {
                    return (self.found)(namespace.listed(), Seen::Packet(&socket));
                }
            }
            None
        })
    }

    fn unix(&mut self, bucket: u32, section: rcu::Section<'_>) -> Option<R> {
        let mut left = CHAIN;
        let mut result = None;
        self.net.listed(section).branded(|namespace| {
            // What ends it early is no error.
            let _ = unix::for_each_in(namespace, bucket, |socket| {
                self.allowance.spend(ENTRY);
                left -= 1;
                if socket.known_cookie() == self.cookie {
                    result = (self.found)(namespace.listed(), Seen::Unix(socket));
                    return Err(());
                }
                if left > 0 {
                    Ok(())
                } else {
                    Err(())
                }
            });
        });
        result
    }

    /// Looks at an entry of a table of netlink.
    pub(super) fn port(&mut self, sk: *mut bindings::sock, section: rcu::Section<'_>) -> Option<R> {
        self.allowance.spend(PORT);
        // SAFETY: An entry of the table, which is freed by RCU.
        let common = unsafe { SockCommon::from_raw(sk) }?;
        if common.known_cookie() != self.cookie {
            return None;
        }
        common.net(section).in_list(section)?.branded(|namespace| {
            // SAFETY: As above.
            let socket = unsafe { NetlinkSocket::from_table(sk, namespace) }?;
            (self.found)(namespace.listed(), Seen::Netlink(&socket))
        })
    }
}

fn socket_of(node: *const bindings::hlist_node) -> *mut bindings::sock {
    let offset = bindings::RUST_CONST_SK_NODE as usize;
    node.cast::<u8>().wrapping_sub(offset).cast_mut().cast()
}
