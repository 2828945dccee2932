// SPDX-License-Identifier: GPL-2.0

//! Which devices are the sockets bound to that hold an end?
//!
//! A packet has a device, and the kernel's lookups want one: a socket that is bound to another is
//! passed over. Whoever asks without a packet has none. So the chain of the hash table in which such
//! sockets are is gone over for the devices that they are bound to, and nothing else is read of it:
//! the kernel's own lookup then says, for each of them, which socket has its packets.
//!
//! It is one chain or two, of which a bounded part is looked at, as far as the allowance goes. Any
//! context.
//!
//! C headers: [`include/net/inet_hashtables.h`](srctree/include/net/inet_hashtables.h),
//! [`include/net/udp.h`](srctree/include/net/udp.h)

use core::ptr::eq;
use kernel::ffi::c_int;

use super::{hashes::hashes_of_end, udp_chains, Family, Port, Tuple};
use crate::{
    bindings,
    net::{
        allowance::Allowance,
        list::{self, Nulls},
        namespace::Namespace,
        owner,
        socket::SockCommon,
        socket_tables::Tables,
    },
};

/// How many devices are told; of more the others are left out.
const MOST: usize = 16;
/// How many sockets of a chain are looked at.
const CHAIN: usize = 1 << 10;

/// The indexes of devices, each once.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     allowance::Allowance,
///     inet::{BoundDevices, Family, Tuple},
///     namespace::Namespace,
///     socket::Found,
/// };
///
/// /// Tells of the sockets that get datagrams for an end, each on its own device.
/// fn log<F: Family>(namespace: Namespace<'_>, tuple: Tuple<F>, allowance: &Allowance) {
///     for device in BoundDevices::of_udp(namespace, &tuple, allowance).indexes() {
///         if let Found::Own(socket) = F::lookup_udp(namespace, &Tuple { device, ..tuple }) {
///             pr_info!("on device {}: socket {}\n", device, socket.cookie());
///         }
///     }
/// }
/// ```
pub struct BoundDevices {
    indexes: [c_int; MOST],
    count: usize,
    sockets: u32,
}

impl BoundDevices {
    /// None.
    pub fn none() -> Self {
        Self {
            indexes: [0; MOST],
            count: 0,
            sockets: 0,
        }
    }

    /// Those of TCP connections between the ends of a tuple.
    pub fn of_connections<F: Family>(
        namespace: Namespace<'_>,
        tuple: &Tuple<F>,
        allowance: &Allowance,
    ) -> Self {
        let hash = F::hash_of_connection(namespace, tuple);
        let buckets = Tables::from(namespace.listed()).connections();
        // SAFETY: The memory of a connection remains that of one (`SLAB_TYPESAFE_BY_RCU`), and the
        // namespace is evidence of a read-side section.
        let nodes = unsafe { Nulls::new(buckets.chain_of(hash)) };
        let mut devices = Self::none();
        let sockets = nodes.map(|node| within(node.cast(), bindings::RUST_CONST_SK_NODE));
        devices.note(namespace, tuple.local_port, sockets, allowance);
        devices
    }

    /// Those of TCP listeners at the local end of a tuple.
    pub fn of_listeners<F: Family>(
        namespace: Namespace<'_>,
        tuple: &Tuple<F>,
        allowance: &Allowance,
    ) -> Self {
        let buckets = Tables::from(namespace.listed()).listeners();
        let mut devices = Self::none();
        for hash in hashes_of_end(namespace, tuple) {
            // SAFETY: All that can be in them, or be led to by a listener that becomes a connection,
            // remains a socket in a read-side section, which the namespace is evidence of.
            let nodes = unsafe { Nulls::new(buckets.chain_of(hash)) };
            let sockets = nodes.map(|node| within(node.cast(), bindings::RUST_CONST_SK_NODE));
            devices.note(namespace, tuple.local_port, sockets, allowance);
        }
        devices
    }

    /// Those of UDP sockets at the local end of a tuple.
    pub fn of_udp<F: Family>(
        namespace: Namespace<'_>,
        tuple: &Tuple<F>,
        allowance: &Allowance,
    ) -> Self {
        let buckets = Tables::from(namespace.listed()).udp_by_end();
        let mut devices = Self::none();
        for hash in hashes_of_end(namespace, tuple) {
            // SAFETY: UDP sockets are freed by RCU (`udp_lib_get_port()`), and the namespace is evidence
            // of a read-side section.
            let nodes = unsafe { list::hlist(buckets.chain_of(hash)) };
            let sockets =
                nodes.map(|node| within(node.cast(), bindings::RUST_CONST_SK_PORTADDR_NODE));
            devices.note(namespace, tuple.local_port, sockets, allowance);
        }
        devices.sockets = udp_chains::sockets_of_end(namespace, tuple);
        devices
    }

    /// The indexes.
    pub fn indexes(&self) -> impl Iterator<Item = c_int> + '_ {
        self.indexes.iter().take(self.count).copied()
    }

    /// How many sockets a lookup of such an end goes over; [`u32::MAX`] if nobody knows.
    pub fn sockets(&self) -> u32 {
        self.sockets
    }

    /// Notes the devices of a chain's sockets that have this port in the namespace. What is noted of
    /// a socket that changes meanwhile may be of none: no lookup finds a socket there.
    fn note(
        &mut self,
        namespace: Namespace<'_>,
        port: Port,
        sockets: impl Iterator<Item = *const bindings::sock_common>,
        allowance: &Allowance,
    ) {
        for (number, sk) in allowance.each(sockets, 1).enumerate() {
            if number == CHAIN {
                self.sockets = u32::MAX;
                allowance.leave_out();
                return;
            }
            // SAFETY: By what the callers give, the memory is that of a socket in this section.
            unsafe { self.note_one(namespace, port, sk, allowance) };
        }
    }

    /// The same of one socket, in whatever chain it is.
    ///
    /// # Safety
    ///
    /// The memory must be that of a socket as long as the namespace's read-side section lasts.
    unsafe fn note_one(
        &mut self,
        namespace: Namespace<'_>,
        port: Port,
        sk: *const bindings::sock_common,
        allowance: &Allowance,
    ) {
        self.sockets = self.sockets.saturating_add(1);
        // SAFETY: By the safety requirement.
        let Some(socket) = (unsafe { SockCommon::from_raw(sk.cast()) }) else {
            return;
        };
        let device = socket.bound_device();
        if device <= 0 || socket.local_port() != port {
            return;
        }
        // SAFETY: As before.
        if eq(unsafe { owner::of_socket(sk) }, namespace.object().as_ptr()) {
            self.add(device, allowance);
        }
    }

    fn add(&mut self, device: c_int, allowance: &Allowance) {
        if self.indexes().any(|known| known == device) {
            return;
        }
        match self.indexes.get_mut(self.count) {
            Some(place) => {
                *place = device;
                self.count += 1;
            }
            None => allowance.leave_out(),
        }
    }
}

/// The socket that a node is in.
fn within(node: *const u8, offset: u32) -> *const bindings::sock_common {
    node.wrapping_sub(offset as usize).cast()
}
