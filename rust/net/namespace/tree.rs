// SPDX-License-Identifier: GPL-2.0

//! The kernel's tree of network namespaces, by their cookies.
//!
//! The tree says where in the list of namespaces to begin: to find one by its cookie, or to go on
//! after one, takes as many steps as the tree is high, and not as many as there are namespaces.
//!
//! The kernel's own function for it is not exported, and neither is the lock that says whether the
//! tree was turned meanwhile. Who searches it then may miss an entry, but comes to no wrong one: the
//! list, which is sorted alike, is followed from an earlier entry, and everybody is found.
//!
//! C header: [`include/linux/nstree.h`](srctree/include/linux/nstree.h)

use core::ptr::addr_of;

use super::Net;
use crate::{bindings, net::rcu};

/// More steps than a red-black tree has that fits into memory.
const HEIGHT: usize = 128;

/// The head of the list of all namespaces.
pub(super) fn head() -> *const bindings::list_head {
    // SAFETY: The tree is a static of the kernel.
    unsafe { addr_of!(bindings::net_ns_tree.ns_list_head) }
}

/// The entry of that list after which all namespaces come whose cookie is larger than `cookie`, and
/// hardly any others; the head, if there is none.
pub(super) fn entry_before(cookie: u64, _section: rcu::Section<'_>) -> *const bindings::list_head {
    let mut found = head();
    // SAFETY: As above. Volatile as `rcu_dereference()`.
    let mut node = unsafe { addr_of!(bindings::net_ns_tree.ns_rb.rb_node).read_volatile() };
    for _ in 0..HEIGHT {
        if node.is_null() {
            break;
        }
        let place = node.cast::<u8>().cast_const();
        let net = place.wrapping_sub(bindings::RUST_CONST_NET_TREE_NODE as usize);
        let entry = net.wrapping_add(bindings::RUST_CONST_NET_LIST_ENTRY as usize);
        let entry = entry.cast::<bindings::list_head>();
        // SAFETY: The nodes of this tree are in network namespaces. `cleanup_net()` takes one out
        // before the grace period that it waits for.
        let is_before = unsafe { Net::from_raw(net.cast()) }.cookie() <= cookie;
        let next = if is_before {
            // SAFETY: As above. Volatile as `rcu_dereference()`.
            unsafe { addr_of!((*node).rb_right).read_volatile() }
        } else {
            // SAFETY: As above. Volatile as `rcu_dereference()`.
            unsafe { addr_of!((*node).rb_left).read_volatile() }
        };
        // `ns_tree_node_add()` puts it into the tree first: it leads nowhere until it is in the
        // list. One that was taken out still leads to those behind it (`list_bidir_del_rcu()`).
        // SAFETY: As above.
        let is_listed = unsafe { addr_of!((*entry).next).read_volatile() }.cast_const() != entry;
        if is_before && is_listed {
            found = entry;
        }
        node = next;
    }
    found
}
