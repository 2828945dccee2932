// SPDX-License-Identifier: GPL-2.0

//! At which addresses is a port held?
//!
//! The kernel's lookups want an address: who asks for a port alone, at whatever address, has none.
//! So the one chain is gone over in which all of a port are, for the addresses that they are bound to,
//! and nothing else is read of it: the kernel's own lookup then says which socket has each of them.
//! A bounded part of it is looked at.
//!
//! C headers: [`include/net/inet_hashtables.h`](srctree/include/net/inet_hashtables.h),
//! [`include/linux/udp.h`](srctree/include/linux/udp.h)

use core::{
    mem::offset_of,
    ptr::{addr_of, eq},
};
use kernel::ffi::c_int;

use super::{
    bound_only::{socket_of, Locked},
    hashes::hash_of_port,
    Port,
};
use crate::{
    bindings,
    net::{
        allowance::Allowance,
        list,
        namespace::Namespace,
        owner,
        socket::{Address, SockCommon},
        socket_tables::Tables,
    },
};

/// How many ends are told; of more the others are left out.
const MOST: usize = 16;
/// How many entries of a chain are looked at.
const CHAIN: usize = 1 << 10;
/// What it takes to look at one of UDP, in steps of the allowance.
const END: u32 = 2;

/// Where sockets are bound that have a port: an address, of IPv4 as such, and the index of a device or
/// 0; each once.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     allowance::Allowance,
///     inet::{Port, PortEnds},
///     namespace::Namespace,
/// };
///
/// /// Tells of the devices that the holders of a port of UDP are bound to, 0 for none.
/// fn log(namespace: Namespace<'_>, port: Port, allowance: &Allowance) {
///     for (_, device) in PortEnds::of_udp(namespace, port, allowance).each() {
///         pr_info!("port {} on device {}\n", port.number(), device);
///     }
/// }
/// ```
pub struct PortEnds {
    ends: [(Address, c_int); MOST],
    count: usize,
}

impl PortEnds {
    fn none() -> Self {
        Self {
            ends: [(Address::V4([0; 4]), 0); MOST],
            count: 0,
        }
    }

    /// Those of TCP sockets in any state, without devices: from the table by which `bind()` finds
    /// conflicts. In a process.
    pub fn of_tcp(namespace: Namespace<'_>, port: Port, allowance: &Allowance) -> Self {
        let net = namespace.object().as_ptr();
        let buckets = Tables::from(namespace.listed()).bound_by_port();
        // As `inet_bhashfn()`.
        let bucket = buckets.bucket_of(hash_of_port(namespace, port));
        // SAFETY: It is one of the buckets, which are never freed.
        let bucket = unsafe { Locked::new(bucket) };
        let mut ends = Self::none();
        let mut left = CHAIN;
        // SAFETY: The chain and all below it are changed and freed with this lock held only.
        for node in unsafe { list::hlist(bucket.chain()) } {
            let entry = node
                .cast::<u8>()
                .wrapping_sub(offset_of!(bindings::inet_bind_bucket, node))
                .cast::<bindings::inet_bind_bucket>();
            // SAFETY: It is an entry of the chain.
            let number = unsafe { (*entry).port };
            // SAFETY: As above; nothing is read.
            let addresses = unsafe { addr_of!((*entry).bhash2) };
            // SAFETY: As above.
            for node in unsafe { list::hlist(addresses) } {
                if left == 0 || allowance.is_spent() {
                    allowance.leave_out();
                    return ends;
                }
                left -= 1;
                allowance.spend(1);
                if number != port.number() {
                    break;
                }
                let held = node
                    .cast::<u8>()
                    .wrapping_sub(offset_of!(bindings::inet_bind2_bucket, bhash_node))
                    .cast::<bindings::inet_bind2_bucket>();
                // SAFETY: It is an entry of this list; all patterns of the address are bytes.
                let address = unsafe { (*held).v6_rcv_saddr.in6_u.u6_addr8 };
                // SAFETY: As above; nothing is read.
                let owners = unsafe { addr_of!((*held).owners) };
                // SAFETY: As above. All of its sockets are of one namespace.
                let first = unsafe { list::hlist(owners) }.next().map(socket_of);
                // SAFETY: It is in the list: a socket, of whatever kind.
                if first.is_some_and(|sk| eq(unsafe { owner::of_socket(sk) }, net)) {
                    ends.add(Address::V6(address), 0, allowance);
                }
            }
        }
        ends
    }

    /// Those of UDP sockets without a peer. Any context.
    pub fn of_udp(namespace: Namespace<'_>, port: Port, allowance: &Allowance) -> Self {
        let net = namespace.object().as_ptr();
        let buckets = Tables::from(namespace.listed()).udp_by_port();
        // As `udp_hashfn()`.
        let chain = buckets.chain_of(hash_of_port(namespace, port));
        let mut ends = Self::none();
        // SAFETY: UDP sockets are freed by RCU (`udp_lib_get_port()`), and the namespace is evidence of a
        // read-side section.
        let nodes = unsafe { list::hlist(chain) };
        for (number, node) in allowance.each(nodes, END).enumerate() {
            if number == CHAIN {
                allowance.leave_out();
                break;
            }
            let sk = node
                .cast::<u8>()
                .wrapping_sub(bindings::RUST_CONST_SK_NODE as usize)
                .cast::<bindings::sock_common>();
            // SAFETY: As above.
            let is_own = eq(unsafe { owner::of_socket(sk) }, net);
            // SAFETY: As above.
            let Some(socket) = (unsafe { SockCommon::from_raw(sk.cast()) }) else {
                continue;
            };
            if is_own && socket.local_port() == port && socket.is_closed() {
                ends.add(socket.local().0, socket.bound_device(), allowance);
            }
        }
        ends
    }

    /// The ends: an address of IPv4 as such, and the index of a device, or 0.
    pub fn each(&self) -> impl Iterator<Item = (Address, c_int)> + '_ {
        self.ends.iter().take(self.count).copied()
    }

    fn add(&mut self, address: Address, device: c_int, allowance: &Allowance) {
        let end = (address.unmapped(), device);
        // The devices first, which differ sooner.
        let is_end = |known: &(Address, c_int)| known.1 == end.1 && known.0 == end.0;
        if self.ends.iter().take(self.count).any(is_end) {
            return;
        }
        match self.ends.get_mut(self.count) {
            Some(place) => {
                *place = end;
                self.count += 1;
            }
            None => allowance.leave_out(),
        }
    }
}

#[kernel::prelude::kunit_tests(rust_net_port_ends)]
mod tests {
    use super::*;

    const V4: Address = Address::V4([192, 0, 2, 1]);
    const MAPPED: Address = Address::V6([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1]);

    #[test]
    fn each_once() {
        let allowance = Allowance::whole();
        let mut ends = PortEnds::none();
        // The same as IPv6 has it is the same; on another device it is not.
        for (address, device) in [(V4, 0), (MAPPED, 0), (V4, 7), (V4, 0), (MAPPED, 7)] {
            ends.add(address, device, &allowance);
        }
        assert_eq!(ends.count, 2);
        assert!(ends.each().all(|(address, _)| address == V4));
        assert!(ends.each().map(|(_, device)| device).eq([0, 7]));
        assert!(!allowance.is_incomplete());
    }

    #[test]
    fn more_than_are_told() {
        let allowance = Allowance::whole();
        let mut ends = PortEnds::none();
        for device in 0..MOST as c_int {
            ends.add(V4, device, &allowance);
        }
        // One that is there needs no place.
        ends.add(V4, 0, &allowance);
        assert!(!allowance.is_incomplete());
        ends.add(V4, MOST as c_int, &allowance);
        assert!(allowance.is_incomplete());
        assert_eq!(ends.each().count(), MOST);
    }
}
