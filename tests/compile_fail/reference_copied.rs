// SPDX-License-Identifier: GPL-2.0

//! One reference is made two without taking a second.

use crate::net::socket::{Owned, Sock};

fn copy(socket: Owned<'_, Sock>) {
    #[cfg(mistake)]
    drop(socket.clone()); //~ error[E0599]: no method named `clone` found for struct
    drop(socket);
}
