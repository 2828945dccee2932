// SPDX-License-Identifier: GPL-2.0

//! Errors of ICMP: the packet that one quotes tells whose it is.
//!
//! The kernel hands an error to the socket that sent the packet in question (`tcp_v4_err()`,
//! `udp_err()` and their like of IPv6): the quoted tuple, reversed. A listener gets none. Of an
//! error about any other protocol, raw sockets are told (`raw_icmp_error()`): each that would get
//! an answer to the quoted packet.

use crate::{
    net::{
        inet::{self, Family, Ports, RawKey, Tuple},
        packet::Packet,
    },
    resolve::Resolved,
    table::{
        raw::{Raw, RawAnswer},
        tcp::{Tcp, TcpAnswer},
        udp::{Udp, UdpAnswer, UdpKey},
        Table,
    },
};

/// Whose packet an error quotes.
pub(crate) enum Quoted<'n, F: Family> {
    /// One of TCP.
    Tcp(Tuple<F>, TcpAnswer<'n>),
    /// One of UDP.
    Udp(Tuple<F>, UdpAnswer<'n>),
    /// One of another protocol, and the raw sockets that are told of it.
    Raw(RawAnswer<'n>),
}

/// What there is to know of a packet of ICMP.
pub(super) enum Found<'n, F: Family> {
    /// It is an error, and of a kind that sockets here are told of.
    Socket(Quoted<'n, F>),
    /// It is an error, and what it quotes is cut short or contradicts itself.
    Unparsed,
    /// It is no error, or none that a socket here is told of.
    NoError,
}

/// Looks for whom an error is. `offset` is where the header of ICMP begins.
pub(super) fn find<'n, F: Family>(resolved: &impl Resolved<'n, F>, offset: u32) -> Found<'n, F> {
    let packet = resolved.packet();
    // What is too short to say what it is is no error.
    let is_error = packet
        .read::<[u8; 1]>(offset)
        .is_some_and(|[kind]| F::is_error(kind));
    if !is_error {
        return Found::NoError;
    }
    // The header of an error has 8 bytes in both families.
    let Some(quoted) = offset
        .checked_add(8)
        .and_then(|offset| F::header(packet, offset))
    else {
        return Found::Unparsed;
    };
    let Some(ports) = ports(packet, quoted.payload) else {
        return Found::Unparsed;
    };
    let Some(protocol) = F::protocol_of_error(&quoted) else {
        return Found::NoError;
    };
    let Some(tuple) = resolved.quoted_tuple(&quoted, ports, protocol) else {
        return Found::NoError;
    };
    let namespace = resolved.namespace();
    Found::Socket(match protocol {
        inet::TCP => Quoted::Tcp(tuple, Tcp::<F>::connection(namespace, &tuple)),
        inet::UDP => {
            let key = UdpKey {
                tuple,
                to_many: false,
            };
            Quoted::Udp(tuple, Udp::<F>::lookup(namespace, &key))
        }
        _ => match Raw::<F>::lookup(namespace, &RawKey::new(protocol, &tuple)) {
            RawAnswer::None => return Found::NoError,
            answer => Quoted::Raw(answer),
        },
    })
}

/// The ports of a packet of which the first 8 bytes are quoted at least, as the kernel wants it for
/// every protocol; what is in their place if it has none.
fn ports(packet: &Packet<'_>, offset: u32) -> Option<Ports> {
    let [s0, s1, d0, d1, ..]: [u8; 8] = packet.read(offset)?;
    Some(Ports::from_header([s0, s1, d0, d1]))
}
