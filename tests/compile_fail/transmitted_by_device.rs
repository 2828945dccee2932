// SPDX-License-Identifier: GPL-2.0

//! A transmitted packet is resolved as a received one: by a device that it does not have yet.

use crate::{
    net::netfilter::Outgoing,
    resolve::{Received, Resolve, Transmitted},
};

#[cfg(not(mistake))]
fn resolve(packet: Outgoing<'_>) -> u64 {
    Transmitted::new(packet).resolve(|resolved| resolved.namespace.object().cookie())
}

#[cfg(mistake)]
fn resolve(packet: Outgoing<'_>) -> u64 {
    Received::new(packet) //~ error[E0308]: mismatched types
        .resolve(|resolved| resolved.namespace.object().cookie())
}
