// SPDX-License-Identifier: GPL-2.0

//! Packets for this host.
//!
//! The common form of a packet is looked at here, from top to bottom: one of TCP or UDP whose headers are
//! all in one piece, and that bears its socket or is looked up. Everything else is [`rare`]: also what
//! somebody traces, since it is told of each packet.
//!
//! Each function ends in a jump to the next one, with all that it has found out in registers. So one
//! saves registers only for the lookup that it calls itself, and a packet that bears its socket needs
//! no stack at all.

use super::{
    observe::{count_on_device, Observed},
    rare,
    steer::{self, Form},
    trace::Lookup,
    verify,
};
use crate::{
    account::{
        device::{DeviceAccount, Seen},
        Event, Protocol, Side,
    },
    instance::Instance,
    mode::Mode,
    mux,
    net::{
        inet::{CommonForm, TCP, UDP, V4, V6},
        netfilter::{Accept, Hook, Incoming, Receive, Received, Resolution},
        packet_socket::PacketSocket,
        socket::{Connection, SockCommon},
    },
    resolve::{Direction, Resolved, ResolvedBy},
    table::{
        tcp::{Tcp, TcpAnswer},
        udp::{Udp, UdpAnswer, UdpKey},
        Answer, Outcome, Table,
    },
};

/// After the filter and the NAT of input: what is seen is what the sockets will see, except that
/// ipvlan in mode L3S changes the device later than anyone else can look. Before the
/// confirmation of connection tracking, which has to come last of all.
const PRIORITY: i32 = 200;

/// The hook of IPv4.
pub(crate) const HOOK_V4: Hook<Instance> = Hook::local_in::<V4, In>(PRIORITY);
/// The hook of IPv6.
pub(crate) const HOOK_V6: Hook<Instance> = Hook::local_in::<V6, In>(PRIORITY);

/// How most packets are resolved.
const USUAL: Resolution = Resolution {
    by: ResolvedBy::Device,
    agrees: true,
};

struct In;

impl<F: Observed> Receive<Instance, F> for In {
    #[inline(always)]
    fn receive(instance: &Instance, packet: Incoming<'_, F>) -> Accept {
        if Lookup::is_listened_to() {
            return packet
                .resolve(|received, resolution| rare::unusual(instance, received, resolution));
        }
        packet.resolve(|received, resolution| {
            if resolution != USUAL {
                return rare::unusual(instance, received, resolution);
            }
            if PacketSocket::exist(received.namespace) {
                return tapped(instance, received);
            }
            sort(instance, received)
        })
    }
}

/// A packet that packet sockets may have as well.
#[inline(never)]
fn tapped<F: Observed>(instance: &Instance, received: Received<'_, F>) -> Accept {
    if mux::is_tapped(&received) {
        if let Some(side) = instance.account().side(Direction::Receive) {
            side.count(Event::Tapped);
        }
    }
    sort(instance, received)
}

#[inline(always)]
fn sort<F: Observed>(instance: &Instance, received: Received<'_, F>) -> Accept {
    let Some(form) = CommonForm::of(&received.packet) else {
        return rare::received(instance, received, USUAL);
    };
    match form.protocol() {
        TCP if !received.is_taken_by_tcp() => rare::received(instance, received, USUAL),
        TCP if received.bears_socket() => tcp_borne(instance, received),
        TCP => look_up_connection(instance, received, form),
        _ if received.bears_socket() => udp_borne(instance, received),
        _ => look_up_udp(instance, received, form),
    }
}

/// A packet of TCP that bears a socket: mostly the connection that early demultiplexing has found.
#[inline(always)]
fn tcp_borne<F: Observed>(instance: &Instance, received: Received<'_, F>) -> Accept {
    if received.is_prefetched() {
        return rare::received(instance, received, USUAL);
    }
    match received.own_socket().and_then(SockCommon::as_full_in_state) {
        Some((full, state)) if full.protocol() == TCP.into() && !state.is_listening() => {
            borne(instance, received, F::TCP, Outcome::Established)
        }
        _ => rare::received(instance, received, USUAL),
    }
}

/// The same of UDP: mostly a socket with a peer.
#[inline(always)]
fn udp_borne<F: Observed>(instance: &Instance, received: Received<'_, F>) -> Accept {
    match received.own_socket().and_then(SockCommon::as_connected) {
        Some(full) if full.protocol() == UDP.into() => {
            borne(instance, received, F::UDP, Outcome::Connected)
        }
        _ => rare::received(instance, received, USUAL),
    }
}

/// A packet that bears what early demultiplexing finds. The stack takes it: there is nothing to steer.
#[inline(always)]
fn borne<F: Observed>(
    instance: &Instance,
    received: Received<'_, F>,
    protocol: Protocol,
    outcome: Outcome,
) -> Accept {
    let Some(counters) = Counters::of(instance, &received) else {
        return borne_elsewhere(instance, received, protocol, outcome);
    };
    counters.count(protocol, outcome);
    counters.side.count(Event::EarlyDemux);
    verify::borne(instance, received)
}

/// The same by a device whose account is not found at once.
#[inline(never)]
fn borne_elsewhere<F: Observed>(
    instance: &Instance,
    received: Received<'_, F>,
    protocol: Protocol,
    outcome: Outcome,
) -> Accept {
    if let Some(side) = instance.account().side(Direction::Receive) {
        side.count(Event::EarlyDemux);
    }
    found(instance, &received, protocol, outcome);
    verify::borne(instance, received)
}

/// A packet of UDP whose socket nobody knows yet.
#[inline(never)]
fn look_up_udp<'n, F: Observed>(
    instance: &Instance,
    received: Received<'n, F>,
    form: CommonForm<'n, F>,
) -> Accept {
    let (tuple, to_many) = received.tuple(&form.header(), form.ports());
    let socket = match Udp::<F>::lookup(received.namespace, &UdpKey { tuple, to_many }) {
        UdpAnswer::Socket(socket) => socket,
        UdpAnswer::None => return missed(instance, received, F::UDP),
        answer => return found_udp(instance, received, answer),
    };
    let Some(counters) = Counters::of(instance, &received) else {
        return found_udp(instance, received, UdpAnswer::Socket(socket));
    };
    if socket.is_connected() {
        counters.count(F::UDP, Outcome::Connected);
    } else if socket.is_in_reuseport_group() {
        counters.count(F::UDP, Outcome::Ambiguous);
    } else {
        counters.count(F::UDP, Outcome::Unconnected);
    }
    if instance.mode() == Mode::Steer {
        return steer::udp(instance, received, UdpAnswer::Socket(socket), Form::Common);
    }
    Accept::packet()
}

/// Out-of-line counting, for rare answers and devices not in the direct slots: of UDP.
#[inline(never)]
fn found_udp<'n, F: Observed>(
    instance: &Instance,
    received: Received<'n, F>,
    answer: UdpAnswer<'n>,
) -> Accept {
    found(instance, &received, F::UDP, answer.outcome());
    if instance.mode() == Mode::Steer {
        return steer::udp(instance, received, answer, Form::Common);
    }
    Accept::packet()
}

/// A packet of TCP whose socket nobody knows yet: first connections are asked, in the order of
/// `__inet_lookup()`.
#[inline(never)]
fn look_up_connection<'n, F: Observed>(
    instance: &Instance,
    received: Received<'n, F>,
    form: CommonForm<'n, F>,
) -> Accept {
    let (tuple, _) = received.tuple(&form.header(), form.ports());
    let socket = match Tcp::<F>::connection(received.namespace, &tuple) {
        TcpAnswer::Connection(Connection::Established(socket)) => socket,
        TcpAnswer::None => return look_up_listener(instance, received, form),
        answer => return found_tcp(instance, received, answer),
    };
    let Some(counters) = Counters::of(instance, &received) else {
        let answer = TcpAnswer::Connection(Connection::Established(socket));
        return found_tcp(instance, received, answer);
    };
    counters.count(F::TCP, Outcome::Established);
    if instance.mode() == Mode::Steer {
        let answer = TcpAnswer::Connection(Connection::Established(socket));
        return steer::tcp(instance, received, answer, Form::Common);
    }
    Accept::packet()
}

/// A packet of TCP for which there is no connection.
#[inline(never)]
fn look_up_listener<'n, F: Observed>(
    instance: &Instance,
    received: Received<'n, F>,
    form: CommonForm<'n, F>,
) -> Accept {
    let (tuple, _) = received.tuple(&form.header(), form.ports());
    let listener = match Tcp::<F>::listener(received.namespace, &tuple) {
        TcpAnswer::Listener(listener) => listener,
        TcpAnswer::None => return missed(instance, received, F::TCP),
        answer => return found_tcp(instance, received, answer),
    };
    let Some(counters) = Counters::of(instance, &received) else {
        return found_tcp(instance, received, TcpAnswer::Listener(listener));
    };
    if listener.is_in_reuseport_group() {
        counters.count(F::TCP, Outcome::Ambiguous);
    } else {
        counters.count(F::TCP, Outcome::Listener);
    }
    if instance.mode() == Mode::Steer {
        return steer::tcp(
            instance,
            received,
            TcpAnswer::Listener(listener),
            Form::Common,
        );
    }
    Accept::packet()
}

/// The same of TCP.
#[inline(never)]
fn found_tcp<'n, F: Observed>(
    instance: &Instance,
    received: Received<'n, F>,
    answer: TcpAnswer<'n>,
) -> Accept {
    found(instance, &received, F::TCP, answer.outcome());
    if instance.mode() == Mode::Steer {
        return steer::tcp(instance, received, answer, Form::Common);
    }
    Accept::packet()
}

/// Counts a packet of which something was found, or nothing.
fn found<F: Observed>(
    instance: &Instance,
    received: &Received<'_, F>,
    protocol: Protocol,
    outcome: Outcome,
) {
    let Some(side) = instance.account().side(Direction::Receive) else {
        return;
    };
    side.count(Event::Lookup(protocol, outcome));
    count_on_device(instance, received, Seen::Found(outcome));
}

/// The counters that most packets change: those of the namespace, and of a device that has its place.
struct Counters<'a, 'n> {
    side: Side<'a>,
    device: &'n DeviceAccount,
}

impl<'a, 'n> Counters<'a, 'n> {
    /// Those for a packet, unless it takes longer to find them.
    #[inline(always)]
    fn of<F: Observed>(instance: &'a Instance, received: &Received<'n, F>) -> Option<Self> {
        let section = received.namespace.section();
        let device = instance
            .devices()
            .find_in_place(received.device()?, section)?;
        let side = instance.account().side(Direction::Receive)?;
        Some(Self { side, device })
    }

    /// Counts a packet. Where the outcome is a constant, so are the places of the counters.
    #[inline(always)]
    fn count(&self, protocol: Protocol, outcome: Outcome) {
        self.device.count(Seen::Found(outcome));
        self.side.count(Event::Lookup(protocol, outcome));
    }
}

/// A packet that has no socket.
#[inline(always)]
fn missed<F: Observed>(
    instance: &Instance,
    received: Received<'_, F>,
    protocol: Protocol,
) -> Accept {
    let Some(counters) = Counters::of(instance, &received) else {
        return note_missed(instance, received);
    };
    if instance.miss().is_told() {
        return note_missed(instance, received);
    }
    counters.count(protocol, Outcome::None);
    Accept::packet()
}

/// The same, and maybe somebody is told of it. The form is found out anew: to have it here would take
/// a register through each lookup.
#[cold]
#[inline(never)]
fn note_missed<F: Observed>(instance: &Instance, received: Received<'_, F>) -> Accept {
    let Some(form) = CommonForm::of(&received.packet) else {
        return rare::received(instance, received, USUAL);
    };
    let (tuple, _) = received.tuple(&form.header(), form.ports());
    let protocol = match form.protocol() {
        TCP => F::TCP,
        _ => F::UDP,
    };
    found(instance, &received, protocol, Outcome::None);
    instance.miss().note(protocol, &tuple);
    Accept::packet()
}
