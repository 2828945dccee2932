// SPDX-License-Identifier: GPL-2.0

//! How many sockets of a protocol there are, in all namespaces.
//!
//! C header: [`include/net/sock.h`](srctree/include/net/sock.h), `sockets_allocated` of `struct proto`

use core::ptr::{addr_of, NonNull};

use crate::bindings;

/// Where the kernel counts the sockets of a protocol.
///
/// # Invariants
///
/// The counter lasts as long as the code that has this.
#[derive(Clone, Copy)]
pub(in crate::net) struct ProtocolSockets(NonNull<bindings::percpu_counter>);

impl ProtocolSockets {
    /// That of the protocol of a socket; `None` if nobody counts them.
    ///
    /// # Safety
    ///
    /// It must be a full socket, whose protocol is not unloaded as long as this is used.
    pub(in crate::net) unsafe fn of(sk: *const bindings::sock) -> Option<Self> {
        // SAFETY: A valid socket. Volatile as `READ_ONCE()`: one of IPv6 can become one of IPv4, which
        // is counted in the same place.
        let protocol = unsafe { addr_of!((*sk).__sk_common.skc_prot).read_volatile() };
        let place = protocol
            .cast::<u8>()
            .wrapping_add(bindings::RUST_CONST_PROTO_SOCKETS as usize)
            .cast::<*mut bindings::percpu_counter>();
        // SAFETY: The protocol lasts as long as its sockets, and says where they are counted.
        let counter = unsafe { place.read() };
        // INVARIANT: It is a static of the protocol's code.
        NonNull::new(counter).map(Self)
    }

    /// About how many there are: what processors have not added to it yet is left out.
    pub(in crate::net) fn count(self) -> u32 {
        // SAFETY: By the type invariants. Volatile as `percpu_counter_read()`.
        let sockets = unsafe { addr_of!((*self.0.as_ptr()).count).read_volatile() };
        u32::try_from(sockets.max(0)).unwrap_or(u32::MAX)
    }

    /// The pointer, for who keeps it.
    #[cfg(CONFIG_MPTCP)]
    pub(in crate::net) fn as_ptr(self) -> *mut bindings::percpu_counter {
        self.0.as_ptr()
    }

    /// What [`as_ptr`](Self::as_ptr) gave; `None` if it is null.
    ///
    /// # Safety
    ///
    /// It must be null, or have come from there, and the protocol not be unloaded as long as this is used.
    #[cfg(CONFIG_MPTCP)]
    pub(in crate::net) unsafe fn from_ptr(counter: *mut bindings::percpu_counter) -> Option<Self> {
        // INVARIANT: By the safety requirement.
        NonNull::new(counter).map(Self)
    }
}
