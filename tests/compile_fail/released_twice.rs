// SPDX-License-Identifier: GPL-2.0

//! A reference is given back twice.

use crate::net::socket::{Owned, Sock};

fn release(socket: Owned<'_, Sock>) {
    drop(socket);
    #[cfg(mistake)]
    drop(socket); //~ error[E0382]: use of moved value: `socket`
}
