// SPDX-License-Identifier: GPL-2.0

//! Packet sockets: who listens on a device.
//!
//! C header: `net/packet/internal.h`

use core::ops::Deref;
use core::ptr::addr_of;
use kernel::ffi::c_int;

use super::{
    list,
    namespace::Namespace,
    socket::{Borrowed, Sock},
};
use crate::bindings;

/// `ETH_P_ALL`
pub const ALL: u16 = 3;

/// How many packet sockets a packet asks at most.
pub const ASKED: usize = 64;

/// A packet socket, `struct packet_sock`.
///
/// # Examples
///
/// ```
/// use crate::net::{namespace::Alive, packet_socket::PacketSocket, rcu};
///
/// let guard = rcu::read_lock();
/// Alive::initial().listed(rcu::Section::from(&guard)).branded(|namespace| {
///     for socket in PacketSocket::all(namespace) {
///         pr_info!("on device {}\n", socket.device());
///     }
/// });
/// ```
pub struct PacketSocket<'n>(Borrowed<'n, Sock>);

impl<'n> PacketSocket<'n> {
    /// The packet sockets of a namespace. Any context.
    pub fn all(namespace: Namespace<'n>) -> impl Iterator<Item = Self> {
        // SAFETY: The namespace is valid, and evidence of a read-side section, in which the sockets
        // of this list are not freed: `packet_release()` waits for all.
        let nodes = unsafe { list::hlist(addr_of!((*namespace.object().as_ptr()).packet.sklist)) };
        nodes
            // SAFETY: The entries of this list are packet sockets.
            .filter_map(move |node| unsafe { Borrowed::from_node(node, namespace) })
            .map(Self)
    }

    /// Whether the namespace has any: one load. Any context.
    #[inline(always)]
    pub fn exist(namespace: Namespace<'n>) -> bool {
        // SAFETY: The namespace is valid. Volatile as `READ_ONCE()`.
        let first =
            unsafe { addr_of!((*namespace.object().as_ptr()).packet.sklist.first).read_volatile() };
        !first.is_null()
    }

    /// Whether one of the first [`ASKED`] gets packets of an Ethernet protocol that pass on a device. Any
    /// context.
    pub fn listen(namespace: Namespace<'n>, device: c_int, protocol: u16) -> bool {
        let mut sockets = Self::all(namespace);
        // Not `take()`, which counts with a check that may panic.
        for _ in 0..ASKED {
            let Some(socket) = sockets.next() else {
                return false;
            };
            let is_on = [0, device].contains(&socket.device());
            if is_on && [ALL, protocol].contains(&socket.ethernet_protocol()) {
                return true;
            }
        }
        false
    }

    /// The index of the device that the socket listens on, 0 for all.
    pub fn device(&self) -> c_int {
        // SAFETY: It is a packet socket. Volatile as `READ_ONCE()`.
        unsafe { addr_of!((*self.as_packet()).ifindex).read_volatile() }
    }

    /// The Ethernet protocol that it listens to, `ETH_P_ALL` for all of them, 0 for none.
    pub fn ethernet_protocol(&self) -> u16 {
        // SAFETY: It is a packet socket. Volatile as `READ_ONCE()`.
        u16::from_be(unsafe { addr_of!((*self.as_packet()).num).read_volatile() })
    }

    fn as_packet(&self) -> *const bindings::packet_sock {
        self.0.as_ptr().cast()
    }
}

impl Deref for PacketSocket<'_> {
    type Target = Sock;

    fn deref(&self) -> &Sock {
        &self.0
    }
}
