// SPDX-License-Identifier: GPL-2.0

//! Packets for this host.

use super::{
    observe::{observe, Observed},
    steer::steer,
    verify::verify_received,
};
use crate::{
    instance::Instance,
    mode::Mode,
    net::{
        inet::{V4, V6},
        netfilter::{Hook, Incoming, Receive},
    },
    resolve::Received,
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
        match instance.mode() {
            Mode::Observe => observe::<F, _>(instance, Received::new(packet)),
            Mode::Verify => verify_received(instance, packet),
            Mode::Steer => steer(instance, packet),
            // It was changed a moment ago.
            Mode::Off => {}
        }
    }
}
