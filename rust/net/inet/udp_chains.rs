// SPDX-License-Identifier: GPL-2.0

//! How many sockets does a lookup of UDP go over?
//!
//! The kernel counts what is in each bucket. A lookup cannot stop halfway: whoever asks for many
//! knows by this beforehand what it takes.
//!
//! C header: [`include/net/udp.h`](srctree/include/net/udp.h)

use super::{
    hashes::{hash_of_port, hashes_of_end},
    Family, Port, Tuple,
};
use crate::net::{namespace::Namespace, socket_tables::Tables};

/// How many it goes over if it finds one with the local end of a tuple: those at its address, and
/// at none. Any context.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     allowance::Allowance,
///     inet::{udp_chains, Family, Tuple},
///     namespace::Namespace,
///     socket::Found,
/// };
///
/// /// Looks for a socket, if there are steps left for that.
/// fn find<'n, F: Family>(
///     namespace: Namespace<'n>,
///     tuple: &Tuple<F>,
///     allowance: &Allowance,
/// ) -> Option<Found<'n>> {
///     let at_end = udp_chains::sockets_of_end(namespace, tuple);
///     let of_port = udp_chains::sockets_of_port(namespace, tuple.local_port);
///     let steps = at_end.saturating_add(of_port);
///     allowance.covers(steps).then(|| {
///         allowance.spend(steps);
///         F::lookup_udp(namespace, tuple)
///     })
/// }
/// ```
pub fn sockets_of_end<F: Family>(namespace: Namespace<'_>, tuple: &Tuple<F>) -> u32 {
    let buckets = Tables::from(namespace.listed()).udp_by_end();
    hashes_of_end(namespace, tuple)
        .map(|hash| buckets.sockets_of(hash))
        .fold(0, u32::saturating_add)
}

/// How many more if it finds none: those of the port, whatever their address, since one may just be
/// changing that (`udp4_lib_lookup1()`). Any context.
///
/// See the example of [`sockets_of_end`].
pub fn sockets_of_port(namespace: Namespace<'_>, port: Port) -> u32 {
    let buckets = Tables::from(namespace.listed()).udp_by_port();
    buckets.sockets_of(hash_of_port(namespace, port))
}
