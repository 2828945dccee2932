// SPDX-License-Identifier: GPL-2.0

//! IP version 4.
//!
//! C headers: [`include/linux/ip.h`](srctree/include/linux/ip.h),
//! [`include/net/inet_hashtables.h`](srctree/include/net/inet_hashtables.h)

use core::ptr::null_mut;
use kernel::{ffi::c_int, transmute::FromBytes};

use super::{Arrival, Family, Fragment, Header, RawKey, Stop, Tuple, RAW, TCP, UDP};
use crate::{
    bindings,
    net::{
        device::NetDevice,
        namespace::Namespace,
        packet::Packet,
        socket::{Address, Connection, Found, Sock, SockCommon},
    },
};

/// An address of no network: 240.0.0.0.
const RESERVED: u32 = 0xf000_0000_u32.to_be();

/// A header without options, `struct iphdr`, and what comes behind it.
///
/// See the example of [`CommonForm`](super::CommonForm).
#[repr(C)]
pub struct Beginning {
    version_length: u8,
    _type_of_service: u8,
    _length: [u8; 2],
    _identification: [u8; 2],
    fragment: [u8; 2],
    _time_to_live: u8,
    protocol: u8,
    _checksum: [u8; 2],
    source: [u8; 4],
    destination: [u8; 4],
    payload: [u8; 8],
}

const _: () = assert!(size_of::<Beginning>() == 28);

// SAFETY: Bytes, and no padding between them.
unsafe impl FromBytes for Beginning {}

/// IP version 4.
///
/// See the example of [`Tuple`].
#[derive(Clone, Copy)]
pub struct V4;

// SAFETY: All of it is of IPv4.
unsafe impl Family for V4 {
    /// `__be32`
    type Address = u32;

    const NUMBER: u8 = bindings::NFPROTO_IPV4 as u8;
    const ICMP: u8 = 1;
    const ETHERNET: u16 = 0x0800;
    const FINDS_RECEIVER_EARLY: bool = true;
    const ANY: u32 = 0;

    type Beginning = Beginning;
    const HEADER: usize = 20;

    fn is_error(kind: u8) -> bool {
        // Destination unreachable, source quench, redirect, time exceeded, parameter problem.
        matches!(kind, 3 | 4 | 5 | 11 | 12)
    }

    fn names_many(namespace: Namespace<'_>, tuple: &Tuple<V4>) -> bool {
        let device =
            NetDevice::by_index(namespace, tuple.device).map_or(null_mut(), NetDevice::as_ptr);
        let kind = |address| {
            // SAFETY: The namespace is valid, and evidence of a read-side section, in which the device
            // is valid too if it is not null.
            unsafe {
                bindings::inet_addr_type_dev_table(namespace.object().as_ptr(), device, address)
            }
        };
        match kind(tuple.local) {
            bindings::RTN_MULTICAST => true,
            // So the function calls addresses that begin with 0 as well, to which nothing is sent; and
            // all others in a namespace without routes, also one that is no network's.
            bindings::RTN_BROADCAST => {
                tuple.local == u32::MAX
                    || u32::from_be(tuple.local) >> 24 != 0
                        && kind(RESERVED) != bindings::RTN_BROADCAST
            }
            _ => false,
        }
    }

    fn any_family(address: &u32) -> Address {
        Address::V4(address.to_ne_bytes())
    }

    fn address(bytes: &[u8]) -> Option<u32> {
        bytes.try_into().map(u32::from_ne_bytes).ok()
    }

    #[inline(always)]
    fn protocol(packet: &Packet<'_>) -> u8 {
        packet.linear().get(9).map_or(RAW, |protocol| *protocol)
    }

    #[inline(always)]
    fn beginning<'p>(packet: &Packet<'p>) -> Option<&'p Beginning> {
        let (beginning, _) = Beginning::from_bytes_prefix(packet.linear())?;
        // All but "don't fragment" is 0.
        let is_whole = u16::from_be_bytes(beginning.fragment) & 0xbfff == 0;
        (beginning.version_length == 0x45 && is_whole).then_some(beginning)
    }

    #[inline(always)]
    fn header_of(beginning: &Beginning) -> Header<Self> {
        Header {
            source: u32::from_ne_bytes(beginning.source),
            destination: u32::from_ne_bytes(beginning.destination),
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

    #[inline(always)]
    fn header(packet: &Packet<'_>, offset: u32) -> Option<Header<Self>> {
        let [version_length, _, _, _, _, _, fragment_high, fragment_low, _, protocol, _, _]: [u8;
            12] = packet.read(offset)?;
        let [source, destination]: [[u8; 4]; 2] = packet.read(offset.checked_add(12)?)?;
        let fragment = u16::from_be_bytes([fragment_high, fragment_low]);
        let length = u32::from(version_length & 0xf) * 4;
        if version_length >> 4 != 4 || length < 20 {
            return None;
        }
        Some(Header {
            source: u32::from_ne_bytes(source),
            destination: u32::from_ne_bytes(destination),
            protocol,
            payload: offset.checked_add(length)?,
            fragment: Fragment::new(fragment & 0x1fff, fragment & 0x2000 != 0),
            is_extended: false,
        })
    }

    #[inline(always)]
    fn received_header(
        packet: &Packet<'_>,
        offset: u32,
        _: Namespace<'_>,
        _: Option<&NetDevice>,
    ) -> Result<Header<Self>, Stop> {
        Self::header(packet, offset).ok_or(Stop::Unparsed)
    }

    #[inline]
    fn protocol_of_error(header: &Header<V4>) -> Option<u8> {
        match (header.protocol, header.fragment) {
            (RAW, _) | (TCP | UDP, Fragment::Later) => None,
            (protocol, _) => Some(protocol),
        }
    }

    fn tuple_of_error(protocol: u8, tuple: Tuple<V4>, on: c_int) -> Tuple<V4> {
        match protocol {
            // `tcp_v4_err()` does not heed the slave of a VRF.
            TCP => Tuple { slave: 0, ..tuple },
            // `udp_err()`, `raw_icmp_error()`
            _ => Tuple {
                device: on,
                ..tuple
            },
        }
    }

    unsafe fn arrival(packet: &Packet<'_>) -> Arrival {
        // SAFETY: By the safety requirement.
        unsafe { packet.arrival_v4() }
    }

    #[inline]
    fn is_to_many(arrival: &Arrival, _destination: &u32) -> bool {
        // The condition of `udp_rcv()`.
        arrival.is_routed_to_many
    }

    #[inline]
    fn lookup_connection<'n>(
        namespace: Namespace<'n>,
        tuple: &Tuple<Self>,
    ) -> Option<Connection<'n>> {
        // SAFETY: The namespace is valid, and evidence of a read-side section.
        let sk = unsafe {
            bindings::__inet_lookup_established(
                namespace.object().as_ptr(),
                tuple.remote,
                tuple.remote_port.network_order(),
                tuple.local,
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
        // SAFETY: The namespace is valid, and evidence of a read-side section. The packet may be
        // null, and its offset is then not used.
        let sk = unsafe {
            bindings::__inet_lookup_listener(
                namespace.object().as_ptr(),
                null_mut(),
                0,
                tuple.remote,
                tuple.remote_port.network_order(),
                tuple.local,
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
        // SAFETY: The namespace is valid, and evidence of a read-side section. The packet may be
        // null.
        let sk = unsafe {
            bindings::__udp4_lib_lookup(
                namespace.object().as_ptr(),
                tuple.remote,
                tuple.remote_port.network_order(),
                tuple.local,
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
        &raw mut bindings::raw_v4_hashinfo
    }

    fn hash_of_connection(namespace: Namespace<'_>, tuple: &Tuple<Self>) -> u32 {
        // SAFETY: The namespace is valid.
        unsafe {
            bindings::inet_ehashfn(
                namespace.object().as_ptr(),
                tuple.local,
                tuple.local_port.number(),
                tuple.remote,
                tuple.remote_port.network_order(),
            )
        }
    }

    fn holds_local_end(socket: &SockCommon, tuple: &Tuple<Self>) -> bool {
        let (address, port) = socket.local();
        let is_for_any = match address {
            Address::V4(bytes) => bytes == [0; 4],
            Address::V6(bytes) => bytes == [0; 16] && !socket.is_ipv6_only(),
        };
        let is_for_this = socket.has_ipv4_ends() && socket.addresses_v4().0 == tuple.local;
        port == tuple.local_port && (is_for_any || is_for_this)
    }

    fn is_local_end(socket: &SockCommon, tuple: &Tuple<Self>) -> bool {
        socket.has_ipv4_ends()
            && (socket.addresses_v4().0, socket.local_port()) == (tuple.local, tuple.local_port)
    }

    fn are_ends(socket: &SockCommon, tuple: &Tuple<Self>) -> bool {
        let (local, remote) = socket.addresses_v4();
        if !socket.has_ipv4_ends() {
            return false;
        }
        let ports = (socket.local_port(), socket.remote_port());
        (local, remote) == (tuple.local, tuple.remote)
            && ports == (tuple.local_port, tuple.remote_port)
    }

    unsafe fn raw_matches(namespace: Namespace<'_>, socket: &Sock, key: &RawKey<Self>) -> bool {
        // SAFETY: The namespace is valid, and so is the socket, which is of the kind that is meant by
        // the safety requirement.
        unsafe {
            bindings::raw_v4_match(
                namespace.object().as_ptr(),
                socket.as_ptr(),
                key.protocol.into(),
                key.remote,
                key.local,
                key.device,
                key.slave,
            )
        }
    }
}
