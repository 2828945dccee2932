// SPDX-License-Identifier: GPL-2.0

//! A socket without a reference is taken to another thread, whom no read-side section protects.

use crate::net::socket::{Borrowed, Sock};

fn send<T: Send>(_: T) {}

fn take_along(socket: Borrowed<'_, Sock>) {
    #[cfg(not(mistake))]
    let socket = socket.cookie();
    send(socket); //~ error[E0277]: `NonNull<
}
