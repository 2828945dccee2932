// SPDX-License-Identifier: GPL-2.0

//! Packets from this host.

use super::{
    observe::{count_resolved, look_up, Observed},
    verify,
};
use crate::{
    instance::Instance,
    mode::Mode,
    net::{
        inet::{V4, V6},
        netfilter::{Hook, Outgoing, Transmit},
    },
    resolve::{Direction, Resolve, Transmitted},
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
        let Some(side) = instance.account().side(Direction::Transmit) else {
            return;
        };
        let mode = instance.mode();
        if mode == Mode::Off {
            // It was changed a moment ago.
            return;
        }
        Transmitted::new(packet).resolve(|resolved| {
            count_resolved::<F, _>(&side, &resolved);
            let (finding, _) = look_up::<F, _>(instance, &side, &resolved);
            // There is nothing to steer: what is transmitted has its socket.
            if mode == Mode::Verify {
                verify::transmitted(instance, &side, &resolved, &finding);
            }
        });
    }
}
