// SPDX-License-Identifier: GPL-2.0

//! One reference is made two without taking a second.

use crate::net::socket::{Full, Owned};

fn copy(socket: Owned<'_, Full>) {
    #[cfg(mistake)]
    drop(socket.clone()); //~ error[E0599]: no method named `clone` found for struct
    drop(socket);
}
