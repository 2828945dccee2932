// SPDX-License-Identifier: GPL-2.0

//! Mode `steer`: the socket that was found is handed to the stack, which then looks for none.
//!
//! What is handed over is what is certain: a connection, a listener or a UDP socket that is in no
//! group, for a packet that is all there and stays on its device. Everything else is left to the
//! stack, and counted. What bears a socket already is the kernel's own answer, and is taken for it:
//! it is not looked up a second time.

use super::observe::{self, LookedUp, Observed};
use crate::{
    account::{Event, Left, Side},
    instance::Instance,
    mux::Finding,
    net::{delivery::Delivery, netfilter::Received, socket::Connection},
    table::{tcp::TcpAnswer, udp::UdpAnswer},
};

/// Finds the socket of a received packet, and hands it to the stack if that can be. Any context.
#[inline(always)]
pub(super) fn received<F: Observed>(
    instance: &Instance,
    side: &Side<'_>,
    received: Received<'_, F>,
) {
    if let Some(looked_up) = observe::received(instance, side, &received) {
        hand_over(side, received, looked_up);
    }
}

#[inline(always)]
fn hand_over<'n, F: Observed>(
    side: &Side<'_>,
    received: Received<'n, F>,
    looked_up: LookedUp<'n, F>,
) {
    let agrees = received.agrees;
    let delivery = received.into_delivery();
    let is_steered = match looked_up.finding {
        Finding::Tcp(_, TcpAnswer::None) | Finding::Udp(_, UdpAnswer::None) => return,
        Finding::Tcp(..) | Finding::Udp(..) if !agrees || delivery.is_given_away() => {
            side.count(Event::Left(Left::Device));
            return;
        }
        Finding::Tcp(..) | Finding::Udp(..) if !looked_up.is_plain => {
            side.count(Event::Left(Left::Form));
            return;
        }
        Finding::Tcp(_, answer) => give_tcp(delivery, answer),
        Finding::Udp(_, answer) => give_udp(delivery, answer),
        Finding::Error(_)
        | Finding::Raw(_)
        | Finding::NoTable
        | Finding::LaterFragment
        | Finding::Stopped(_) => return,
    };
    side.count(if is_steered {
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
