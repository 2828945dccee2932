// SPDX-License-Identifier: GPL-2.0

//! Packets for this host.

use super::{
    observe::{count_resolved, look_up, Observed},
    steer, verify,
};
use crate::{
    instance::Instance,
    mode::Mode,
    net::{
        inet::{V4, V6},
        netfilter::{Hook, Incoming, Receive},
    },
    resolve::{Direction, Received, Resolve},
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
        let mode = instance.mode();
        if mode == Mode::Off {
            // It was changed a moment ago.
            return;
        }
        Received::new(packet).resolve(|resolved| {
            count_resolved::<F, _>(&side, &resolved);
            if mode == Mode::Steer && steer::is_left(instance, &side, &resolved) {
                return;
            }
            let (finding, is_plain) = look_up::<F, _>(instance, &side, &resolved);
            match mode {
                Mode::Verify => verify::received(instance, &side, &resolved, &finding),
                Mode::Steer => steer::hand_over(&side, resolved, finding, is_plain),
                Mode::Observe | Mode::Off => {}
            }
        });
    }
}
