// SPDX-License-Identifier: GPL-2.0

//! A hook keeps a packet for later, when it is no longer the hook's.

use core::cell::RefCell;

use crate::net::{
    inet::V4,
    netfilter::{Accept, Incoming, Receive},
};

type Kept = RefCell<Option<Incoming<'static, V4>>>;

struct Keeper;

impl Receive<Kept, V4> for Keeper {
    fn receive(kept: &Kept, packet: Incoming<'_, V4>) -> Accept {
        #[cfg(mistake)]
        kept.replace(Some(packet)); //~ error[E0521]: borrowed data escapes
        #[cfg(not(mistake))]
        let _ = (kept, packet.device());
        Accept::packet()
    }
}
