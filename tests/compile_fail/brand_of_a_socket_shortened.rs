// SPDX-License-Identifier: GPL-2.0

//! The brand of a socket is shortened.

use crate::net::socket::{Borrowed, Sock};

#[cfg(not(mistake))]
fn shorten<'short, 'long: 'short>(socket: &'short Borrowed<'long, Sock>) -> &'short Sock {
    socket
}

#[cfg(mistake)]
fn shorten<'short, 'long: 'short>(socket: Borrowed<'long, Sock>) -> Borrowed<'short, Sock> {
    socket //~ error: lifetime may not live long enough
}
