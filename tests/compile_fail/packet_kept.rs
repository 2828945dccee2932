// SPDX-License-Identifier: GPL-2.0

//! A hook keeps a packet for later, when it is no longer the hook's.

use core::cell::RefCell;

use crate::net::{
    inet::V4,
    netfilter::{Incoming, Receive},
    packet::Packet,
};

struct Keeper;

impl Receive<RefCell<Option<Packet<'static>>>, V4> for Keeper {
    fn receive(kept: &RefCell<Option<Packet<'static>>>, packet: Incoming<'_, V4>) {
        let packet = packet.into_packet(); //~ error[E0521]: borrowed data escapes
        #[cfg(mistake)]
        kept.replace(Some(packet));
        #[cfg(not(mistake))]
        let _ = (kept, packet.length());
    }
}
