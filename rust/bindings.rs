// SPDX-License-Identifier: GPL-2.0

//! Bindings for what `kernel::bindings` lacks or keeps opaque, generated for the kernel that the
//! module is built for.
//!
//! Only [`net`](crate::net) calls them; the codes of the netlink family are used wherever they are
//! told. `bindings/bindings.h` says which headers are read, `bindings/bindings.txt` which items are
//! taken.

// Generated: named and laid out as C has it, more of it than is used, and with calls whose safety
// is the caller's to show.
#![allow(
    clippy::all,
    clippy::as_underscore,
    clippy::cast_lossless,
    clippy::ptr_as_ptr,
    clippy::ref_as_ptr,
    clippy::undocumented_unsafe_blocks,
    dead_code,
    improper_ctypes,
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unreachable_pub,
    unsafe_op_in_unsafe_fn
)]

use kernel::{
    bindings::{seq_file, tracepoint},
    ffi, //
};

include!(env!("NSMUX_BINDINGS"));
