// SPDX-License-Identifier: GPL-2.0

//! Packets from this host.

use core::marker::PhantomData;

use super::observe::{observe, Observed};
use crate::{
    instance::Instance,
    net::{
        inet::{V4, V6},
        netfilter::{Hook, Place, See, State},
        packet::Packet,
    },
    resolve::Transmitted,
};

/// Before connection tracking and all NAT (`NF_IP_PRI_RAW_BEFORE_DEFRAG`): the packet has the
/// addresses under which its sender is in the table.
const PRIORITY: i32 = -450;

/// The hook of IPv4.
pub(crate) const HOOK_V4: Hook<Instance> = Hook::new::<Transmit<V4>>(Place::local_out_v4(PRIORITY));
/// The hook of IPv6.
pub(crate) const HOOK_V6: Hook<Instance> = Hook::new::<Transmit<V6>>(Place::local_out_v6(PRIORITY));

struct Transmit<F>(PhantomData<F>);

impl<F: Observed> See<Instance> for Transmit<F> {
    #[inline(always)]
    fn see(instance: &Instance, packet: Packet<'_>, state: State<'_>) {
        observe::<F, _>(instance, Transmitted::new(packet, state));
    }
}
