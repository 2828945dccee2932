// SPDX-License-Identifier: GPL-2.0

//! Packets from this host.

use super::{
    observe::{observe, Observed},
    verify::verify_transmitted,
};
use crate::{
    instance::Instance,
    mode::Mode,
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
pub(crate) const HOOK_V4: Hook<Instance> = Hook::local_out::<V4, AsTheModeSays>(PRIORITY);
/// The hook of IPv6.
pub(crate) const HOOK_V6: Hook<Instance> = Hook::local_out::<V6, AsTheModeSays>(PRIORITY);

struct AsTheModeSays;

impl<F: Observed> Transmit<Instance, F> for AsTheModeSays {
    #[inline(always)]
    fn transmit(instance: &Instance, packet: Outgoing<'_>) {
        match instance.mode() {
            // What is transmitted has its socket.
            Mode::Observe | Mode::Steer => observe::<F, _>(instance, Transmitted::new(packet)),
            Mode::Verify => verify_transmitted::<F>(instance, packet),
            // It was changed a moment ago.
            Mode::Off => {}
        }
    }
}
