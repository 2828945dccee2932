// SPDX-License-Identifier: GPL-2.0

//! How many sockets does a lookup of UDP go over?
//!
//! The kernel counts what is in each bucket. A lookup cannot stop halfway: whoever asks for many
//! knows by this beforehand what it takes.
//!
//! C header: [`include/net/udp.h`](srctree/include/net/udp.h)

use super::{bound_devices::hashes_of_end, port_ends::hash_of_port, Family, Port, Tuple};
use crate::net::{namespace::Namespace, socket_tables::Tables};

/// How many it goes over if it finds one with the local end of a tuple: those at its address, and
/// at none. Any context.
pub fn sockets_of_end<F: Family>(namespace: Namespace<'_>, tuple: &Tuple<F>) -> u32 {
    let buckets = Tables::from(namespace.listed()).udp_by_end();
    hashes_of_end(namespace, tuple)
        .map(|hash| buckets.sockets_of(hash))
        .fold(0, u32::saturating_add)
}

/// How many more if it finds none: those of the port, whatever their address, since one may just be
/// changing that (`udp4_lib_lookup1()`). Any context.
pub fn sockets_of_port(namespace: Namespace<'_>, port: Port) -> u32 {
    let buckets = Tables::from(namespace.listed()).udp_by_port();
    buckets.sockets_of(hash_of_port(namespace, port))
}
