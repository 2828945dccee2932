// SPDX-License-Identifier: GPL-2.0

//! Packets for this host.
//!
//! The common form of a packet is looked at here, from top to bottom: one of TCP or UDP whose headers are
//! all in one piece, and that bears its socket or is looked up. Everything else is [`rare`].

use core::marker::PhantomData;

use super::{
    observe::{self, Observe, Observed, Told},
    rare,
    steer::Steer,
    verify::Verify,
};
use crate::{
    account::{Event, Side},
    instance::Instance,
    mux::{self, at_hand},
    net::{
        inet::{self, V4, V6},
        netfilter::{Hook, Incoming, Receive, Received, Resolution},
    },
    resolve::{Direction, Resolved, ResolvedBy},
    table::{
        tcp::{Tcp, TcpAnswer},
        udp::{Udp, UdpAnswer, UdpKey},
        Table,
    },
};

/// After the filter and the NAT of input: what is seen is what the sockets will see, except that
/// ipvlan in mode L3S changes the device later than anyone else can look. Before the
/// confirmation of connection tracking, which has to come last of all.
const PRIORITY: i32 = 200;

/// The hook of IPv4.
pub(crate) const HOOK_V4: Hook<Instance> =
    Hook::local_in::<V4, In<Observe>, In<Verify>, In<Steer>>(PRIORITY);
/// The hook of IPv6.
pub(crate) const HOOK_V6: Hook<Instance> =
    Hook::local_in::<V6, In<Observe>, In<Verify>, In<Steer>>(PRIORITY);

/// What a packet of TCP or UDP looks like, as far as it decides what can be done with it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// It is all there, without fragments and extension headers.
    Common,
    /// It is a fragment, or has extension headers.
    Uncommon,
    /// It is seen in another namespace than its device's.
    Elsewhere,
}

/// What a mode does with a received packet, beyond telling of its socket. All in any context.
pub(super) trait Mode {
    /// What a packet of TCP or UDP bears is known; `at_hand` was told.
    fn borne<F: Observed>(
        instance: &Instance,
        side: Side<'_>,
        received: &Received<'_, F>,
        given: &at_hand::AtHand<'_>,
    );

    /// A packet of TCP was looked up.
    fn tcp<'n, F: Observed>(
        side: Side<'_>,
        received: Received<'n, F>,
        answer: TcpAnswer<'n>,
        form: Form,
    );

    /// The same of a packet of UDP.
    fn udp<'n, F: Observed>(
        side: Side<'_>,
        received: Received<'n, F>,
        answer: UdpAnswer<'n>,
        form: Form,
    );
}

/// The hook's function for a mode.
struct In<M>(PhantomData<M>);

impl<F: Observed, M: Mode> Receive<Instance, F> for In<M> {
    #[inline(always)]
    fn receive(instance: &Instance, packet: Incoming<'_, F>) {
        let Some(side) = instance.account().side(Direction::Receive) else {
            return;
        };
        packet.resolve(|received, resolution| {
            if resolution.by != ResolvedBy::Device || !resolution.agrees {
                return rare::received::<F, M>(instance, side, received, resolution);
            }
            if mux::is_tapped(&received) {
                side.count(Event::Tapped);
            }
            look_up::<F, M>(instance, side, received);
        });
    }
}

/// A packet whose device says where it is, as netfilter does.
const USUAL: Resolution = Resolution {
    by: ResolvedBy::Device,
    agrees: true,
};

#[inline(always)]
fn look_up<F: Observed, M: Mode>(instance: &Instance, side: Side<'_>, received: Received<'_, F>) {
    let Some((header, ports)) = F::common_form(&received.packet) else {
        return rare::uncommon::<F, M>(instance, side, received, USUAL);
    };
    let is_tcp = header.protocol == inet::TCP;
    if is_tcp && !received.is_taken_by_tcp() {
        return rare::uncommon::<F, M>(instance, side, received, USUAL);
    }
    if received.bears_socket() {
        if let Some((given, by)) = at_hand::borne(&received, header.protocol) {
            let told = Told::of(USUAL, F::of(given.of), given.outcome);
            observe::tell_borne(instance, side, &received, told, ports, &given, by);
            return M::borne(instance, side, &received, &given);
        }
    }
    let (tuple, to_many) = received.tuple(&header, ports);
    if is_tcp {
        let answer = Tcp::<F>::lookup(received.namespace, &tuple);
        observe::tell_answer(instance, side, &received, USUAL, F::TCP, &tuple, &answer);
        M::tcp(side, received, answer, Form::Common);
    } else {
        let answer = Udp::<F>::lookup(received.namespace, &UdpKey { tuple, to_many });
        observe::tell_answer(instance, side, &received, USUAL, F::UDP, &tuple, &answer);
        M::udp(side, received, answer, Form::Common);
    }
}
