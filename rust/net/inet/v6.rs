// SPDX-License-Identifier: GPL-2.0

//! IP version 6.
//!
//! C headers: [`include/net/ipv6.h`](srctree/include/net/ipv6.h),
//! [`include/net/inet6_hashtables.h`](srctree/include/net/inet6_hashtables.h)

use core::ptr::null_mut;
use kernel::{ffi::c_int, transmute::FromBytes};

use super::{
    extension_headers::{self, FRAGMENT, NO_NEXT},
    Arrival, Family, Fragment, Header, RawKey, Stop, Tuple, V6Address, RAW, TCP, UDP,
};
use crate::{
    bindings,
    net::{
        device::NetDevice,
        namespace::Namespace,
        packet::Packet,
        socket::{Address, Connection, Found, Sock, SockCommon},
    },
};

/// The header that every packet has, `struct ipv6hdr`, and what comes behind it.
///
/// See the example of [`CommonForm`](super::CommonForm).
#[repr(C)]
pub struct Beginning {
    version_class: u8,
    _flow: [u8; 3],
    _length: [u8; 2],
    protocol: u8,
    _hop_limit: u8,
    source: [u8; 16],
    destination: [u8; 16],
    payload: [u8; 8],
}

const _: () = assert!(size_of::<Beginning>() == 48);

// SAFETY: Bytes, and no padding between them.
unsafe impl FromBytes for Beginning {}

/// IP version 6.
///
/// See the example of [`Hook`](crate::net::netfilter::Hook).
#[derive(Clone, Copy)]
pub struct V6;

// SAFETY: All of it is of IPv6.
unsafe impl Family for V6 {
    /// The bytes of `struct in6_addr`.
    type Address = V6Address;

    const NUMBER: u8 = bindings::NFPROTO_IPV6 as u8;
    const ICMP: u8 = 58;
    const ETHERNET: u16 = 0x86dd;
    const FINDS_RECEIVER_EARLY: bool = false;
    const ANY: V6Address = V6Address::from_header([0; 16]);

    type Beginning = Beginning;
    const HEADER: usize = 40;

    fn is_error(kind: u8) -> bool {
        // Destination unreachable, packet too big, time exceeded, parameter problem. A redirect
        // quotes in an option, and is for the routes.
        matches!(kind, 1..=4)
    }

    fn names_many(_: Namespace<'_>, tuple: &Tuple<V6>) -> bool {
        tuple.local.is_multicast()
    }

    fn any_family(address: &V6Address) -> Address {
        Address::V6(address.bytes())
    }

    fn address(bytes: &[u8]) -> Option<V6Address> {
        bytes.try_into().map(V6Address::from_header).ok()
    }

    #[inline(always)]
    fn protocol(packet: &Packet<'_>) -> u8 {
        packet.linear().get(6).map_or(RAW, |protocol| *protocol)
    }

    #[inline(always)]
    fn beginning<'p>(packet: &Packet<'p>) -> Option<&'p Beginning> {
        let (beginning, _) = Beginning::from_bytes_prefix(packet.linear())?;
        (beginning.version_class >> 4 == 6).then_some(beginning)
    }

    #[inline(always)]
    fn header_of(beginning: &Beginning) -> Header<Self> {
        Header {
            source: V6Address::from_header(beginning.source),
            destination: V6Address::from_header(beginning.destination),
            protocol: beginning.protocol,
            payload: Self::HEADER as u32,
            fragment: Fragment::Whole,
            is_extended: false,
        }
    }

    #[inline(always)]
    fn payload_of(beginning: &Beginning) -> &[u8; 8] {
        &beginning.payload
    }

    #[inline]
    fn header(packet: &Packet<'_>, offset: u32) -> Option<Header<Self>> {
        let header = first_header(packet, offset)?;
        match header.protocol {
            TCP | UDP => Some(header),
            _ => extension_headers::pass_over(packet, header),
        }
    }

    #[inline(always)]
    fn received_header(
        packet: &Packet<'_>,
        offset: u32,
        namespace: Namespace<'_>,
        device: Option<&NetDevice>,
    ) -> Result<Header<Self>, Stop> {
        let header = first_header(packet, offset).ok_or(Stop::Unparsed)?;
        match header.protocol {
            TCP | UDP => Ok(header),
            _ => extension_headers::heed(packet, header, namespace, device),
        }
    }

    #[inline]
    fn protocol_of_error(header: &Header<V6>) -> Option<u8> {
        match (header.protocol, header.fragment) {
            // The kernel looks no further than that header.
            (_, Fragment::Later) => Some(FRAGMENT),
            (RAW | NO_NEXT, _) => None,
            (protocol, _) => Some(protocol),
        }
    }

    fn tuple_of_error(protocol: u8, tuple: Tuple<V6>, on: c_int) -> Tuple<V6> {
        match protocol {
            // `tcp_v6_err()`
            TCP => Tuple {
                device: on,
                ..tuple
            },
            // `udpv6_err()`, `raw6_icmp_error()`
            _ => tuple,
        }
    }

    unsafe fn arrival(packet: &Packet<'_>) -> Arrival {
        // SAFETY: By the safety requirement.
        unsafe { packet.arrival_v6() }
    }

    #[inline]
    fn is_to_many(_arrival: &Arrival, destination: &V6Address) -> bool {
        // The condition of `udpv6_rcv()`.
        destination.is_multicast()
    }

    #[inline]
    fn lookup_connection<'n>(
        namespace: Namespace<'n>,
        tuple: &Tuple<Self>,
    ) -> Option<Connection<'n>> {
        // SAFETY: The namespace and the addresses are valid, and the namespace is evidence of a
        // read-side section.
        let sk = unsafe {
            bindings::__inet6_lookup_established(
                namespace.object().as_ptr(),
                tuple.remote.as_ptr(),
                tuple.remote_port.network_order(),
                tuple.local.as_ptr(),
                tuple.local_port.number(),
                tuple.device,
                tuple.slave,
            )
        };
        // SAFETY: The function has taken a reference for its caller.
        unsafe { Connection::from_lookup(sk, namespace) }
    }

    #[inline]
    fn lookup_listener<'n>(namespace: Namespace<'n>, tuple: &Tuple<Self>) -> Found<'n> {
        // SAFETY: The namespace and the addresses are valid, and the namespace is evidence of a
        // read-side section. The packet may be null, and its offset is then not used.
        let sk = unsafe {
            bindings::inet6_lookup_listener(
                namespace.object().as_ptr(),
                null_mut(),
                0,
                tuple.remote.as_ptr(),
                tuple.remote_port.network_order(),
                tuple.local.as_ptr(),
                tuple.local_port.number(),
                tuple.device,
                tuple.slave,
            )
        };
        // SAFETY: The function takes no reference, and gives full sockets only, which are freed by RCU
        // (`inet_hash()`); of a BPF program's choice, too (`bpf_sk_lookup_assign()`).
        unsafe { Found::from_lookup(sk, namespace) }
    }

    #[inline]
    fn lookup_udp<'n>(namespace: Namespace<'n>, tuple: &Tuple<Self>) -> Found<'n> {
        // SAFETY: The namespace and the addresses are valid, and the namespace is evidence of a
        // read-side section. The packet may be null.
        let sk = unsafe {
            bindings::__udp6_lib_lookup(
                namespace.object().as_ptr(),
                tuple.remote.as_ptr(),
                tuple.remote_port.network_order(),
                tuple.local.as_ptr(),
                tuple.local_port.network_order(),
                tuple.device,
                tuple.slave,
                null_mut(),
            )
        };
        // SAFETY: The function takes no reference, and gives full sockets only, which are freed by RCU
        // (`udp_lib_get_port()`); of a BPF program's choice, too (`bpf_sk_lookup_assign()`).
        unsafe { Found::from_lookup(sk, namespace) }
    }

    fn raw_table() -> *mut bindings::raw_hashinfo {
        &raw mut bindings::raw_v6_hashinfo
    }

    fn hash_of_connection(namespace: Namespace<'_>, tuple: &Tuple<Self>) -> u32 {
        // SAFETY: The namespace and the addresses are valid.
        unsafe {
            bindings::inet6_ehashfn(
                namespace.object().as_ptr(),
                tuple.local.as_ptr(),
                tuple.local_port.number(),
                tuple.remote.as_ptr(),
                tuple.remote_port.network_order(),
            )
        }
    }

    fn holds_local_end(socket: &SockCommon, tuple: &Tuple<Self>) -> bool {
        let (address, port) = socket.local();
        let is_this = match address {
            Address::V4(_) => false,
            Address::V6(bytes) => bytes == tuple.local.bytes() || bytes == [0; 16],
        };
        port == tuple.local_port && is_this
    }

    fn is_local_end(socket: &SockCommon, tuple: &Tuple<Self>) -> bool {
        socket.is_of_ipv6()
            && (socket.addresses_v6().0, socket.local_port())
                == (tuple.local.bytes(), tuple.local_port)
    }

    fn are_ends(socket: &SockCommon, tuple: &Tuple<Self>) -> bool {
        let (local, remote) = socket.addresses_v6();
        let ports = (socket.local_port(), socket.remote_port());
        socket.is_of_ipv6()
            && (local, remote) == (tuple.local.bytes(), tuple.remote.bytes())
            && ports == (tuple.local_port, tuple.remote_port)
    }

    unsafe fn raw_matches(namespace: Namespace<'_>, socket: &Sock, key: &RawKey<Self>) -> bool {
        // SAFETY: The namespace and the addresses are valid, and so is the socket, which is of the kind
        // that is meant by the safety requirement.
        unsafe {
            bindings::raw_v6_match(
                namespace.object().as_ptr(),
                socket.as_ptr(),
                key.protocol.into(),
                key.local.as_ptr(),
                key.remote.as_ptr(),
                key.device,
                key.slave,
            )
        }
    }
}

/// Reads the header that every packet has.
#[inline(always)]
fn first_header(packet: &Packet<'_>, offset: u32) -> Option<Header<V6>> {
    let [version, _, _, _, _, _, protocol, _]: [u8; 8] = packet.read(offset)?;
    let [source, destination]: [[u8; 16]; 2] = packet.read(offset.checked_add(8)?)?;
    if version >> 4 != 6 {
        return None;
    }
    Some(Header {
        source: V6Address::from_header(source),
        destination: V6Address::from_header(destination),
        protocol,
        payload: offset.checked_add(40)?,
        fragment: Fragment::Whole,
        is_extended: false,
    })
}
