// SPDX-License-Identifier: GPL-2.0

//! The brand of a socket is shortened.

use crate::net::socket::{Borrowed, Full};

#[cfg(not(mistake))]
fn shorten<'short, 'long: 'short>(socket: &'short Borrowed<'long, Full>) -> &'short Full {
    socket
}

#[cfg(mistake)]
fn shorten<'short, 'long: 'short>(socket: Borrowed<'long, Full>) -> Borrowed<'short, Full> {
    socket //~ error: lifetime may not live long enough
}
