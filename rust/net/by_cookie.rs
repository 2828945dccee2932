// SPDX-License-Identifier: GPL-2.0

//! Sockets by their cookie: the kernel has no table of these, so all tables are gone through.
//!
//! Each table is gone through once, whoever asks and for however many namespaces, those that are
//! shared first and then those that each namespace has of its own. It is done in parts, and a
//! [`Place`] says where the next one begins: a part ends when its [`Allowance`] is spent.
//!
//! A socket that moves from one table to another meanwhile may be passed over, and one that was
//! never asked for its cookie has none. Of a chain, the first 4096 sockets are looked at, and 1024 of
//! one of bound ports, whose lock is held. The sockets of vsock and of protocols without a table here
//! are not found.

use core::ptr::{addr_of, NonNull};

use super::{
    allowance::Allowance,
    inet::bound_only,
    list::{self, Nulls},
    namespace::{Alive, Listed, Namespace},
    netlink_socket::{self, NetlinkSocket, PortPlace, Unfinished},
    packet_socket::PacketSocket,
    rcu,
    socket::{Borrowed, Connection, Owned, Sock, SockCommon},
    unix::{self, UnixSocket},
};
use crate::bindings;

/// A socket that was found, by the table that it was found in.
pub enum Seen<'a, 'n> {
    /// A TCP connection.
    Connection(&'a Connection<'n>),
    /// A TCP listener.
    Listener(&'a Sock),
    /// A TCP socket that is bound, and neither listens nor is connected.
    Bound(&'a Owned<'n, Sock>),
    /// A UDP socket.
    Udp(&'a Sock),
    /// A raw socket.
    Raw(&'a Borrowed<'n, Sock>),
    /// A packet socket.
    Packet(&'a PacketSocket<'n>),
    /// A local socket.
    Unix(&'a UnixSocket<'n>),
    /// A netlink socket.
    Netlink(&'a NetlinkSocket<'n>),
}

/// How far a search has come; all zeroes at its beginning.
#[derive(Clone, Copy, Default, PartialEq)]
#[repr(C)]
pub struct Place {
    /// How many tables are done: of those that are shared, or of those of one namespace.
    table: u32,
    /// How many buckets of the next one are done.
    bucket: u32,
    port: PortPlace,
}

/// What came of a part of a search.
pub enum Part<R> {
    /// The socket was found, which ends it.
    Found(R),
    /// There is no such socket in these tables.
    Done,
    /// The allowance is spent.
    Paused,
}

/// The most sockets of one chain that are looked at.
const CHAIN: usize = 1 << 12;
/// What it takes to look at a socket, and at one in a table of netlink, in steps of the allowance.
const ENTRY: u32 = 2;
const PORT: u32 = 8;
/// How many empty buckets are passed at a time, and how many make a step.
const EMPTY: u32 = 64;
const EMPTY_IN_A_STEP: u32 = 2;

/// The tables that are shared, in the order in which they are gone through.
const SHARED: [Table; 6] = [
    Table::Connections,
    Table::Listeners,
    Table::Bound,
    Table::Udp,
    Table::Raw(&raw const bindings::raw_v4_hashinfo),
    Table::Raw(&raw const bindings::raw_v6_hashinfo),
];

/// A table of buckets.
#[derive(Clone, Copy)]
enum Table {
    Connections,
    Listeners,
    Bound,
    Udp,
    Raw(*const bindings::raw_hashinfo),
    Packets,
    Unix,
}

/// A search for one cookie.
struct Search<'a, F> {
    /// Whose tables are gone through: for those that are shared, the initial namespace.
    net: Alive<'a>,
    cookie: u64,
    allowance: &'a Allowance,
    /// Called with a socket that has the cookie; gives nothing if it is not one that is meant.
    found: F,
}

/// Goes through a part of the tables that namespaces share, `found` is called with the socket that
/// has the cookie and its namespace; what it gives ends the search, and if it gives nothing the
/// socket counts as not found. In a process; `found` must not sleep.
pub fn among_shared<R, F>(
    place: &mut Place,
    cookie: u64,
    allowance: &Allowance,
    found: F,
) -> Part<R>
where
    F: FnMut(Listed<'_>, Seen<'_, '_>) -> Option<R>,
{
    let mut search = Search {
        net: Alive::initial(),
        cookie,
        allowance,
        found,
    };
    while let Some(table) = SHARED.get(place.table as usize) {
        match search.table(*table, &mut place.bucket) {
            Part::Done => place.table += 1,
            part => return part,
        }
    }
    search.netlink(place)
}

/// The same, through the tables that a namespace shares with no other one.
pub fn among_own<R, F>(
    net: Alive<'_>,
    place: &mut Place,
    cookie: u64,
    allowance: &Allowance,
    found: F,
) -> Part<R>
where
    F: FnMut(Listed<'_>, Seen<'_, '_>) -> Option<R>,
{
    let mut search = Search {
        net,
        cookie,
        allowance,
        found,
    };
    let tables = [
        has_own_connections(net).then_some(Table::Connections),
        has_own_udp(net).then_some(Table::Udp),
        Some(Table::Packets),
        Some(Table::Unix),
    ];
    while let Some(table) = tables.get(place.table as usize) {
        if let Some(table) = table {
            match search.table(*table, &mut place.bucket) {
                Part::Done => {}
                part => return part,
            }
        }
        place.table += 1;
    }
    Part::Done
}

impl<R, F: FnMut(Listed<'_>, Seen<'_, '_>) -> Option<R>> Search<'_, F> {
    /// Goes on through a table, until it ends or the allowance does.
    fn table(&mut self, table: Table, bucket: &mut u32) -> Part<R> {
        let buckets = self.buckets(table);
        while *bucket < buckets {
            if self.allowance.is_spent() {
                return Part::Paused;
            }
            let guard = rcu::read_lock();
            let pause = self.allowance.pause();
            while *bucket < buckets && !self.allowance.is_at(pause) {
                self.pass_empty(table, bucket, buckets);
                if *bucket == buckets {
                    break;
                }
                if let Some(result) = self.bucket(table, *bucket as usize, (&guard).into()) {
                    return Part::Found(result);
                }
                self.allowance.spend(1);
                *bucket += 1;
            }
        }
        *bucket = 0;
        Part::Done
    }

    /// Passes some empty buckets of a large table. What comes into one meanwhile is as well overlooked
    /// as what comes behind us.
    fn pass_empty(&self, table: Table, bucket: &mut u32, buckets: u32) {
        let Some((first, distance)) = self.heads(table) else {
            return;
        };
        let begin = *bucket;
        let end = buckets.min(begin.saturating_add(EMPTY));
        let mut head = first.wrapping_add(begin as usize * distance);
        let empty = (begin..end).take_while(|_| {
            // SAFETY: The table has as many buckets, and is as long-lived as the namespace.
            let entry = unsafe { head.cast::<usize>().read_volatile() };
            head = head.wrapping_add(distance);
            // What ends a list that says where it ends is an odd number.
            entry == 0 || entry & 1 != 0
        });
        let passed = empty.count() as u32;
        *bucket = begin.saturating_add(passed);
        self.allowance.spend(passed.div_ceil(EMPTY_IN_A_STEP));
    }

    /// The head of the first list of a large table, and how far it is from there to that of the next.
    fn heads(&self, table: Table) -> Option<(*const u8, usize)> {
        // SAFETY: The namespace is valid; its tables are set when it is made, and as long-lived. Of
        // the buckets nothing is read.
        unsafe {
            let info = addr_of!((*self.net.as_ptr()).ipv4.tcp_death_row.hashinfo).read();
            let udp = addr_of!((*self.net.as_ptr()).ipv4.udp_table).read();
            match table {
                Table::Connections => Some((
                    addr_of!((*(*info).ehash).chain).cast(),
                    size_of::<bindings::inet_ehash_bucket>(),
                )),
                Table::Listeners => Some((
                    addr_of!((*(*info).lhash2).nulls_head).cast(),
                    size_of::<bindings::inet_listen_hashbucket>(),
                )),
                Table::Bound => Some((
                    addr_of!((*(*info).bhash2).chain).cast(),
                    size_of::<bindings::inet_bind_hashbucket>(),
                )),
                Table::Udp => Some((
                    addr_of!((*(*udp).hash).__bindgen_anon_1.head).cast(),
                    size_of::<bindings::udp_hslot>(),
                )),
                Table::Raw(_) | Table::Packets | Table::Unix => None,
            }
        }
    }

    /// How many buckets a table has.
    fn buckets(&self, table: Table) -> u32 {
        // SAFETY: The namespace is valid; its tables are set when it is made, and as long-lived.
        unsafe {
            let info = addr_of!((*self.net.as_ptr()).ipv4.tcp_death_row.hashinfo).read();
            let udp = addr_of!((*self.net.as_ptr()).ipv4.udp_table).read();
            match table {
                Table::Connections => (*info).ehash_mask.saturating_add(1),
                Table::Listeners => (*info).lhash2_mask.saturating_add(1),
                Table::Bound => bound_only::buckets(),
                Table::Udp => (*udp).mask.saturating_add(1),
                Table::Raw(_) => bindings::RUST_CONST_RAW_BUCKETS,
                Table::Packets => 1,
                Table::Unix => unix::BUCKETS,
            }
        }
    }

    /// Looks through one bucket, which has to be one of the table's.
    fn bucket(&mut self, table: Table, bucket: usize, section: rcu::Section<'_>) -> Option<R> {
        let net = self.net.as_ptr();
        match table {
            Table::Connections => self.connections(bucket, section),
            Table::Listeners => {
                // SAFETY: The namespace is valid, its table is as long-lived, and has as many
                // buckets; all that can be in them, or be led to from them by a listener that
                // becomes a connection, stays readable in a read-side section.
                let nodes = unsafe {
                    let info = addr_of!((*net).ipv4.tcp_death_row.hashinfo).read();
                    Nulls::new(addr_of!((*(*info).lhash2.add(bucket)).nulls_head))
                };
                let nodes = nodes.map(<*const _>::cast);
                self.full(nodes, section, |socket| Seen::Listener(socket))
            }
            Table::Bound => self.bound(bucket, section),
            Table::Udp => {
                // SAFETY: The namespace is valid, its table is as long-lived, and has as many
                // buckets; the sockets are freed by RCU.
                let nodes = unsafe {
                    let udp = addr_of!((*net).ipv4.udp_table).read();
                    list::hlist(addr_of!((*(*udp).hash.add(bucket)).__bindgen_anon_1.head))
                };
                self.full(nodes, section, |socket| Seen::Udp(socket))
            }
            Table::Raw(table) => {
                // SAFETY: There are as many buckets; the sockets are freed by RCU.
                let nodes = unsafe {
                    let heads = addr_of!((*table).ht).cast::<bindings::hlist_head>();
                    list::hlist(heads.add(bucket))
                };
                self.full(nodes, section, |socket| Seen::Raw(socket))
            }
            Table::Packets => self.packets(section),
            Table::Unix => self.unix(bucket, section),
        }
    }

    fn connections(&mut self, bucket: usize, section: rcu::Section<'_>) -> Option<R> {
        let mut looked_at = 0;
        while looked_at < CHAIN {
            // SAFETY: The namespace is valid, its table is as long-lived, and has as many buckets;
            // their entries stay readable in a read-side section (`SLAB_TYPESAFE_BY_RCU`).
            let mut nodes = unsafe {
                let net = self.net.as_ptr();
                let info = addr_of!((*net).ipv4.tcp_death_row.hashinfo).read();
                Nulls::new(addr_of!((*(*info).ehash.add(bucket)).chain))
            };
            for node in (&mut nodes).take(CHAIN - looked_at) {
                looked_at += 1;
                self.allowance.spend(ENTRY);
                if let Some(result) = self.connection(node.cast(), section) {
                    return Some(result);
                }
            }
            // Else a socket moved and led elsewhere: once more.
            if nodes.end() == Some(bucket) {
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

    fn bound(&mut self, bucket: usize, section: rcu::Section<'_>) -> Option<R> {
        let allowance = self.allowance;
        bound_only::with_cookie(
            bucket as u32,
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
            let held = common.net(section).hold()?;
            return held.alive().listed(section).branded(|namespace| {
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

    fn unix(&mut self, bucket: usize, section: rcu::Section<'_>) -> Option<R> {
        let mut left = CHAIN;
        let mut result = None;
        self.net.listed(section).branded(|namespace| {
            // What ends it early is no error.
            let _ = unix::for_each_in(namespace, bucket as u32, |socket| {
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

    /// Goes on through the sockets of netlink: all namespaces share the table of each protocol.
    fn netlink(&mut self, place: &mut Place) -> Part<R> {
        while place.bucket < bindings::MAX_LINKS {
            if self.allowance.is_spent() {
                return Part::Paused;
            }
            let look = |sk, section: rcu::Section<'_>| self.port(sk, section);
            match netlink_socket::some_with_ports(place.bucket, &mut place.port, look) {
                Ok(Some(found)) => return Part::Found(found),
                Ok(None) => {
                    place.bucket += 1;
                    place.port = PortPlace::default();
                    self.allowance.spend(PORT);
                }
                Err(Unfinished) => {}
            }
        }
        Part::Done
    }

    fn port(&mut self, sk: *mut bindings::sock, section: rcu::Section<'_>) -> Option<R> {
        self.allowance.spend(PORT);
        // SAFETY: An entry of the table, which is freed by RCU.
        let common = unsafe { SockCommon::from_raw(sk) }?;
        if common.known_cookie() != self.cookie {
            return None;
        }
        let held = common.net(section).hold()?;
        held.alive().listed(section).branded(|namespace| {
            // SAFETY: As above.
            let socket = unsafe { NetlinkSocket::from_table(sk, namespace) }?;
            (self.found)(namespace.listed(), Seen::Netlink(&socket))
        })
    }
}

/// Whether a namespace shares its table of TCP connections with no other one.
fn has_own_connections(net: Alive<'_>) -> bool {
    // SAFETY: The namespaces are valid; their tables are set when they are made.
    unsafe {
        addr_of!((*net.as_ptr()).ipv4.tcp_death_row.hashinfo).read()
            != addr_of!(bindings::init_net.ipv4.tcp_death_row.hashinfo).read()
    }
}

/// The same of its table of UDP.
fn has_own_udp(net: Alive<'_>) -> bool {
    // SAFETY: As above.
    unsafe {
        addr_of!((*net.as_ptr()).ipv4.udp_table).read()
            != addr_of!(bindings::init_net.ipv4.udp_table).read()
    }
}

fn socket_of(node: *const bindings::hlist_node) -> *mut bindings::sock {
    let offset = bindings::RUST_CONST_SK_NODE as usize;
    node.cast::<u8>().wrapping_sub(offset).cast_mut().cast()
}
