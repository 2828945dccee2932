// SPDX-License-Identifier: GPL-2.0

//! Where a namespace's hash tables of sockets are, and how many buckets they have.
//!
//! They are set when the namespace is made (`tcp_set_hashinfo()`, `udp_set_table()`), and are its own
//! or those of the initial one, which were made at boot. Its own are freed at its `exit`
//! (`tcp_sk_exit_batch()`, `udp_pernet_exit()`). What is said here of a table never changes, but for
//! what its buckets lead to.
//!
//! C headers: [`include/net/inet_hashtables.h`](srctree/include/net/inet_hashtables.h),
//! [`include/linux/udp.h`](srctree/include/linux/udp.h),
//! [`include/net/raw.h`](srctree/include/net/raw.h)

use core::{
    marker::PhantomData,
    mem::offset_of,
    ptr::{addr_of, eq},
};

use kernel::ffi::c_int;

use super::namespace::{Alive, Listed};
use crate::bindings::{
    hlist_head, hlist_nulls_head, inet_bind_hashbucket, inet_ehash_bucket, inet_hashinfo,
    inet_listen_hashbucket, net, raw_hashinfo, raw_v4_hashinfo, raw_v6_hashinfo, udp_hslot,
    udp_hslot_main, udp_table, RUST_CONST_RAW_BUCKETS,
};

/// The tables of a namespace, which are there for all of `'a`.
///
/// # Invariants
///
/// The pointer leads to a namespace that does not come to its `exit` during `'a`.
#[derive(Clone, Copy)]
pub(super) struct Tables<'a>(*const net, PhantomData<&'a ()>);

impl<'a> From<Alive<'a>> for Tables<'a> {
    fn from(net: Alive<'a>) -> Self {
        // INVARIANT: It does not even come to the end of `pre_exit`.
        Self(net.as_ptr(), PhantomData)
    }
}

impl<'a> From<Listed<'a>> for Tables<'a> {
    fn from(net: Listed<'a>) -> Self {
        // INVARIANT: That is what it is evidence of.
        Self(net.as_ptr(), PhantomData)
    }
}

impl<'a> Tables<'a> {
    fn tcp(self) -> &'a inet_hashinfo {
        // SAFETY: By the type invariants, and nobody writes to it.
        let tables = unsafe { addr_of!((*self.0).ipv4.tcp_death_row.hashinfo).read() };
        // SAFETY: As above: it is not freed before `exit`.
        unsafe { &*tables }
    }

    fn udp(self) -> &'a udp_table {
        // SAFETY: By the type invariants, and nobody writes to it.
        let tables = unsafe { addr_of!((*self.0).ipv4.udp_table).read() };
        // SAFETY: As above: it is not freed before `exit`.
        unsafe { &*tables }
    }

    /// TCP connections, by both ends.
    pub(super) fn connections(self) -> Buckets<'a, inet_ehash_bucket> {
        let tables = self.tcp();
        // INVARIANT: As `inet_pernet_hashinfo_alloc()` and `tcp_init()` make it.
        Buckets::new(tables.ehash, tables.ehash_mask.saturating_add(1))
    }

    /// TCP listeners, by address and port; all namespaces share it.
    pub(super) fn listeners(self) -> Buckets<'a, inet_listen_hashbucket> {
        let tables = self.tcp();
        // INVARIANT: As `inet_hashinfo2_init()` makes it.
        Buckets::new(tables.lhash2, tables.lhash2_mask.saturating_add(1))
    }

    /// TCP sockets that hold a port, by that; all namespaces share it.
    pub(super) fn bound_by_port(self) -> Buckets<'a, inet_bind_hashbucket> {
        let tables = self.tcp();
        // INVARIANT: As `tcp_init()` makes it.
        Buckets::new(tables.bhash, tables.bhash_size)
    }

    /// TCP sockets that hold a port, by address and port; all namespaces share it.
    pub(super) fn bound_by_end(self) -> Buckets<'a, inet_bind_hashbucket> {
        let tables = self.tcp();
        // INVARIANT: As `tcp_init()` makes it.
        Buckets::new(tables.bhash2, tables.bhash_size)
    }

    /// UDP sockets, by port.
    pub(super) fn udp_by_port(self) -> Buckets<'a, udp_hslot> {
        let tables = self.udp();
        // INVARIANT: As `udp_pernet_table_alloc()` and `udp_table_init()` make it.
        Buckets::new(tables.hash, tables.mask.saturating_add(1))
    }

    /// UDP sockets, by address and port.
    pub(super) fn udp_by_end(self) -> Buckets<'a, udp_hslot_main> {
        let tables = self.udp();
        // INVARIANT: As `udp_pernet_table_alloc()` and `udp_table_init()` make it.
        Buckets::new(tables.hash2, tables.mask.saturating_add(1))
    }

    /// Whether the table of TCP connections is that of the initial namespace.
    pub(super) fn has_shared_connections(self) -> bool {
        eq(self.tcp(), Tables::from(Alive::initial()).tcp())
    }

    /// Whether the tables of UDP are those of the initial namespace.
    pub(super) fn has_shared_udp(self) -> bool {
        eq(self.udp(), Tables::from(Alive::initial()).udp())
    }
}

/// Raw sockets of IPv4, by protocol; all namespaces share it.
pub(super) fn raw_v4() -> Buckets<'static, hlist_head> {
    raw(&raw const raw_v4_hashinfo)
}

/// Raw sockets of IPv6.
pub(super) fn raw_v6() -> Buckets<'static, hlist_head> {
    raw(&raw const raw_v6_hashinfo)
}

fn raw(table: *const raw_hashinfo) -> Buckets<'static, hlist_head> {
    // SAFETY: Both callers have a static of the kernel; nothing is read.
    let buckets = unsafe { addr_of!((*table).ht) };
    // INVARIANT: It is an array of as many.
    Buckets::new(buckets.cast_mut().cast(), RUST_CONST_RAW_BUCKETS)
}

/// A bucket of a table, in which a chain begins.
pub(super) trait Bucket {
    /// The head of the chain: one word, which is 0 or odd if there is nothing in it.
    type Head;
    /// Where in the bucket it is.
    const OFFSET: usize;
}

impl Bucket for inet_ehash_bucket {
    type Head = hlist_nulls_head;
    const OFFSET: usize = offset_of!(Self, chain);
}

impl Bucket for inet_listen_hashbucket {
    type Head = hlist_nulls_head;
    const OFFSET: usize = offset_of!(Self, nulls_head);
}

impl Bucket for inet_bind_hashbucket {
    type Head = hlist_head;
    const OFFSET: usize = offset_of!(Self, chain);
}

impl Bucket for udp_hslot {
    type Head = hlist_head;
    const OFFSET: usize = offset_of!(Self, __bindgen_anon_1);
}

impl Bucket for udp_hslot_main {
    type Head = hlist_head;
    const OFFSET: usize = offset_of!(Self, hslot) + udp_hslot::OFFSET;
}

impl Bucket for hlist_head {
    type Head = Self;
    const OFFSET: usize = 0;
}

/// A bucket that counts what is in it.
pub(super) trait Counting: Bucket {
    /// Where in the bucket the number is.
    const COUNT: usize;
}

impl Counting for udp_hslot {
    const COUNT: usize = offset_of!(Self, count);
}

impl Counting for udp_hslot_main {
    const COUNT: usize = offset_of!(Self, hslot) + udp_hslot::COUNT;
}

/// The buckets of a table.
///
/// # Invariants
///
/// There are as many behind the pointer, a power of two of them, for all of `'a`.
#[derive(Clone, Copy)]
pub(super) struct Buckets<'a, B> {
    first: *mut B,
    count: u32,
    _tables: PhantomData<&'a ()>,
}

impl<B: Bucket> Buckets<'_, B> {
    /// To be called for what the type invariants say.
    fn new(first: *mut B, count: u32) -> Self {
        Self {
            first,
            count,
            _tables: PhantomData,
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// The bucket with a number; `None` if there are not as many.
    pub(super) fn bucket(&self, number: u32) -> Option<*mut B> {
        (number < self.count).then(|| self.first.wrapping_add(number as usize))
    }

    /// The bucket for a hash.
    pub(super) fn bucket_of(&self, hash: u32) -> *mut B {
        let number = hash & self.count.wrapping_sub(1);
        self.first.wrapping_add(number as usize)
    }

    /// The head of the chain in the bucket with a number; `None` if there are not as many.
    pub(super) fn chain(&self, number: u32) -> Option<*const B::Head> {
        self.bucket(number).map(head)
    }

    /// The head of the chain in the bucket for a hash.
    pub(super) fn chain_of(&self, hash: u32) -> *const B::Head {
        head(self.bucket_of(hash))
    }

    /// How many buckets are empty from the one with a number on, of at most `most`. What comes into one
    /// meanwhile may be overlooked.
    pub(super) fn count_empty(&self, from: u32, most: u32) -> u32 {
        let end = self.count.min(from.saturating_add(most));
        let is_empty = |number: &u32| {
            let head = head(self.first.wrapping_add(*number as usize)).cast::<usize>();
            // SAFETY: By the type invariants there are as many; each is a word. Volatile as
            // `READ_ONCE()`.
            let entry = unsafe { head.read_volatile() };
            // What ends a list that says where it ends is an odd number.
            entry == 0 || entry & 1 != 0
        };
        (from..end).take_while(is_empty).count() as u32
    }
}

impl<B: Counting> Buckets<'_, B> {
    /// How many sockets are in the bucket for a hash.
    pub(super) fn sockets_of(&self, hash: u32) -> u32 {
        let count = self.bucket_of(hash).wrapping_byte_add(B::COUNT);
        // SAFETY: It is the number in a bucket, an `int`. Volatile: others count meanwhile.
        let count = unsafe { count.cast::<c_int>().read_volatile() };
        u32::try_from(count).unwrap_or(0)
    }
}

fn head<B: Bucket>(bucket: *mut B) -> *const B::Head {
    bucket.cast_const().wrapping_byte_add(B::OFFSET).cast()
}
