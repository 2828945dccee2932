// SPDX-License-Identifier: GPL-2.0

//! Packets from this host.

use super::observe::{observe, Observed};
use crate::{
    instance::Instance,
    net::{
        inet::{V4, V6},
        netfilter::{Hook, Outgoing, Transmit},
    },
    resolve::Transmitted,
};

/// Before connection tracking and all NAT (`NF_IP_PRI_RAW_BEFORE_DEFRAG`): the packet has the
/// addresses under which its sender is in the table.
const PRIORITY: i32 = -450;

/// The hook of IPv4.
pub(crate) const HOOK_V4: Hook<Instance> = Hook::local_out::<V4, Observe>(PRIORITY);
/// The hook of IPv6.
pub(crate) const HOOK_V6: Hook<Instance> = Hook::local_out::<V6, Observe>(PRIORITY);

struct Observe;

impl<F: Observed> Transmit<Instance, F> for Observe {
    #[inline(always)]
    fn transmit(instance: &Instance, packet: Outgoing<'_>) {
        observe::<F, _>(instance, Transmitted::new(packet));
    }
}
