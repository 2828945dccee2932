// SPDX-License-Identifier: GPL-2.0

//! Sockets by their cookie: the kernel has no table of these, so all tables are gone through.
//!
//! A socket that moves from one table to another meanwhile may be passed over, and one that was
//! never asked for its cookie has none. The sockets of vsock, of protocols without a table here,
//! and those of TCP that are neither connected nor listening, are not found.

use core::ptr::{addr_of, NonNull};
use kernel::sync::rcu;

use super::{
    list::{self, Nulls},
    namespace::{Alive, Listed, Namespace},
    netlink_socket::{self, NetlinkSocket},
    packet_socket::PacketSocket,
    socket::{Borrowed, Common, Connection, Full},
    unix::{self, UnixSocket},
};
use crate::bindings;

/// A socket that was found, by the table that it was found in.
pub enum Seen<'a, 'n> {
    /// A TCP connection.
    Connection(&'a Connection<'n>),
    /// A TCP listener.
    Listener(&'a Full),
    /// A UDP socket.
    Udp(&'a Full),
    /// A raw socket.
    Raw(&'a Borrowed<'n, Full>),
    /// A packet socket.
    Packet(&'a PacketSocket<'n>),
    /// A local socket.
    Unix(&'a UnixSocket<'n>),
    /// A netlink socket.
    Netlink(&'a NetlinkSocket<'n>),
}

/// A search for one cookie.
struct Search<'a, F> {
    /// Whose tables are gone through.
    net: Alive<'a>,
    cookie: u64,
    /// Whether all namespaces are searched, each in a search of its own.
    everywhere: bool,
    /// Called with what was found, once.
    found: F,
}

/// Calls `found` with the socket that has a cookie and its namespace, if it is one of `net`.
///
/// If namespaces are searched `everywhere`, the tables that they share are gone through in the name
/// of the initial one only, and then for the sockets of all. In a process; `found` must not sleep.
pub fn find<R, F>(net: Alive<'_>, cookie: u64, everywhere: bool, found: F) -> Option<R>
where
    F: FnMut(Listed<'_>, Seen<'_, '_>) -> R,
{
    let mut search = Search {
        net,
        cookie,
        everywhere,
        found,
    };
    search
        .connections()
        .or_else(|| search.listeners())
        .or_else(|| search.udp())
        .or_else(|| search.raw())
        .or_else(|| search.own())
}

impl<R, F: FnMut(Listed<'_>, Seen<'_, '_>) -> R> Search<'_, F> {
    fn connections(&mut self) -> Option<R> {
        // SAFETY: The namespace is valid; its tables are set when it is made, and as long-lived.
        let (table, mask, is_shared) = unsafe {
            let info = addr_of!((*self.net.as_ptr()).ipv4.tcp_death_row.hashinfo).read();
            let initial = addr_of!(bindings::init_net.ipv4.tcp_death_row.hashinfo).read();
            ((*info).ehash, (*info).ehash_mask, info == initial)
        };
        if !self.is_due(is_shared) {
            return None;
        }
        for bucket in 0..=mask as usize {
            let _guard = rcu::read_lock();
            loop {
                // SAFETY: There are as many buckets; their entries stay readable in a read-side
                // section (`SLAB_TYPESAFE_BY_RCU`).
                let mut nodes = unsafe { Nulls::new(addr_of!((*table.add(bucket)).chain)) };
                for node in &mut nodes {
                    if let Some(result) = self.connection(node.cast()) {
                        return Some(result);
                    }
                }
                // Else a socket moved and led elsewhere: once more.
                if nodes.end() == Some(bucket) {
                    break;
                }
            }
        }
        None
    }

    fn connection(&mut self, node: *const bindings::hlist_node) -> Option<R> {
        let guard = rcu::read_lock();
        let sk = socket_of(node);
        // SAFETY: An entry of the table, readable in this section.
        let common = unsafe { Common::from_raw(sk) }?;
        if common.known_cookie() != self.cookie {
            return None;
        }
        let found = |namespace: Namespace<'_>, connection: Connection<'_>| {
            // It may have been freed and used again before it was held.
            if connection.common().known_cookie() != self.cookie || !self.counts(namespace) {
                return None;
            }
            let seen = Seen::Connection(&connection);
            Some((self.found)(namespace.listed(), seen))
        };
        // SAFETY: As above.
        unsafe { Connection::hold(NonNull::new(sk)?, (&guard).into(), found) }?
    }

    /// Listeners: all namespaces share their table.
    fn listeners(&mut self) -> Option<R> {
        if !self.is_due(true) {
            return None;
        }
        // SAFETY: The namespace is valid; its tables are set when it is made, and as long-lived.
        let (table, mask) = unsafe {
            let info = addr_of!((*self.net.as_ptr()).ipv4.tcp_death_row.hashinfo).read();
            ((*info).lhash2, (*info).lhash2_mask)
        };
        (0..=mask as usize).find_map(|bucket| {
            let _guard = rcu::read_lock();
            // SAFETY: There are as many buckets, and all that can be in them, or be led to from them
            // by a listener that becomes a connection, stays readable in a read-side section.
            let nodes = unsafe { Nulls::new(addr_of!((*table.add(bucket)).nulls_head)) };
            self.full(nodes.map(<*const _>::cast), |socket| Seen::Listener(socket))
        })
    }

    fn udp(&mut self) -> Option<R> {
        // SAFETY: The namespace is valid; its tables are set when it is made, and as long-lived.
        let (table, mask, is_shared) = unsafe {
            let table = addr_of!((*self.net.as_ptr()).ipv4.udp_table).read();
            let initial = addr_of!(bindings::init_net.ipv4.udp_table).read();
            ((*table).hash, (*table).mask, table == initial)
        };
        if !self.is_due(is_shared) {
            return None;
        }
        (0..=mask as usize).find_map(|bucket| {
            let _guard = rcu::read_lock();
            // SAFETY: There are as many buckets; the sockets are freed by RCU.
            let nodes =
                unsafe { list::hlist(addr_of!((*table.add(bucket)).__bindgen_anon_1.head)) };
            self.full(nodes, |socket| Seen::Udp(socket))
        })
    }

    /// Raw sockets: all namespaces share their tables.
    fn raw(&mut self) -> Option<R> {
        if !self.is_due(true) {
            return None;
        }
        let tables = [
            &raw const bindings::raw_v4_hashinfo,
            &raw const bindings::raw_v6_hashinfo,
        ];
        tables.into_iter().find_map(|table| {
            (0..bindings::RUST_CONST_RAW_BUCKETS as usize).find_map(|bucket| {
                let _guard = rcu::read_lock();
                // SAFETY: There are as many buckets; the sockets are freed by RCU.
                let nodes = unsafe {
                    list::hlist(
                        addr_of!((*table).ht)
                            .cast::<bindings::hlist_head>()
                            .add(bucket),
                    )
                };
                self.full(nodes, |socket| Seen::Raw(socket))
            })
        })
    }

    /// Looks among the entries of a table that are full sockets, freed by RCU, in a read-side
    /// section.
    fn full(
        &mut self,
        nodes: impl Iterator<Item = *const bindings::hlist_node>,
        seen: impl for<'a, 'n> Fn(&'a Borrowed<'n, Full>) -> Seen<'a, 'n>,
    ) -> Option<R> {
        let guard = rcu::read_lock();
        for node in nodes {
            // SAFETY: The entries are valid in this section.
            let common = unsafe { Common::from_raw(socket_of(node)) }?;
            if common.known_cookie() != self.cookie {
                continue;
            }
            // A listener that becomes a connection may have led to other kinds of sockets.
            if !common.as_full()?.is_freed_by_rcu() {
                return None;
            }
            let net = common.net((&guard).into());
            let held = net.hold()?;
            return held.alive().listed((&guard).into()).branded(|namespace| {
                // SAFETY: As above, and they are full sockets.
                let socket = unsafe { Borrowed::from_node(node, namespace) }?;
                if !self.counts(namespace) {
                    return None;
                }
                Some((self.found)(namespace.listed(), seen(&socket)))
            });
        }
        None
    }

    /// The tables that no two namespaces share.
    fn own(&mut self) -> Option<R> {
        let guard = rcu::read_lock();
        let mut result = None;
        let listed = self.net.listed((&guard).into());
        listed.branded(|namespace| {
            let (net, cookie) = (listed, self.cookie);
            let mut packets = PacketSocket::all(namespace);
            if let Some(socket) = packets.find(|socket| socket.known_cookie() == cookie) {
                result = Some((self.found)(net, Seen::Packet(&socket)));
                return;
            }
            let stop = unix::for_each(namespace, |socket| match socket.known_cookie() == cookie {
                true => {
                    result = Some((self.found)(net, Seen::Unix(socket)));
                    Err(())
                }
                false => Ok(()),
            });
            if stop.is_err() {
                return;
            }
            for protocol in 0..bindings::MAX_LINKS {
                let stop = netlink_socket::for_each_port(namespace, protocol, |socket| {
                    if socket.known_cookie() == cookie {
                        result = Some((self.found)(net, Seen::Netlink(socket)));
                        return Err(kernel::error::code::EEXIST);
                    }
                    Ok(())
                });
                if stop.is_err() && result.is_some() {
                    return;
                }
            }
        });
        result
    }

    /// Whether a table is gone through in this search, and not in that of the initial namespace.
    fn is_due(&self, is_shared: bool) -> bool {
        !self.everywhere || !is_shared || *self.net == *Alive::initial()
    }

    /// Whether a socket of a namespace is one that is looked for.
    fn counts(&self, namespace: Namespace<'_>) -> bool {
        *namespace.object() == *self.net || self.everywhere && *self.net == *Alive::initial()
    }
}

fn socket_of(node: *const bindings::hlist_node) -> *mut bindings::sock {
    let offset = bindings::RUST_CONST_SK_NODE as usize;
    node.cast::<u8>().wrapping_sub(offset).cast_mut().cast()
}
