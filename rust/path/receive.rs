// SPDX-License-Identifier: GPL-2.0

//! Packets for this host.

use core::marker::PhantomData;

use super::observe::{observe, Observed};
use crate::{
    instance::Instance,
    net::{
        inet::{V4, V6},
        netfilter::{Hook, Place, See, State},
        packet::Packet,
    },
    resolve::Received,
};

/// After the filter and the NAT of input: what is seen is what the sockets will see. Before the
/// confirmation of connection tracking, which has to come last of all.
const PRIORITY: i32 = 200;

/// The hook of IPv4.
pub(crate) const HOOK_V4: Hook<Instance> = Hook::new::<Receive<V4>>(Place::local_in_v4(PRIORITY));
/// The hook of IPv6.
pub(crate) const HOOK_V6: Hook<Instance> = Hook::new::<Receive<V6>>(Place::local_in_v6(PRIORITY));

struct Receive<F>(PhantomData<F>);

impl<F: Observed> See<Instance> for Receive<F> {
    #[inline(always)]
    fn see(instance: &Instance, packet: Packet<'_>, state: State<'_>) {
        observe::<F, _>(instance, Received::new(packet, state));
    }
}
