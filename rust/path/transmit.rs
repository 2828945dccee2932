// SPDX-License-Identifier: GPL-2.0

//! Packets from this host.

use super::{
    observe::{self, Observe, Observed},
    verify::{self, Verify},
};
use crate::{
    instance::Instance,
    net::{
        inet::{V4, V6},
        netfilter::{Hook, Outgoing, Transmit},
    },
    resolve::Direction,
};

/// Before connection tracking and all NAT (`NF_IP_PRI_RAW_BEFORE_DEFRAG`): the packet has the
/// addresses under which its sender is in the table.
const PRIORITY: i32 = -450;

/// The hook of IPv4. There is nothing to steer: what is transmitted has its socket.
pub(crate) const HOOK_V4: Hook<Instance> =
    Hook::local_out::<V4, Observe, Verify, Observe>(PRIORITY);
/// The hook of IPv6.
pub(crate) const HOOK_V6: Hook<Instance> =
    Hook::local_out::<V6, Observe, Verify, Observe>(PRIORITY);

impl<F: Observed> Transmit<Instance, F> for Observe {
    #[inline(always)]
    fn transmit(instance: &Instance, packet: Outgoing<'_, F>) {
        let Some(side) = instance.account().side(Direction::Transmit) else {
            return;
        };
        packet.resolve(|transmitted, resolution| {
            observe::transmitted(side, transmitted, resolution);
        });
    }
}

impl<F: Observed> Transmit<Instance, F> for Verify {
    #[inline(always)]
    fn transmit(instance: &Instance, packet: Outgoing<'_, F>) {
        let Some(side) = instance.account().side(Direction::Transmit) else {
            return;
        };
        packet.resolve(|transmitted, resolution| {
            verify::transmitted(instance, side, transmitted, resolution);
        });
    }
}
