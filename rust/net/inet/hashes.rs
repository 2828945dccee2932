// SPDX-License-Identifier: GPL-2.0

//! Under which hashes are the sockets of an end, or of a port?
//!
//! C headers: [`include/net/ipv6.h`](srctree/include/net/ipv6.h),
//! [`include/net/netns/hash.h`](srctree/include/net/netns/hash.h)

use core::ptr::addr_of;

use super::{Family, Port, Tuple};
use crate::{bindings, net::namespace::Namespace};

/// The hashes under which sockets are that have the local end of a tuple, by its address and by
/// none; one if it has none.
pub(super) fn hashes_of_end<F: Family>(
    namespace: Namespace<'_>,
    tuple: &Tuple<F>,
) -> impl Iterator<Item = u32> {
    let hash = |address: &F::Address| {
        let address = F::any_family(address).mapped();
        // SAFETY: The namespace and the address are valid.
        unsafe {
            bindings::rust_helper_ipv6_portaddr_hash(
                namespace.object().as_ptr(),
                address.as_ptr(),
                tuple.local_port.number().into(),
            )
        }
    };
    let (bound, unbound) = (hash(&tuple.local), hash(&F::ANY));
    let is_other = bound != unbound;
    core::iter::once(bound).chain(is_other.then_some(unbound))
}

/// By which the sockets of a port are found, before it is cut to the size of a table.
pub(super) fn hash_of_port(namespace: Namespace<'_>, port: Port) -> u32 {
    // SAFETY: The namespace is valid. `net_hash_mix()`: set when it is made.
    let mix = unsafe { addr_of!((*namespace.object().as_ptr()).hash_mix).read() };
    u32::from(port.number()).wrapping_add(mix)
}
