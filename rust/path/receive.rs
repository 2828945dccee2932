// SPDX-License-Identifier: GPL-2.0

//! Packets for this host.

use super::{
    observe::{self, Observed},
    steer, verify,
};
use crate::{
    account::{Event, Side},
    instance::Instance,
    mode::Mode,
    mux,
    net::{
        inet::{V4, V6},
        netfilter::{Hook, Incoming, Receive, Received},
    },
    resolve::{Direction, ResolvedBy},
};

/// After the filter and the NAT of input: what is seen is what the sockets will see, except that
/// ipvlan in mode L3S changes the device later than anyone else can look. Before the
/// confirmation of connection tracking, which has to come last of all.
const PRIORITY: i32 = 200;

/// The hook of IPv4.
pub(crate) const HOOK_V4: Hook<Instance> = Hook::local_in::<V4, AsTheModeSays>(PRIORITY);
/// The hook of IPv6.
pub(crate) const HOOK_V6: Hook<Instance> = Hook::local_in::<V6, AsTheModeSays>(PRIORITY);

struct AsTheModeSays;

impl<F: Observed> Receive<Instance, F> for AsTheModeSays {
    #[inline(always)]
    fn receive(instance: &Instance, packet: Incoming<'_, F>) {
        let Some(side) = instance.account().side(Direction::Receive) else {
            return;
        };
        packet.resolve(|received| {
            count(&side, &received);
            match instance.mode() {
                Mode::Observe => {
                    observe::received(instance, &side, &received);
                }
                Mode::Verify => verify::received(instance, &side, &received),
                Mode::Steer => steer::received(instance, &side, received),
                // It was changed a moment ago.
                Mode::Off => {}
            }
        });
    }
}

/// Counts what is not so with most packets.
#[inline(always)]
fn count<F: Observed>(side: &Side<'_>, received: &Received<'_, F>) {
    if received.by != ResolvedBy::Device {
        side.count(Event::Resolved(received.by));
    }
    if !received.agrees {
        side.count(Event::Disagreement);
    }
    if mux::is_tapped(received) {
        side.count(Event::Tapped);
    }
}
