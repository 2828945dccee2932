// SPDX-License-Identifier: GPL-2.0

//! Mode `steer`: the socket that was found is handed to the stack, which then looks for none.
//!
//! What is handed over is what is certain: a connection, a listener or a UDP socket that is in no
//! group, for a packet that is all there and stays on its device. Everything else is left to the
//! stack, and counted. What bears a socket already is the kernel's own answer, and is taken for it:
//! it is not looked up a second time.

use super::{
    observe::Observed,
    receive::{Form, Mode},
};
use crate::{
    account::{Event, Left, Side},
    instance::Instance,
    mux::at_hand::AtHand,
    net::{delivery::Delivery, netfilter::Received, socket::Connection},
    table::{tcp::TcpAnswer, udp::UdpAnswer},
};

/// Mode `steer`.
pub(super) struct Steer;

impl Mode for Steer {
    /// The stack takes what the packet bears.
    #[inline(always)]
    fn borne<F: Observed>(_: &Instance, _: Side<'_>, _: &Received<'_, F>, _: &AtHand<'_>) {}

    #[inline(always)]
    fn tcp<'n, F: Observed>(
        side: Side<'_>,
        received: Received<'n, F>,
        answer: TcpAnswer<'n>,
        form: Form,
    ) {
        if !matches!(answer, TcpAnswer::None) {
            hand_over(side, received, form, |delivery| give_tcp(delivery, answer));
        }
    }

    #[inline(always)]
    fn udp<'n, F: Observed>(
        side: Side<'_>,
        received: Received<'n, F>,
        answer: UdpAnswer<'n>,
        form: Form,
    ) {
        if !matches!(answer, UdpAnswer::None) {
            hand_over(side, received, form, |delivery| give_udp(delivery, answer));
        }
    }
}

/// Has `give` hand a socket to the stack, if that can be.
#[inline(always)]
fn hand_over<'n, F: Observed>(
    side: Side<'_>,
    received: Received<'n, F>,
    form: Form,
    give: impl FnOnce(Delivery<'n>) -> bool,
) {
    let delivery = received.into_delivery();
    side.count(if form == Form::Elsewhere || delivery.is_given_away() {
        Event::Left(Left::Device)
    } else if form == Form::Uncommon {
        Event::Left(Left::Form)
    } else if give(delivery) {
        Event::Steered
    } else {
        Event::Left(Left::Kind)
    });
}

#[inline(always)]
fn give_tcp<'n>(delivery: Delivery<'n>, answer: TcpAnswer<'n>) -> bool {
    match answer {
        TcpAnswer::Connection(Connection::Established(socket)) => delivery.give_connection(socket),
        TcpAnswer::Listener(socket) if !socket.is_in_reuseport_group() => delivery.give(socket),
        TcpAnswer::Connection(_)
        | TcpAnswer::Listener(_)
        | TcpAnswer::Foreign
        | TcpAnswer::None => false,
    }
}

#[inline(always)]
fn give_udp<'n>(delivery: Delivery<'n>, answer: UdpAnswer<'n>) -> bool {
    match answer {
        UdpAnswer::Socket(socket) if !socket.is_in_reuseport_group() => delivery.give(socket),
        UdpAnswer::Socket(_) | UdpAnswer::Multiple | UdpAnswer::Foreign | UdpAnswer::None => false,
    }
}
