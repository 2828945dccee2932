// SPDX-License-Identifier: GPL-2.0

//! Packets from this host.
//!
//! What most packets come from is told here: a connection or a UDP socket whose protocol the header
//! names, all in one namespace. Everything else is [`rare`].

use super::{observe::Observed, rare, trace::Lookup, verify};
use crate::{
    account::Event,
    instance::Instance,
    mode::Mode,
    mux::at_hand::{self, CommonSender},
    net::{
        inet::{V4, V6},
        netfilter::{Accept, Hook, Outgoing, Transmit},
    },
    resolve::Direction,
    table::Outcome,
};

/// Before connection tracking and all NAT (`NF_IP_PRI_RAW_BEFORE_DEFRAG`): the packet has the
/// addresses under which its sender is in the table.
const PRIORITY: i32 = -450;

/// The hook of IPv4.
pub(crate) const HOOK_V4: Hook<Instance> = Hook::local_out::<V4, Out>(PRIORITY);
/// The hook of IPv6.
pub(crate) const HOOK_V6: Hook<Instance> = Hook::local_out::<V6, Out>(PRIORITY);

struct Out;

impl<F: Observed> Transmit<Instance, F> for Out {
    #[inline(always)]
    fn transmit(instance: &Instance, packet: Outgoing<'_, F>) -> Accept {
        if Lookup::is_listened_to() {
            return rare::transmitted(instance, packet);
        }
        let Some(side) = instance.account().side(Direction::Transmit) else {
            return rare::transmitted(instance, packet);
        };
        let Some(sender) = packet.usual_sender() else {
            return rare::transmitted(instance, packet);
        };
        let protocol = F::protocol(&packet.packet());
        // One by one: so each is counted in a place that is known when this is compiled.
        match at_hand::common_sender(sender, protocol) {
            None => return rare::transmitted(instance, packet),
            Some(CommonSender::Connection) => {
                side.count(Event::Lookup(F::TCP, Outcome::Established));
            }
            Some(CommonSender::Connected) => {
                side.count(Event::Lookup(F::UDP, Outcome::Connected));
            }
            Some(CommonSender::Unconnected) => {
                side.count(Event::Lookup(F::UDP, Outcome::Unconnected));
            }
        }
        match instance.mode() {
            Mode::Verify => verify::named(instance, packet),
            // There is nothing to steer: what is transmitted has its socket.
            Mode::Off | Mode::Observe | Mode::Steer => Accept::packet(),
        }
    }
}
