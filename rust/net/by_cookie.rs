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

mod look;
mod tables;

use super::{
    allowance::Allowance,
    namespace::{Alive, Listed},
    netlink_socket::{self, NetlinkSocket, PortPlace, Unfinished},
    packet_socket::PacketSocket,
    rcu,
    socket::{Borrowed, Connection, Owned, Sock},
    unix::UnixSocket,
};
use crate::bindings;

use self::{look::PORT, tables::Table};

/// A socket that was found, by the table that it was found in.
///
/// See the example of [`among_shared`].
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
///
/// See the example of [`among_shared`].
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
///
/// See the example of [`among_shared`].
pub enum Part<R> {
    /// The socket was found, which ends it.
    Found(R),
    /// There is no such socket in these tables.
    Done,
    /// The allowance is spent.
    Paused,
}

/// How many empty buckets are passed at a time, and how many make a step.
const EMPTY: u32 = 64;
const EMPTY_IN_A_STEP: u32 = 2;

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
///
/// # Examples
///
/// ```
/// use crate::net::{
///     allowance::Allowance,
///     by_cookie::{self, Part, Place, Seen},
///     namespace::{Alive, Listed},
/// };
///
/// /// The namespace of a UDP socket that is in a shared table, or in one of `net` alone; to be
/// /// called again with the same places when it has paused.
/// fn find(
///     net: Alive<'_>,
///     [shared, own]: &mut [Place; 2],
///     cookie: u64,
///     allowance: &Allowance,
/// ) -> Part<u64> {
///     let found = |listed: Listed<'_>, seen: Seen<'_, '_>| match seen {
///         Seen::Udp(_) => Some(listed.cookie()),
///         _ => None,
///     };
///     match by_cookie::among_shared(shared, cookie, allowance, found) {
///         Part::Done => by_cookie::among_own(net, own, cookie, allowance, found),
///         part => part,
///     }
/// }
/// ```
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
    while let Some(table) = Table::SHARED.get(place.table as usize) {
        match search.table(*table, &mut place.bucket) {
            Part::Done => place.table += 1,
            part => return part,
        }
    }
    search.netlink(place)
}

/// The same, through the tables that a namespace shares with no other one.
///
/// See the example of [`among_shared`].
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
    let tables = Table::own(net);
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
        let buckets = table.buckets(self.net);
        while *bucket < buckets {
            if self.allowance.is_spent() {
                return Part::Paused;
            }
            let guard = rcu::read_lock();
            let pause = self.allowance.pause();
            while *bucket < buckets && !self.allowance.is_at(pause) {
                self.pass_empty(table, bucket);
                if *bucket == buckets {
                    break;
                }
                if let Some(result) = self.bucket(table, *bucket, (&guard).into()) {
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
    fn pass_empty(&self, table: Table, bucket: &mut u32) {
        let passed = table.count_empty(self.net, *bucket, EMPTY);
        *bucket = bucket.saturating_add(passed);
        self.allowance.spend(passed.div_ceil(EMPTY_IN_A_STEP));
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
}
