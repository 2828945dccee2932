// SPDX-License-Identifier: GPL-2.0

//! TCP sockets that are bound, and neither listen nor are connected: nobody sends to them, and yet
//! they hold their port.
//!
//! They are in the table by which `bind()` finds conflicts alone, beside all others of the port,
//! `tcp_diag_dump()`. Its entries are freed without RCU, so its locks are taken; a bounded part of
//! one chain or two is looked at.
//!
//! C header: [`include/net/inet_hashtables.h`](srctree/include/net/inet_hashtables.h)

use core::{
    array,
    ptr::{addr_of, addr_of_mut, eq, NonNull},
};

use super::{hashes::hashes_of_end, Family, Tuple};
use crate::{
    bindings,
    net::{
        allowance::Allowance,
        list,
        namespace::{Alive, Namespace},
        owner, rcu,
        socket::{Owned, Sock, SockCommon},
        socket_tables::Tables,
    },
};

/// How many sockets are kept.
const KEPT: usize = 12;
/// How many entries are looked at with the lock of a chain held.
const LOOKED_AT: usize = 1 << 10;
/// What it takes to look at one, in steps of the allowance.
const SOCKET: u32 = 3;

/// Sockets that are only bound.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     allowance::Allowance,
///     inet::{BoundOnly, Family, Tuple},
///     namespace::Namespace,
/// };
///
/// /// Tells of the sockets that hold an end and do nothing with it.
/// fn log<F: Family>(namespace: Namespace<'_>, tuple: &Tuple<F>, allowance: &Allowance) {
///     let holds = |socket: &_| F::holds_local_end(socket, tuple);
///     let found = BoundOnly::find(namespace, tuple, allowance, &holds);
///     for socket in found.sockets() {
///         pr_info!("one of {}: socket {}\n", found.count, socket.cookie());
///     }
/// }
/// ```
pub struct BoundOnly<'n> {
    kept: [Option<Owned<'n, Sock>>; KEPT],
    /// How many there are; not all of them need be kept.
    pub count: u32,
}

impl<'n> BoundOnly<'n> {
    /// Those for which `holds` says that they hold the local end of a tuple, on its device if it has
    /// one. In a process; `holds` must not sleep.
    pub fn find<F: Family>(
        namespace: Namespace<'n>,
        tuple: &Tuple<F>,
        allowance: &Allowance,
        holds: &dyn Fn(&SockCommon) -> bool,
    ) -> Self {
        let buckets = Tables::from(namespace.listed()).bound_by_end();
        let mut found = Self {
            kept: array::from_fn(|_| None),
            count: 0,
        };
        let mut places = hashes_of_end(namespace, tuple).map(|hash| buckets.bucket_of(hash));
        let (first, second) = (places.next(), places.next());
        let second = second.filter(|second| first.is_none_or(|first| !eq(first, *second)));
        for bucket in first.into_iter().chain(second) {
            // SAFETY: It is one of the buckets, which are never freed.
            let bucket = unsafe { Locked::new(bucket) };
            found.look_in(&bucket, namespace, allowance, &|socket| {
                let devices = [0, tuple.device, tuple.slave];
                let is_there = tuple.device == 0 || devices.contains(&socket.bound_device());
                is_there && holds(socket)
            });
        }
        found
    }

    /// The sockets that are kept.
    pub fn sockets(&self) -> impl Iterator<Item = &Owned<'n, Sock>> {
        self.kept.iter().flatten()
    }

    fn look_in(
        &mut self,
        bucket: &Locked,
        namespace: Namespace<'n>,
        allowance: &Allowance,
        is_meant: &dyn Fn(&SockCommon) -> bool,
    ) {
        let net = namespace.object().as_ptr();
        let mut left = LOOKED_AT;
        for owners in bucket.owners() {
            // SAFETY: With the lock held, the list and what is in it stay as they are.
            let mut sockets = unsafe { list::hlist(owners) }.map(socket_of).peekable();
            // All of a list are of one namespace and one port.
            let is_own = sockets.peek().is_some_and(|sk| {
                // SAFETY: It is in the list: a socket, of whatever kind.
                eq(unsafe { owner::of_socket(*sk) }, net)
            });
            for sk in sockets {
                if left == 0 || allowance.is_spent() {
                    allowance.leave_out();
                    return;
                }
                left -= 1;
                allowance.spend(SOCKET);
                if !is_own {
                    break;
                }
                // SAFETY: As above.
                let socket = unsafe { SockCommon::from_raw(sk.cast()) };
                let full = socket.filter(|socket| socket.is_closed() && is_meant(socket));
                if let Some(full) = full.and_then(SockCommon::as_full) {
                    self.keep(full, namespace);
                }
            }
        }
    }

    fn keep(&mut self, socket: &Sock, namespace: Namespace<'n>) {
        self.count = self.count.saturating_add(1);
        if let Some(place) = self.kept.iter_mut().find(|place| place.is_none()) {
            let sk = NonNull::from(socket).cast();
            // SAFETY: A socket leaves this table under the lock, which is held, before its last
            // reference is given back (`inet_put_port()`).
            *place = unsafe { Owned::hold(sk, namespace) };
        }
    }
}

/// Calls `f` with the socket that is only bound and has a cookie, of those in the bucket with a number,
/// and with its namespace; `None` if there is none, or its namespace is not in the list. Each socket
/// that is looked at is told to `looked_at`. In a process; neither must sleep.
pub(in crate::net) fn with_cookie<R>(
    number: u32,
    cookie: u64,
    section: rcu::Section<'_>,
    looked_at: impl Fn(),
    f: impl for<'n> FnOnce(Namespace<'n>, &Owned<'n, Sock>) -> R,
) -> Option<R> {
    let buckets = Tables::from(Alive::initial()).bound_by_end();
    let bucket = buckets.bucket(number)?;
    // Most are empty, which takes no lock: what comes into one meanwhile is as well overlooked as what
    // comes behind us.
    if buckets.count_empty(number, 1) > 0 {
        return None;
    }
    // SAFETY: It is one of the buckets, which are never freed.
    let bucket = unsafe { Locked::new(bucket) };
    let is_meant = |sk: *const bindings::sock_common| {
        looked_at();
        // SAFETY: It is in one of the lists: a socket, of whatever kind.
        let socket = unsafe { SockCommon::from_raw(sk.cast_mut().cast()) }?;
        let is_meant = socket.is_closed() && socket.known_cookie() == cookie;
        socket.as_full().filter(|_| is_meant)
    };
    // SAFETY: With the lock held, the lists and what is in them stay as they are.
    let lists = bucket.owners().map(|owners| unsafe { list::hlist(owners) });
    let mut sockets = lists.flatten().map(socket_of).take(LOOKED_AT);
    let socket = sockets.find_map(is_meant)?;
    drop(sockets);
    socket.net(section).in_list(section)?.branded(|namespace| {
        // SAFETY: As in `keep`: the lock is held.
        let socket = unsafe { Owned::hold(NonNull::from(socket).cast(), namespace) }?;
        drop(bucket);
        Some(f(namespace, &socket))
    })
}

/// A bucket of one of the tables of bound ports, whose lock is held.
pub(super) struct Locked(*mut bindings::inet_bind_hashbucket);

impl Locked {
    /// # Safety
    ///
    /// The bucket must be valid until this is dropped.
    pub(super) unsafe fn new(bucket: *mut bindings::inet_bind_hashbucket) -> Self {
        // SAFETY: The bucket is valid, by the safety requirement.
        let lock = unsafe { addr_of_mut!((*bucket).lock) };
        // SAFETY: As before. Others take it in softirqs, which do not run while interrupts are off.
        unsafe { kernel::bindings::spin_lock_irq_disable(lock.cast()) };
        Self(bucket)
    }

    /// What is in it.
    pub(super) fn chain(&self) -> *const bindings::hlist_head {
        // SAFETY: The bucket is valid; nothing is read.
        unsafe { addr_of!((*self.0).chain) }
    }

    /// The lists of sockets that hold an address and a port.
    fn owners(&self) -> impl Iterator<Item = *const bindings::hlist_head> + '_ {
        // SAFETY: The bucket is valid, and its chain is changed and its entries are freed with the
        // lock held only.
        let entries = unsafe { list::hlist(self.chain()) };
        entries.map(|node| {
            let offset = core::mem::offset_of!(bindings::inet_bind2_bucket, node);
            let entry = node.cast::<u8>().wrapping_sub(offset);
            let entry = entry.cast::<bindings::inet_bind2_bucket>();
            // SAFETY: It is an entry, see above; nothing is read.
            unsafe { addr_of!((*entry).owners) }
        })
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // SAFETY: The bucket is valid, by the safety requirement of `new`.
        let lock = unsafe { addr_of_mut!((*self.0).lock) };
        // SAFETY: It is held.
        unsafe { kernel::bindings::spin_unlock_irq_enable(lock.cast()) };
    }
}

/// The socket that the link of a list of bound ones is in.
pub(super) fn socket_of(node: *const bindings::hlist_node) -> *const bindings::sock_common {
    let offset = bindings::RUST_CONST_SK_BIND_NODE as usize;
    node.cast::<u8>().wrapping_sub(offset).cast()
}
