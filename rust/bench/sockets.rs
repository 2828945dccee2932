// SPDX-License-Identifier: GPL-2.0

//! The sockets that all designs hold, and the keys by which they are looked up.
//!
//! A socket is known by its place in one array, and the end of a chain by a place that is not in
//! it. So the comparison that ends a chain is the one that keeps an access inside the array, and a
//! place takes as many bytes as the pointer that the kernel has instead.

use kernel::prelude::*;

/// Where a socket is.
pub(crate) type Place = usize;

/// No socket, and the end of each chain.
pub(crate) const NONE: Place = usize::MAX;

/// The two ends of a connection over IPv4.
#[derive(Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) local: (u32, u16),
    pub(crate) remote: (u32, u16),
}

/// 10.0.0.2, which every namespace has.
const LOCAL: u32 = 0x0a00_0002;
/// 10.1.0.0/16, where the clients are.
const REMOTE: u32 = 0x0a01_0000;

impl Ends {
    /// The n-th connection to a server: port 8080, and a client anywhere in a network.
    ///
    /// The same n is the same connection in every namespace: names are not unique among them. There
    /// are 65,536 of them.
    pub(crate) fn of_server(n: usize) -> Self {
        // A step that is odd comes to every address.
        let scattered = n.wrapping_mul(40_503) as u16;
        Self {
            local: (LOCAL, 8080),
            remote: (
                REMOTE + u32::from(scattered),
                32_768 + (n * 7_919 % 28_232) as u16,
            ),
        }
    }

    /// The n-th of some that differ in few bits, and in all of the fields.
    pub(crate) fn alike(n: usize) -> Self {
        let bit = |number: usize| (n >> number) as u16 & 1;
        Self {
            local: (LOCAL + u32::from(bit(0)), 8080 + bit(1)),
            remote: (
                REMOTE + u32::from(bit(2)) + (u32::from(bit(3)) << 15),
                40_000 + (n >> 4) as u16,
            ),
        }
    }

    /// A connection that no socket has.
    pub(crate) fn of_nobody(n: usize) -> Self {
        let mut ends = Self::of_server(n);
        ends.remote.1 = 1;
        ends
    }
}

/// What a socket is looked up by: from the highest bits to the lowest its namespace, its own address,
/// the other's, and the ports of both.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(u128);

/// How many bits come after the namespace.
const BELOW_NAMESPACE: u32 = 96;

impl Key {
    pub(crate) fn new(namespace: usize, ends: Ends) -> Self {
        let ports = (u128::from(ends.remote.1) << 16) | u128::from(ends.local.1);
        let addresses = (u128::from(ends.local.0) << 64) | (u128::from(ends.remote.0) << 32);
        Self(addresses | ports).in_namespace(namespace)
    }

    /// The same ends in another namespace.
    #[inline(always)]
    pub(crate) fn in_namespace(self, namespace: usize) -> Self {
        let ends = self.0 & ((1 << BELOW_NAMESPACE) - 1);
        Self(ends | ((namespace as u128) << BELOW_NAMESPACE))
    }

    pub(crate) fn namespace(self) -> usize {
        (self.0 >> BELOW_NAMESPACE) as usize
    }

    #[inline(always)]
    pub(crate) fn bits(self) -> u128 {
        self.0
    }

    /// As the kernel's `inet_ehashfn()`: `jhash_3words()` of addresses and ports, from a start that
    /// is another in each namespace.
    #[inline(always)]
    pub(crate) fn hash(self) -> u32 {
        const SECRET: u32 = 0x5bd1_e995;
        let mix = (self.0 >> BELOW_NAMESPACE) as u32;
        let start = SECRET
            .wrapping_add(mix.wrapping_mul(0x9e37_79b1))
            .wrapping_add(0xdead_beef + (3 << 2));
        jhash_final(
            start.wrapping_add((self.0 >> 64) as u32),
            start.wrapping_add((self.0 >> 32) as u32),
            start.wrapping_add(self.0 as u32),
        )
    }
}

/// `__jhash_final()` of `include/linux/jhash.h`.
#[inline(always)]
fn jhash_final(mut a: u32, mut b: u32, mut c: u32) -> u32 {
    c = (c ^ b).wrapping_sub(b.rotate_left(14));
    a = (a ^ c).wrapping_sub(c.rotate_left(11));
    b = (b ^ a).wrapping_sub(a.rotate_left(25));
    c = (c ^ b).wrapping_sub(b.rotate_left(16));
    a = (a ^ c).wrapping_sub(c.rotate_left(4));
    b = (b ^ a).wrapping_sub(a.rotate_left(14));
    (c ^ b).wrapping_sub(b.rotate_left(24))
}

/// A socket, as far as a lookup reads it: one cache line.
#[repr(align(64))]
pub(crate) struct Socket {
    pub(crate) key: Key,
    /// The next in the same chain.
    pub(crate) next: Place,
    /// Known to nobody before it is read.
    pub(crate) cookie: u64,
    /// Of the key, kept so that most of those in a chain are passed over by one comparison.
    pub(crate) hash: u32,
}

/// All of them.
pub(crate) struct Sockets(VVec<Socket>);

impl Sockets {
    pub(crate) fn with_capacity(number: usize) -> Result<Self> {
        Ok(Self(VVec::with_capacity(number, GFP_KERNEL)?))
    }

    pub(crate) fn push(&mut self, key: Key) -> Result {
        let socket = Socket {
            key,
            next: NONE,
            cookie: self.0.len() as u64,
            hash: key.hash(),
        };
        Ok(self.0.push(socket, GFP_KERNEL)?)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Those of one namespace, where they come in the order of theirs.
    pub(crate) fn of_namespace(&self, namespace: usize) -> &[Socket] {
        let begin = self
            .0
            .partition_point(|socket| socket.key.namespace() < namespace);
        let end = self
            .0
            .partition_point(|socket| socket.key.namespace() <= namespace);
        self.0.get(begin..end).unwrap_or(&[])
    }

    /// The socket at a place, or none at the end of a chain.
    #[inline(always)]
    pub(crate) fn get(&self, place: Place) -> Option<&Socket> {
        self.0.get(place)
    }

    /// The same for whoever names a place that there is.
    pub(crate) fn at(&self, place: Place) -> Result<&Socket> {
        self.0.get(place).ok_or(EINVAL)
    }

    pub(crate) fn at_mut(&mut self, place: Place) -> Result<&mut Socket> {
        self.0.get_mut(place).ok_or(EINVAL)
    }
}
