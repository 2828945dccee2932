// SPDX-License-Identifier: GPL-2.0

//! The two families of the Internet protocol, and lookups in the tables of their sockets.
//!
//! Every lookup is a call of the function with which the kernel delivers packets itself, in the
//! tables of the namespace that is given. None is handed the packet: with it the kernel would run
//! the programs of reuseport groups, and a lookup would have effects. Programs of the kind
//! `BPF_SK_LOOKUP` run all the same, as they have a say in the answer.
//!
//! C headers: [`include/net/inet_hashtables.h`](srctree/include/net/inet_hashtables.h),
//! [`include/net/inet6_hashtables.h`](srctree/include/net/inet6_hashtables.h),
//! [`include/net/udp.h`](srctree/include/net/udp.h)

use core::{
    ffi::c_int,
    ptr::{from_ref, null_mut},
};

use super::{
    namespace::Namespace,
    packet::Packet,
    socket::{Borrowed, Connection, Full},
};
use crate::bindings;

/// `IPPROTO_TCP`
pub const TCP: u8 = 6;
/// `IPPROTO_UDP`
pub const UDP: u8 = 17;

/// `NEXTHDR_HOP`
const HOP_BY_HOP: u8 = 0;
/// `NEXTHDR_ROUTING`
const ROUTING: u8 = 43;
/// `NEXTHDR_FRAGMENT`
const FRAGMENT: u8 = 44;
/// `NEXTHDR_AUTH`
const AUTHENTICATION: u8 = 51;
/// `NEXTHDR_DEST`
const DESTINATION: u8 = 60;

/// How many extension headers are followed, as many as the kernel does (`IP6_MAX_EXT_HDRS_CNT`).
const EXTENSION_HEADERS: usize = 12;

/// How a packet arrived, as far as it decides which sockets may have it.
#[derive(Clone, Copy)]
pub struct Arrival {
    /// The index of the device, `dif` in C: that of the master if the device is a slave of an L3
    /// master (VRF).
    pub device: c_int,
    /// The index of the slave of an L3 master, `sdif` in C; 0 if there is none.
    pub slave: c_int,
    /// Whether any number of sockets may have it: it was broadcast or sent to a group.
    pub to_many: bool,
}

/// What a lookup goes by: a socket's two ends, and the device.
///
/// The ends are called by where they are, not by the direction of one packet, so that they cannot
/// be taken for each other.
#[derive(Clone, Copy)]
pub struct Tuple<F: Family> {
    /// The address of this end, where the socket is.
    pub local: F::Address,
    /// The port of this end.
    pub local_port: Port,
    /// The address of the other end.
    pub remote: F::Address,
    /// The port of the other end.
    pub remote_port: Port,
    /// The index of the device, `dif` in C.
    pub device: c_int,
    /// The index of the slave of an L3 master, `sdif` in C.
    pub slave: c_int,
}

/// A port, kept in the order of the network.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Port(u16);

impl Port {
    /// Takes the two bytes as they stand in a header.
    #[inline]
    pub fn from_header(bytes: [u8; 2]) -> Self {
        Self(u16::from_ne_bytes(bytes))
    }

    /// Takes the number.
    #[inline]
    pub fn from_number(number: u16) -> Self {
        Self(number.to_be())
    }

    /// The two bytes as they stand in a header.
    #[inline]
    pub fn to_header(self) -> [u8; 2] {
        self.0.to_ne_bytes()
    }

    /// The number.
    #[inline]
    pub fn number(self) -> u16 {
        u16::from_be(self.0)
    }

    #[inline]
    fn network_order(self) -> u16 {
        self.0
    }
}

/// What an IP header says, extension headers included.
pub struct Header<F: Family> {
    /// Where the packet comes from.
    pub source: F::Address,
    /// Where it goes to.
    pub destination: F::Address,
    /// The protocol of the payload, an `IPPROTO_*`.
    pub protocol: u8,
    /// Where the payload begins, in bytes from the beginning of the packet's data.
    pub payload: u32,
    /// Whether there is more of the packet elsewhere.
    pub fragment: Fragment,
}

/// What part of a packet this is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fragment {
    /// All of it.
    Whole,
    /// The beginning: the header of the payload tells of more than there is here.
    First,
    /// Something after the beginning: the payload has no header.
    Later,
}

impl Fragment {
    #[inline]
    fn new(offset: u16, has_more: bool) -> Self {
        match (offset, has_more) {
            (0, false) => Self::Whole,
            (0, true) => Self::First,
            _ => Self::Later,
        }
    }
}

/// IPv4 or IPv6.
pub trait Family: Copy + 'static {
    /// An address in the order of the network.
    type Address: Copy;

    /// The address that stands for any.
    const ANY: Self::Address;

    /// Whether an address names a group, or everyone.
    fn is_multicast(address: &Self::Address) -> bool;

    /// Takes an address as it stands in a header; `None` if it is not of this length.
    fn address(bytes: &[u8]) -> Option<Self::Address>;

    /// Reads the header; `None` if it is cut short or contradicts itself.
    fn header(packet: &Packet<'_>) -> Option<Header<Self>>;

    /// How a packet arrived whose header was read.
    fn arrival(packet: &Packet<'_>, header: &Header<Self>) -> Arrival;

    /// Looks in the table of connections, `__inet_lookup_established()`. Any context.
    fn lookup_connection<'n>(
        namespace: Namespace<'n>,
        tuple: &Tuple<Self>,
    ) -> Option<Connection<'n>>;

    /// Looks in the table of listeners, `__inet_lookup_listener()`. Any context.
    fn lookup_listener<'n>(
        namespace: Namespace<'n>,
        tuple: &Tuple<Self>,
    ) -> Option<Borrowed<'n, Full>>;

    /// Looks in the table of UDP, `__udp4_lib_lookup()`. Any context.
    fn lookup_udp<'n>(namespace: Namespace<'n>, tuple: &Tuple<Self>) -> Option<Borrowed<'n, Full>>;
}

/// IP version 4.
#[derive(Clone, Copy)]
pub struct V4;

impl Family for V4 {
    /// `__be32`
    type Address = u32;

    const ANY: u32 = 0;

    fn is_multicast(address: &u32) -> bool {
        // 224.0.0.0/4, and the broadcast address of every network.
        u32::from_be(*address) >> 28 == 0xe || *address == u32::MAX
    }

    fn address(bytes: &[u8]) -> Option<u32> {
        bytes.try_into().map(u32::from_ne_bytes).ok()
    }

    #[inline(always)]
    fn header(packet: &Packet<'_>) -> Option<Header<Self>> {
        let offset = packet.network_offset();
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
        })
    }

    #[inline]
    fn arrival(packet: &Packet<'_>, _header: &Header<Self>) -> Arrival {
        packet.arrival_v4()
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
    fn lookup_listener<'n>(
        namespace: Namespace<'n>,
        tuple: &Tuple<Self>,
    ) -> Option<Borrowed<'n, Full>> {
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
        // SAFETY: The function takes no reference, and gives full sockets only.
        unsafe { Borrowed::from_lookup(sk, namespace) }
    }

    #[inline]
    fn lookup_udp<'n>(namespace: Namespace<'n>, tuple: &Tuple<Self>) -> Option<Borrowed<'n, Full>> {
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
        // SAFETY: The function takes no reference, and gives full sockets only.
        unsafe { Borrowed::from_lookup(sk, namespace) }
    }
}

/// IP version 6.
#[derive(Clone, Copy)]
pub struct V6;

impl Family for V6 {
    /// The bytes of `struct in6_addr`.
    type Address = V6Address;

    const ANY: V6Address = V6Address([0; 16]);

    fn is_multicast(address: &V6Address) -> bool {
        address.is_multicast()
    }

    fn address(bytes: &[u8]) -> Option<V6Address> {
        bytes.try_into().map(V6Address).ok()
    }

    #[inline(always)]
    fn header(packet: &Packet<'_>) -> Option<Header<Self>> {
        let offset = packet.network_offset();
        let [version, _, _, _, _, _, protocol, _]: [u8; 8] = packet.read(offset)?;
        let addresses: [[u8; 16]; 2] = packet.read(offset.checked_add(8)?)?;
        if version >> 4 != 6 {
            return None;
        }
        let [source, destination] = addresses;
        let header = Header {
            source: V6Address::from_header(source),
            destination: V6Address::from_header(destination),
            protocol,
            payload: offset.checked_add(40)?,
            fragment: Fragment::Whole,
        };
        if protocol == TCP || protocol == UDP {
            return Some(header);
        }
        skip_extension_headers(packet, header)
    }

    #[inline]
    fn arrival(packet: &Packet<'_>, header: &Header<Self>) -> Arrival {
        packet.arrival_v6(header.destination.is_multicast())
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
    fn lookup_listener<'n>(
        namespace: Namespace<'n>,
        tuple: &Tuple<Self>,
    ) -> Option<Borrowed<'n, Full>> {
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
        // SAFETY: The function takes no reference, and gives full sockets only.
        unsafe { Borrowed::from_lookup(sk, namespace) }
    }

    #[inline]
    fn lookup_udp<'n>(namespace: Namespace<'n>, tuple: &Tuple<Self>) -> Option<Borrowed<'n, Full>> {
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
        // SAFETY: The function takes no reference, and gives full sockets only.
        unsafe { Borrowed::from_lookup(sk, namespace) }
    }
}

/// Goes on to the payload behind the extension headers; `None` if they are cut short or too many.
fn skip_extension_headers(packet: &Packet<'_>, mut header: Header<V6>) -> Option<Header<V6>> {
    for _ in 0..EXTENSION_HEADERS {
        let length = match header.protocol {
            HOP_BY_HOP | ROUTING | DESTINATION | AUTHENTICATION => {
                let [protocol, length]: [u8; 2] = packet.read(header.payload)?;
                let is_authentication = header.protocol == AUTHENTICATION;
                header.protocol = protocol;
                if is_authentication {
                    u32::from(length) * 4 + 8
                } else {
                    u32::from(length) * 8 + 8
                }
            }
            FRAGMENT => {
                let [protocol, _, high, low, _, _, _, _]: [u8; 8] = packet.read(header.payload)?;
                let place = u16::from_be_bytes([high, low]);
                header.protocol = protocol;
                header.fragment = Fragment::new(place & !7, place & 1 != 0);
                if header.fragment == Fragment::Later {
                    return Some(header);
                }
                8
            }
            _ => return Some(header),
        };
        header.payload = header.payload.checked_add(length)?;
        if header.payload > packet.len() {
            return None;
        }
    }
    None
}

/// An IPv6 address, aligned as C has it.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub struct V6Address([u8; 16]);

impl V6Address {
    /// Takes the bytes as they stand in a header.
    #[inline]
    pub fn from_header(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Whether it names a group, `ipv6_addr_is_multicast()`.
    #[inline]
    pub fn is_multicast(&self) -> bool {
        let [first, ..] = self.0;
        first == 0xff
    }

    #[inline]
    fn as_ptr(&self) -> *const bindings::in6_addr {
        from_ref(self).cast()
    }
}
