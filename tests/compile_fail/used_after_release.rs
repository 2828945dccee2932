// SPDX-License-Identifier: GPL-2.0

//! A socket is read after its reference was given back.

use crate::net::socket::{Owned, Sock};

fn release(socket: Owned<'_, Sock>) -> u32 {
    let mark = &socket;
    #[cfg(mistake)]
    drop(socket); //~ error[E0505]: cannot move out of `socket` because it is borrowed
    mark.mark()
}
