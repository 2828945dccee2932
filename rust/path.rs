// SPDX-License-Identifier: GPL-2.0

//! Where packets are seen, and what is done with them.
//!
//! [`receive`], [`transmit`] and [`arp`] are the hooks: each finds the socket of a packet and counts it.
//! What has not the common form is [`rare`]; [`observe`] tells of that, and [`trace`] whoever listens. What the namespace's
//! [`Mode`](crate::mode::Mode) asks for beyond it comes at the end: [`verify`] or [`steer`].

mod arp;
mod observe;
mod rare;
mod receive;
mod steer;
mod trace;
mod transmit;
mod verify;

use crate::{instance::Instance, net::netfilter::Hook};

/// All hooks of an instance.
pub(crate) const HOOKS: &[Hook<Instance>] = &[
    receive::HOOK_V4,
    receive::HOOK_V6,
    transmit::HOOK_V4,
    transmit::HOOK_V6,
    #[cfg(CONFIG_NETFILTER_FAMILY_ARP)]
    arp::HOOK_RECEIVE,
    #[cfg(CONFIG_NETFILTER_FAMILY_ARP)]
    arp::HOOK_TRANSMIT,
];
