// SPDX-License-Identifier: GPL-2.0

//! The mux: both levels, one after the other.

mod quoted;

use crate::{
    net::{
        inet::{self, Family, Fragment, Header, Port, Stop, Tuple},
        packet::Packet,
        packet_socket::PacketSocket,
    },
    resolve::{Orient, Resolved},
    table::{
        raw::{Raw, RawAnswer},
        tcp::{Tcp, TcpAnswer},
        udp::{Udp, UdpAnswer, UdpKey},
        Table,
    },
};

pub(crate) use self::quoted::Quoted;

/// What the mux knows of a packet.
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
    /// A routing header sends the packet on.
    Routed,
    /// The stack drops the packet before it looks for a socket.
    Dropped,
    /// A header is cut short or contradicts itself.
    Unparsed,
}

impl<F: Family> From<Stop> for Finding<'_, F> {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Unparsed => Self::Unparsed,
            Stop::Routed => Self::Routed,
            Stop::Dropped => Self::Dropped,
        }
    }
}

/// The ports of a packet, as they stand in it.
struct Ports {
    source: Port,
    destination: Port,
}

/// Looks a packet up in the tables of the namespace that it was resolved to; whether it is all there
/// as well, without fragments and without extension headers. Any context.
#[inline(always)]
pub(crate) fn find<'n, F: Family, O: Orient>(resolved: &Resolved<'n, O>) -> (Finding<'n, F>, bool) {
    let packet = &resolved.packet;
    let namespace = resolved.namespace;
    let offset = packet.network_offset();
    let header = match resolved.orientation.header(packet, offset, namespace) {
        Ok(header) => header,
        Err(stop) => return (Finding::from(stop), false),
    };
    if header.fragment == Fragment::Later {
        return (Finding::LaterFragment, false);
    }
    let ports = match header.protocol {
        inet::TCP => tcp_ports(packet, header.payload),
        inet::UDP => udp_ports(packet, header.payload, header.fragment),
        _ => return (find_other(resolved, &header), false),
    };
    let Some(ports) = ports else {
        return (Finding::Unparsed, false);
    };
    let (tuple, to_many) = resolved
        .orientation
        .orient(&header, ports.source, ports.destination);
    let finding = if header.protocol == inet::TCP {
        Finding::Tcp(tuple, Tcp::<F>::lookup(namespace, &tuple))
    } else {
        Finding::Udp(
            tuple,
            Udp::<F>::lookup(namespace, &UdpKey { tuple, to_many }),
        )
    };
    let is_plain = header.fragment == Fragment::Whole && !header.is_extended;
    (finding, is_plain)
}

/// Looks up a packet that is neither of TCP nor of UDP.
#[inline(never)]
fn find_other<'n, F: Family, O: Orient>(
    resolved: &Resolved<'n, O>,
    header: &Header<F>,
) -> Finding<'n, F> {
    if header.protocol == F::ICMP && header.fragment == Fragment::Whole {
        match quoted::find(resolved, header.payload) {
            quoted::Found::Socket(quoted) => return Finding::Error(quoted),
            quoted::Found::Unparsed => return Finding::Unparsed,
            quoted::Found::NoError => {}
        }
    }
    let key = resolved.orientation.orient_raw(header);
    match Raw::<F>::lookup(resolved.namespace, &key) {
        RawAnswer::None => Finding::NoTable,
        answer => Finding::Raw(answer),
    }
}

/// Whether packet sockets have a packet as well, since they listen on the device that it was
/// received on. Any context.
#[inline(always)]
pub(crate) fn is_tapped<F: Family, O: Orient>(resolved: &Resolved<'_, O>) -> bool {
    PacketSocket::exist(resolved.namespace)
        && resolved
            .orientation
            .received_on()
            .is_some_and(|device| PacketSocket::listen(resolved.namespace, device, F::ETHERNET))
}

/// The ports in a TCP header; `None` if it is not all there.
#[inline(always)]
fn tcp_ports(packet: &Packet<'_>, offset: u32) -> Option<Ports> {
    let header: [u8; 20] = packet.read(offset)?;
    let [s0, s1, d0, d1, _, _, _, _, _, _, _, _, length, ..] = header;
    let length = u32::from(length >> 4) * 4;
    if length < 20 || offset.checked_add(length)? > packet.length() {
        return None;
    }
    Some(Ports {
        source: Port::from_header([s0, s1]),
        destination: Port::from_header([d0, d1]),
    })
}

/// The ports in a UDP header; `None` if it is not all there, or tells of more than there is.
#[inline(always)]
fn udp_ports(packet: &Packet<'_>, offset: u32, fragment: Fragment) -> Option<Ports> {
    let header: [u8; 8] = packet.read(offset)?;
    let [s0, s1, d0, d1, l0, l1, ..] = header;
    // 0 is what a datagram says that is too long to say how long it is.
    let length = u32::from(u16::from_be_bytes([l0, l1]));
    let end = offset.checked_add(length)?;
    if length != 0 && (length < 8 || fragment == Fragment::Whole && end > packet.length()) {
        return None;
    }
    Some(Ports {
        source: Port::from_header([s0, s1]),
        destination: Port::from_header([d0, d1]),
    })
}
