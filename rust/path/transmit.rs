// SPDX-License-Identifier: GPL-2.0

//! Packets from this host.

use super::{
    observe::{self, Observed},
    verify,
};
use crate::{
    account::{Event, Side},
    instance::Instance,
    mode::Mode,
    net::{
        inet::{V4, V6},
        netfilter::{Hook, Outgoing, Transmit, Transmitted},
    },
    resolve::{Direction, ResolvedBy},
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
    fn transmit(instance: &Instance, packet: Outgoing<'_, F>) {
        let Some(side) = instance.account().side(Direction::Transmit) else {
            return;
        };
        packet.resolve(|transmitted| match instance.mode() {
            // There is nothing to steer: what is transmitted has its socket.
            Mode::Observe | Mode::Steer => {
                count(&side, &transmitted);
                observe::transmitted(&side, &transmitted);
            }
            Mode::Verify => {
                count(&side, &transmitted);
                verify::transmitted(instance, &side, &transmitted);
            }
            // It was changed a moment ago.
            Mode::Off => {}
        });
    }
}

/// Counts what is not so with most packets.
#[inline(always)]
fn count<F: Observed>(side: &Side<'_>, transmitted: &Transmitted<'_, F>) {
    if transmitted.by != ResolvedBy::Socket {
        side.count(Event::Resolved(transmitted.by));
    }
    if !transmitted.agrees {
        side.count(Event::Disagreement);
    }
}
