// SPDX-License-Identifier: GPL-2.0

//! A reference is given back twice.

use crate::net::socket::{Full, Owned};

fn release(socket: Owned<'_, Full>) {
    drop(socket);
    #[cfg(mistake)]
    drop(socket); //~ error[E0382]: use of moved value: `socket`
}
