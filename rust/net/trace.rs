// SPDX-License-Identifier: GPL-2.0

//! Tracepoints.
//!
//! While nobody listens, a tracepoint is a no-op instruction: the branch is patched in when it is
//! switched on.
//!
//! C header: [`include/linux/tracepoint.h`](srctree/include/linux/tracepoint.h),
//! `rust/bindings/trace_nsmux.h`

use crate::bindings;

/// What the tracepoint `nsmux:nsmux_lookup` tells; the codes are those of `trace_nsmux.h`.
///
/// See the example of [`report`].
pub struct Lookup {
    /// The cookie of the namespace.
    pub namespace: u64,
    /// Receive or transmit.
    pub direction: u8,
    /// How the namespace was found.
    pub by: u8,
    /// The protocol, with its family.
    pub protocol: u8,
    /// What was found.
    pub outcome: u8,
    /// The cookie of the socket, 0 for none.
    pub socket: u64,
    /// The port that the packet comes from.
    pub source_port: u16,
    /// The port that it goes to.
    pub destination_port: u16,
}

/// Whether somebody listens: while nobody does, a no-op. Any context.
///
/// See the example of [`report`].
#[inline(always)]
pub fn is_listened_to() -> bool {
    // SAFETY: The key is the static key of a tracepoint that C defines.
    unsafe {
        kernel::jump_label::static_branch_unlikely!(
            bindings::__tracepoint_nsmux_lookup,
            kernel::bindings::tracepoint,
            key
        )
    }
}

/// Passes a lookup to the tracepoint. Any context.
///
/// # Examples
///
/// ```
/// use crate::net::{namespace::Net, socket::SockCommon, trace};
///
/// /// Tells of a socket that transmits, with the codes of `trace_nsmux.h`.
/// fn tell(net: &Net, socket: &SockCommon) {
///     if trace::is_listened_to() {
///         trace::report(trace::Lookup {
///             namespace: net.cookie(),
///             direction: 1,
///             by: 0,
///             protocol: 0,
///             outcome: 0,
///             socket: socket.cookie(),
///             source_port: socket.local_port().number(),
///             destination_port: socket.remote_port().number(),
///         });
///     }
/// }
/// ```
#[cold]
#[inline(never)]
pub fn report(lookup: Lookup) {
    // SAFETY: The tracepoint copies its arguments, in any context.
    unsafe {
        bindings::rust_do_trace_nsmux_lookup(
            lookup.namespace,
            lookup.direction,
            lookup.by,
            lookup.protocol,
            lookup.outcome,
            lookup.socket,
            lookup.source_port,
            lookup.destination_port,
        )
    };
}
