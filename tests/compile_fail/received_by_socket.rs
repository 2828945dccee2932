// SPDX-License-Identifier: GPL-2.0

//! A received packet is resolved as a transmitted one: by the socket that it may still bear.

#[cfg(not(mistake))]
use crate::resolve::Received as Way;
#[cfg(mistake)]
use crate::resolve::Transmitted as Way;
use crate::{
    net::{inet::V4, netfilter::Incoming},
    resolve::Resolve,
};

fn resolve(packet: Incoming<'_, V4>) -> u64 {
    Way::new(packet) //~ error[E0308]: mismatched types
        .resolve(|resolved| resolved.namespace.object().cookie())
}
