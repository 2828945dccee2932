// SPDX-License-Identifier: GPL-2.0

//! A packet is resolved twice, and so seen under two brands.

use crate::{
    net::{inet::V4, netfilter::Incoming},
    resolve::{Received, Resolve},
};

fn resolve(packet: Incoming<'_, V4>) {
    let received = Received::new(packet);
    received.resolve(|_| {
        //~^ error[E0382]: use of moved value: `received`
        #[cfg(mistake)]
        received.resolve(|_| {});
    });
}
