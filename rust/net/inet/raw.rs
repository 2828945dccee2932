// SPDX-License-Identifier: GPL-2.0

//! Raw sockets: any number of them gets a packet of their protocol.
//!
//! The kernel has no function that finds them, but exports its table and the condition under which
//! a socket matches (`raw_v4_input()`, `ipv6_raw_deliver()`).
//!
//! C headers: [`include/net/raw.h`](srctree/include/net/raw.h),
//! [`include/net/rawv6.h`](srctree/include/net/rawv6.h)

use kernel::ffi::c_int;

use super::{Family, Tuple};
use crate::{
    bindings,
    net::{
        allowance::Allowance,
        list,
        namespace::Namespace,
        socket::{Borrowed, Sock},
    },
};

/// What raw sockets are looked up by.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     inet::{self, Family, RawKey, Tuple},
///     namespace::Namespace,
/// };
///
/// /// How many raw sockets get a packet of ICMP that comes from the other end of a tuple.
/// fn count<F: Family>(namespace: Namespace<'_>, tuple: &Tuple<F>) -> usize {
///     inet::raw_sockets(namespace, RawKey::new(F::ICMP, tuple)).count()
/// }
/// ```
#[derive(Clone, Copy)]
pub struct RawKey<F: Family> {
    /// The protocol over IP.
    pub protocol: u8,
    /// The address of this end.
    pub local: F::Address,
    /// The address of the other end.
    pub remote: F::Address,
    /// The index of the device, `dif` in C.
    pub device: c_int,
    /// The index of the slave of an L3 master, `sdif` in C.
    pub slave: c_int,
}

impl<F: Family> RawKey<F> {
    /// The same ends and devices as those of a tuple.
    pub fn new(protocol: u8, tuple: &Tuple<F>) -> Self {
        Self {
            protocol,
            local: tuple.local,
            remote: tuple.remote,
            device: tuple.device,
            slave: tuple.slave,
        }
    }
}

/// The raw sockets of the namespace that match. Any context.
///
/// See the example of [`RawKey`].
pub fn raw_sockets<'n, F: Family>(
    namespace: Namespace<'n>,
    key: RawKey<F>,
) -> impl Iterator<Item = Borrowed<'n, Sock>> {
    of_namespace(namespace, chain(namespace, key))
        // SAFETY: It is of this table.
        .filter(move |socket| unsafe { F::raw_matches(namespace, socket, &key) })
}

/// What it takes to look at a socket, in steps of the allowance.
const SOCKET: u32 = 2;

/// The same, for a question: without a device, each is asked about the one that it is bound to. As
/// many of the chain are looked at as the allowance has steps. Any context.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     allowance::Allowance,
///     inet::{self, Family, RawKey},
///     namespace::Namespace,
/// };
///
/// /// Tells of the raw sockets that a key without a device is for.
/// fn log<F: Family>(namespace: Namespace<'_>, key: RawKey<F>, allowance: &Allowance) {
///     for socket in inet::raw_sockets_asked_for(namespace, key, allowance) {
///         pr_info!("device {}: {}\n", socket.bound_device(), socket.cookie());
///     }
/// }
/// ```
pub fn raw_sockets_asked_for<'a, 'n, F: Family>(
    namespace: Namespace<'n>,
    key: RawKey<F>,
    allowance: &'a Allowance,
) -> impl Iterator<Item = Borrowed<'n, Sock>> + use<'a, 'n, F> {
    of_namespace(namespace, allowance.each(chain(namespace, key), SOCKET)).filter(move |socket| {
        let device = match key.device {
            0 => socket.bound_device(),
            device => device,
        };
        // SAFETY: It is of this table.
        unsafe { F::raw_matches(namespace, socket, &RawKey { device, ..key }) }
    })
}

/// The chain of the key's protocol, in which other namespaces have sockets as well.
fn chain<'n, F: Family>(
    namespace: Namespace<'n>,
    key: RawKey<F>,
) -> impl Iterator<Item = *const bindings::hlist_node> + use<'n, F> {
    // SAFETY: The namespace is valid, and the table one of the kernel's, by the requirement of `Family`.
    // `raw_hashfunc()` gives none of its buckets that is not there.
    let bucket = unsafe {
        bindings::rust_helper_raw_bucket(
            F::raw_table(),
            namespace.object().as_ptr(),
            key.protocol.into(),
        )
    };
    // SAFETY: The namespace is evidence of a read-side section, in which raw sockets are not freed
    // (`SOCK_RCU_FREE`, `raw_hash_sk()`).
    unsafe { list::hlist(bucket) }
}

/// The namespace's raw sockets in a chain of [`chain`].
fn of_namespace<'n>(
    namespace: Namespace<'n>,
    chain: impl Iterator<Item = *const bindings::hlist_node>,
) -> impl Iterator<Item = Borrowed<'n, Sock>> {
    // SAFETY: The entries of this table are full sockets.
    chain.filter_map(move |node| unsafe { Borrowed::from_node(node, namespace) })
}
