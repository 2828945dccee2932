// SPDX-License-Identifier: GPL-2.0

//! Mode `steer`: the socket that was found is handed to the stack, which then looks for none.
//!
//! What is handed over is what is certain: a connection, a listener or a UDP socket that is in no
//! group, for a packet that is all there and stays on its device. Everything else is left to the
//! stack, and counted. What bears a socket already is the kernel's own answer, and is taken for it:
//! it is not looked up a second time.

use super::observe::Observed;
use crate::{
    account::{Event, Left},
    instance::Instance,
    net::{
        delivery::Delivery,
        netfilter::{Accept, Received},
        socket::Connection,
    },
    resolve::Direction,
    table::{tcp::TcpAnswer, udp::UdpAnswer},
};

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

/// Hands over what was found for a packet of TCP. Any context.
#[inline(never)]
pub(super) fn tcp<'n, F: Observed>(
    instance: &Instance,
    received: Received<'n, F>,
    answer: TcpAnswer<'n>,
    form: Form,
) -> Accept {
    if matches!(answer, TcpAnswer::None) {
        return Accept::packet();
    }
    hand_over(instance, received, form, |delivery| {
        give_tcp(delivery, answer)
    })
}

/// The same of UDP. Any context.
#[inline(never)]
pub(super) fn udp<'n, F: Observed>(
    instance: &Instance,
    received: Received<'n, F>,
    answer: UdpAnswer<'n>,
    form: Form,
) -> Accept {
    if matches!(answer, UdpAnswer::None) {
        return Accept::packet();
    }
    hand_over(instance, received, form, |delivery| {
        give_udp(delivery, answer)
    })
}

/// Calls `give` if the packet can be steered.
#[inline(always)]
fn hand_over<'n, F: Observed>(
    instance: &Instance,
    received: Received<'n, F>,
    form: Form,
    give: impl FnOnce(Delivery<'n>) -> bool,
) -> Accept {
    let delivery = received.into_delivery();
    if form == Form::Elsewhere || delivery.is_given_away() {
        return left(instance, Left::Device);
    }
    if form == Form::Uncommon {
        return left(instance, Left::Form);
    }
    if !give(delivery) {
        return left(instance, Left::Kind);
    }
    if let Some(side) = instance.account().side(Direction::Receive) {
        side.count(Event::Steered);
    }
    Accept::packet()
}

#[inline(never)]
fn left(instance: &Instance, why: Left) -> Accept {
    if let Some(side) = instance.account().side(Direction::Receive) {
        side.count(Event::Left(why));
    }
    Accept::packet()
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
