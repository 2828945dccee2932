// SPDX-License-Identifier: GPL-2.0

//! The mux: both levels, one after the other.

pub(crate) mod at_hand;
mod quoted;

use crate::{
    net::{
        inet::{self, CommonForm, Family, Fragment, Header, Ports, Stop, Tuple},
        netfilter::Received,
        packet::Packet,
        packet_socket::PacketSocket,
    },
    resolve::Resolved,
    table::{
        raw::{Raw, RawAnswer},
        tcp::{Tcp, TcpAnswer},
        udp::{Udp, UdpAnswer, UdpKey},
        Table,
    },
};

pub(crate) use self::quoted::Quoted;

/// What the headers of a packet say.
pub(crate) enum Form<F: Family> {
    /// A packet of TCP or UDP.
    Ports(Header<F>, Ports),
    /// A packet of another protocol.
    Other(Header<F>),
    /// A fragment, and not the first of its packet: it has no ports.
    LaterFragment,
    /// The packet has come to its end before anyone looks for a socket.
    Stopped(Stop),
}

/// What the tables know of a packet.
pub(crate) enum Finding<'n, F: Family> {
    /// A TCP packet, what it was looked up by, and whose it is.
    Tcp(Tuple<F>, TcpAnswer<'n>),
    /// A UDP packet, what it was looked up by, and whose it is.
    Udp(Tuple<F>, UdpAnswer<'n>),
    /// An error of ICMP about a packet from here, and whose that was.
    Error(Quoted<'n, F>),
    /// A packet of another protocol, and the raw sockets that want it.
    Raw(RawAnswer<'n>),
    /// The packet is of a protocol that has no table here, and no raw socket wants it.
    NoTable,
    /// The packet is a fragment, and not the first of its packet: it has no ports.
    LaterFragment,
    /// The packet has come to its end before anyone looks for a socket.
    Stopped(Stop),
}

/// Reads the headers of a packet. Any context.
#[inline(always)]
pub(crate) fn form<'n, F: Family>(resolved: &impl Resolved<'n, F>) -> Form<F> {
    match CommonForm::of(resolved.packet()) {
        Some(form) if form.protocol() == inet::UDP || resolved.is_taken_by_tcp() => {
            Form::Ports(form.header(), form.ports())
        }
        _ => any_form(resolved),
    }
}

/// The same, whatever the packet looks like.
#[cold]
#[inline(never)]
fn any_form<'n, F: Family>(resolved: &impl Resolved<'n, F>) -> Form<F> {
    let packet = resolved.packet();
    let header = match resolved.header(packet.network_offset()) {
        Ok(header) => header,
        Err(stop) => return Form::Stopped(stop),
    };
    if header.fragment == Fragment::Later {
        return Form::LaterFragment;
    }
    let ports = match header.protocol {
        inet::TCP if !resolved.is_taken_by_tcp() => return Form::Stopped(Stop::Dropped),
        inet::TCP => tcp_ports(packet, header.payload),
        inet::UDP => udp_ports(packet, &header),
        _ => return Form::Other(header),
    };
    match ports {
        Some(ports) => Form::Ports(header, ports),
        None => Form::Stopped(Stop::Unparsed),
    }
}

/// Looks a packet up in the tables of the namespace that it was resolved to. Any context.
#[inline(always)]
pub(crate) fn find<'n, F: Family>(
    resolved: &impl Resolved<'n, F>,
    form: Form<F>,
) -> Finding<'n, F> {
    let (header, ports) = match form {
        Form::Ports(header, ports) => (header, ports),
        Form::Other(header) => return find_other(resolved, &header),
        Form::LaterFragment => return Finding::LaterFragment,
        Form::Stopped(stop) => return Finding::Stopped(stop),
    };
    let namespace = resolved.namespace();
    let (tuple, to_many) = resolved.tuple(&header, ports);
    if header.protocol == inet::TCP {
        Finding::Tcp(tuple, Tcp::<F>::lookup(namespace, &tuple))
    } else {
        Finding::Udp(
            tuple,
            Udp::<F>::lookup(namespace, &UdpKey { tuple, to_many }),
        )
    }
}

/// Looks up a packet that is neither of TCP nor of UDP.
#[inline(never)]
fn find_other<'n, F: Family>(
    resolved: &impl Resolved<'n, F>,
    header: &Header<F>,
) -> Finding<'n, F> {
    if header.protocol == F::ICMP && header.fragment == Fragment::Whole {
        match quoted::find(resolved, header.payload) {
            quoted::Found::Socket(quoted) => return Finding::Error(quoted),
            quoted::Found::Unparsed => return Finding::Stopped(Stop::Unparsed),
            quoted::Found::NoError => {}
        }
    }
    let key = resolved.raw_key(header);
    match Raw::<F>::lookup(resolved.namespace(), &key) {
        RawAnswer::None => Finding::NoTable,
        answer => Finding::Raw(answer),
    }
}

/// Whether packet sockets have a packet as well, since they listen on the device that it was
/// received on. Any context.
pub(crate) fn is_tapped<F: Family>(received: &Received<'_, F>) -> bool {
    PacketSocket::listen(received.namespace, received.arrival().device, F::ETHERNET)
}

/// The ports in a TCP header; `None` if it is not all there.
fn tcp_ports(packet: &Packet<'_>, offset: u32) -> Option<Ports> {
    let header: [u8; 20] = packet.read(offset)?;
    let [s0, s1, d0, d1, _, _, _, _, _, _, _, _, length, ..] = header;
    let length = u32::from(length >> 4) * 4;
    if length < 20 || offset.checked_add(length)? > packet.length() {
        return None;
    }
    Some(Ports::from_header([s0, s1, d0, d1]))
}

/// The ports in a UDP header; `None` if it is not all there, or tells of more than there is.
fn udp_ports<F: Family>(packet: &Packet<'_>, header: &Header<F>) -> Option<Ports> {
    let [s0, s1, d0, d1, l0, l1, _, _]: [u8; 8] = packet.read(header.payload)?;
    let length = u32::from(u16::from_be_bytes([l0, l1]));
    let end = header.payload.checked_add(length)?;
    let is_told = match length {
        // What many in one may say (`udp_get_len()`), and a jumbogram, which is too long to say more.
        0 => packet.is_gso() || packet.length().wrapping_sub(header.payload) > u16::MAX.into(),
        1..8 => false,
        _ => header.fragment != Fragment::Whole || end <= packet.length(),
    };
    is_told.then(|| Ports::from_header([s0, s1, d0, d1]))
}
