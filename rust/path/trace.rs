// SPDX-License-Identifier: GPL-2.0

//! What is told of each lookup, as it happens.
//!
//! C header: `rust/bindings/trace_nsmux.h`

use crate::{bindings, net::trace::tracepoint};

tracepoint! {
    bindings::__tracepoint_nsmux_lookup, bindings::rust_do_trace_nsmux_lookup;

    /// What the tracepoint `nsmux:nsmux_lookup` tells; the codes are those of `trace_nsmux.h`.
    pub(super) struct Lookup {
        /// The cookie of the namespace.
        namespace: u64,
        /// Receive or transmit.
        direction: u8,
        /// How the namespace was found.
        by: u8,
        /// The protocol, with its family.
        protocol: u8,
        /// What was found.
        outcome: u8,
        /// The cookie of the socket, 0 for none.
        socket: u64,
        /// The port that the packet comes from.
        source_port: u16,
        /// The port that it goes to.
        destination_port: u16,
    }
}
