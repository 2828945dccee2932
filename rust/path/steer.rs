// SPDX-License-Identifier: GPL-2.0

//! Mode `steer`: the socket that was found is handed to the stack, which then looks for none.
//!
//! What is handed over is what is certain: a connection, a listener or a UDP socket that is in no
//! group, for a packet that is all there and stays on its device. Everything else is left to the
//! stack, and counted. What bears a socket already is the kernel's own answer, and is taken for it:
//! it is not looked up a second time.

use super::observe::count_on_device;
use crate::{
    account::{device::Seen, Event, Left, Side},
    instance::Instance,
    mux::Finding,
    net::{
        delivery::{Borne, Delivery},
        inet::Family,
        socket::Connection,
    },
    resolve::{Inward, Resolved},
    table::{tcp::TcpAnswer, udp::UdpAnswer},
};

/// Whether a packet bears a socket already; counts it then. It is not to be looked up. Any context.
#[inline(always)]
pub(super) fn is_left(
    instance: &Instance,
    side: &Side<'_>,
    resolved: &Resolved<'_, Inward<'_>>,
) -> bool {
    if matches!(resolved.orientation.delivery.borne(), Borne::None) {
        return false;
    }
    count_on_device(instance, resolved, Seen::HadSocket);
    side.count(Event::Left(Left::HadSocket));
    true
}

/// Hands the socket that was found to the stack, if that can be. Any context.
#[inline(always)]
pub(super) fn hand_over<'n, F: Family>(
    side: &Side<'_>,
    resolved: Resolved<'n, Inward<'n>>,
    finding: Finding<'n, F>,
    is_plain: bool,
) {
    let delivery = resolved.orientation.delivery;
    let is_steered = match finding {
        Finding::Tcp(_, TcpAnswer::None) | Finding::Udp(_, UdpAnswer::None) => return,
        Finding::Tcp(..) | Finding::Udp(..) if !resolved.agrees || delivery.is_given_away() => {
            side.count(Event::Left(Left::Device));
            return;
        }
        Finding::Tcp(..) | Finding::Udp(..) if !is_plain => {
            side.count(Event::Left(Left::Form));
            return;
        }
        Finding::Tcp(_, answer) => give_tcp(delivery, answer),
        Finding::Udp(_, answer) => give_udp(delivery, answer),
        Finding::Error(_)
        | Finding::Raw(_)
        | Finding::NoTable
        | Finding::LaterFragment
        | Finding::Routed
        | Finding::Dropped
        | Finding::Unparsed => return,
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
