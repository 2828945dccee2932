// SPDX-License-Identifier: GPL-2.0

//! What can be told of a namespace's tables without searching them.
//!
//! C headers: [`include/net/netns/ipv4.h`](srctree/include/net/netns/ipv4.h),
//! [`include/net/inet_hashtables.h`](srctree/include/net/inet_hashtables.h),
//! [`include/net/udp.h`](srctree/include/net/udp.h)

use core::{
    ptr::{addr_of, addr_of_mut},
    slice,
};
use kernel::{
    prelude::*,
    sync::atomic::{Atomic, Full},
};

use super::{
    namespace::{Alive, Listed},
    socket_tables::Tables,
};
use crate::bindings;

/// A namespace's table of one protocol.
///
/// # Examples
///
/// ```
/// use crate::net::{hashtables::Hashtable, namespace::Listed};
///
/// /// How many sockets of TCP there are for each bucket, if the namespace has its own.
/// fn load(namespace: Listed<'_>) -> Option<u32> {
///     let table = Hashtable::tcp(namespace);
///     let sockets = table.sockets.filter(|_| table.is_private)?;
///     sockets.checked_div(table.buckets)
/// }
/// ```
pub struct Hashtable {
    /// Whether its memory is the namespace's alone, and not that of the initial namespace.
    pub is_private: bool,
    /// How many buckets it has.
    pub buckets: u32,
    /// How many sockets of the protocol the namespace has, if the kernel tells it to modules.
    pub sockets: Option<u32>,
}

impl Hashtable {
    /// The table of TCP connections. Any context.
    pub fn tcp(net: Listed<'_>) -> Self {
        let tables = Tables::from(net);
        let protocols = [&raw mut bindings::tcp_prot, &raw mut bindings::tcpv6_prot];
        Self {
            is_private: !tables.has_shared_connections(),
            buckets: tables.connections().count(),
            sockets: Some(
                protocols
                    .into_iter()
                    .map(|protocol| in_use(net, protocol))
                    .sum(),
            ),
        }
    }

    /// The table of UDP. Any context.
    pub fn udp(net: Listed<'_>) -> Self {
        let tables = Tables::from(net);
        Self {
            is_private: !tables.has_shared_udp(),
            buckets: tables.udp_by_end().count(),
            // `udpv6_prot` is not exported.
            sockets: None,
        }
    }
}

/// A variable of a namespace: the size of a table that the namespaces get which are made in it; with
/// 0 they share that of the initial namespace.
///
/// See the example of [`child_sizes`].
pub struct ChildSize<'a> {
    variable: &'a Atomic<u32>,
    /// The largest that sysctl takes.
    largest: u32,
}

impl ChildSize<'_> {
    /// Whether sysctl would take a value.
    pub fn takes(&self, value: u32) -> bool {
        value <= self.largest
    }

    /// Sets the variable, and gives what it was; `EINVAL` if sysctl would not take the value. Any
    /// context.
    pub fn replace(&self, to: u32) -> Result<u32> {
        if !self.takes(to) {
            return Err(EINVAL);
        }
        Ok(self.variable.xchg(to, Full))
    }

    /// Sets the variable to what it was once, if it still is what it was set to; whether it was. Any
    /// context.
    pub fn restore(&self, from: u32, to: u32) -> bool {
        self.takes(to) && self.variable.cmpxchg(from, to, Full).is_ok()
    }
}

/// The variables of a namespace, `net.ipv4.tcp_child_ehash_entries` and
/// `net.ipv4.udp_child_hash_entries`; `ENOENT` where sysctl has none of that kind.
///
/// # Examples
///
/// ```
/// use crate::net::{hashtables, namespace::Alive};
///
/// /// Calls `f` while namespaces that are made in this one get a table of their own for TCP.
/// fn with_own_tables(net: Alive<'_>, f: impl FnOnce()) -> Result {
///     let [tcp, _] = hashtables::child_sizes(net)?;
///     let former = tcp.replace(1 << 10)?;
///     f();
///     tcp.restore(1 << 10, former);
///     Ok(())
/// }
/// ```
pub fn child_sizes(net: Alive<'_>) -> Result<[ChildSize<'_>; 2]> {
    let [tcp, udp] = child_variables(net.as_ptr());
    let [largest_tcp, largest_udp] = child_variables(initial()).map(largest);
    let size = |variable, largest: Option<u32>| -> Result<ChildSize<'_>> {
        Ok(ChildSize {
            // SAFETY: It is as long-lived as the namespace, and C reads and writes it in one access.
            variable: unsafe { Atomic::from_ptr(variable) },
            largest: largest.ok_or(ENOENT)?,
        })
    };
    Ok([size(tcp, largest_tcp)?, size(udp, largest_udp)?])
}

fn child_variables(net: *mut bindings::net) -> [*mut u32; 2] {
    // SAFETY: Both callers have a valid namespace; nothing is read.
    let tcp = unsafe { addr_of_mut!((*net).ipv4.sysctl_tcp_child_ehash_entries) };
    // SAFETY: As above.
    let udp = unsafe { addr_of_mut!((*net).ipv4.sysctl_udp_child_hash_entries) };
    [tcp, udp]
}

/// The largest value that sysctl takes for a variable of the initial namespace: what its entry says
/// to `proc_douintvec_minmax()`. Those of other namespaces are copies (`ipv4_sysctl_init_net()`).
fn largest(variable: *mut u32) -> Option<u32> {
    // SAFETY: The initial namespace is valid; the pointer is set at boot.
    let header = unsafe { addr_of!((*initial()).ipv4.ipv4_hdr).read() };
    // SAFETY: Null without sysctl, or that of a table that is registered for ever.
    let header = unsafe { header.as_ref() }?;
    // SAFETY: Of this union all others use the same member.
    let table = unsafe { header.__bindgen_anon_1.__bindgen_anon_1 };
    let length = usize::try_from(table.ctl_table_size).ok()?;
    // SAFETY: The table has as many entries.
    let entries = unsafe { slice::from_raw_parts(table.ctl_table, length) };
    // Another entry tells of the same variable, and takes nothing.
    let is_taken =
        |entry: &&bindings::ctl_table| entry.data == variable.cast() && !entry.extra2.is_null();
    let entry = entries.iter().find(is_taken)?;
    // SAFETY: Null, or for an entry of this handler a number of this type.
    unsafe { entry.extra2.cast::<u32>().as_ref() }.copied()
}

fn initial() -> *mut bindings::net {
    &raw mut bindings::init_net
}

fn in_use(net: Listed<'_>, protocol: *mut bindings::proto) -> u32 {
    // SAFETY: Both are valid.
    let sockets = unsafe { bindings::sock_prot_inuse_get(net.as_ptr(), protocol) };
    u32::try_from(sockets).unwrap_or(0)
}
