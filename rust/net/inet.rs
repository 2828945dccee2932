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

mod bound_devices;
pub(in crate::net) mod bound_only;
mod common_form;
mod extension_headers;
mod hashes;
mod port_ends;
mod raw;
pub mod udp_chains;
mod v4;
mod v6;

use super::{
    address::Address,
    device::NetDevice,
    namespace::Namespace,
    packet::Packet,
    socket::{Connection, Found, Sock, SockCommon},
};
use crate::bindings;
use kernel::ffi::c_int;

pub use super::{
    address::{Port, V6Address},
    packet::Arrival,
};

pub use self::{
    bound_devices::BoundDevices,
    bound_only::BoundOnly,
    common_form::CommonForm,
    port_ends::PortEnds,
    raw::{raw_sockets, raw_sockets_asked_for, RawKey},
    v4::V4,
    v6::V6,
};

/// `IPPROTO_TCP`
pub const TCP: u8 = 6;
/// `IPPROTO_UDP`
pub const UDP: u8 = 17;
/// `IPPROTO_RAW`: what sockets say that only transmit.
const RAW: u8 = 255;

/// What a lookup goes by: a socket's two ends, and the device.
///
/// The ends are called by where they are, not by the direction of one packet, so that they cannot
/// be taken for each other.
///
/// # Examples
///
/// ```
/// use crate::net::inet::{Family, Port, Tuple, V4};
///
/// /// What leads to whoever listens at a port of 127.0.0.1, bound to no device.
/// fn listener(port: u16) -> Tuple<V4> {
///     Tuple {
///         local: u32::from_ne_bytes([127, 0, 0, 1]),
///         local_port: Port::from_number(port),
///         remote: V4::ANY,
///         remote_port: Port::from_number(0),
///         device: 0,
///         slave: 0,
///     }
/// }
/// ```
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

/// The ports of a packet, as they stand in it.
///
/// # Examples
///
/// ```
/// use crate::net::inet::Ports;
///
/// let ports = Ports::from_header([0x30, 0x39, 0x00, 0x35]);
/// assert_eq!(ports.source.number(), 12345);
/// assert_eq!(ports.destination.number(), 53);
/// ```
#[derive(Clone, Copy)]
pub struct Ports {
    /// Where it comes from.
    pub source: Port,
    /// Where it goes to.
    pub destination: Port,
}

impl Ports {
    /// Takes the four bytes with which the headers of TCP and UDP begin.
    #[inline]
    pub fn from_header([s0, s1, d0, d1]: [u8; 4]) -> Self {
        Self {
            source: Port::from_header([s0, s1]),
            destination: Port::from_header([d0, d1]),
        }
    }
}

/// What an IP header says, extension headers included.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     inet::{Family, Fragment, Ports, UDP},
///     packet::Packet,
/// };
///
/// /// The ports of a packet of UDP; a later fragment has none.
/// fn ports<F: Family>(packet: &Packet<'_>) -> Option<Ports> {
///     let header = F::header(packet, packet.network_offset())?;
///     if header.protocol != UDP || header.fragment == Fragment::Later {
///         return None;
///     }
///     packet.read(header.payload).map(Ports::from_header)
/// }
/// ```
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
    /// Whether extension headers lie between this one and the payload.
    pub is_extended: bool,
}

/// Why the headers of a received packet lead to no socket.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     inet::{Family, Stop},
///     netfilter::Received,
/// };
///
/// /// Whether the stack is going to drop a packet for its extension headers.
/// fn is_dropped<F: Family>(received: &Received<'_, F>) -> bool {
///     let (packet, device) = (&received.packet, received.device());
///     let offset = packet.network_offset();
///     let header = F::received_header(packet, offset, received.namespace, device);
///     matches!(header, Err(Stop::Dropped))
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// One is cut short or contradicts itself.
    Unparsed,
    /// A routing header sends the packet on, or unwraps it.
    Routed,
    /// The stack drops the packet for what is in them.
    Dropped,
}

/// What part of a packet this is.
///
/// See the example of [`Header`].
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
///
/// # Examples
///
/// ```
/// use crate::net::{
///     inet::{Family, Tuple},
///     namespace::Namespace,
///     socket::Found,
/// };
///
/// /// Whether a packet of TCP would find a socket, of either family.
/// fn is_taken<F: Family>(namespace: Namespace<'_>, tuple: &Tuple<F>) -> bool {
///     F::lookup_connection(namespace, tuple).is_some()
///         || matches!(F::lookup_listener(namespace, tuple), Found::Own(_))
/// }
/// ```
///
/// # Safety
///
/// [`NUMBER`](Self::NUMBER) must be that of the family whose packets [`arrival`](Self::arrival) can
/// be asked about, and [`raw_table`](Self::raw_table) give a table of the kernel's.
pub unsafe trait Family: Copy + 'static {
    /// An address in the order of the network.
    type Address: Copy;

    /// The family's number in netfilter, an `NFPROTO_*`.
    const NUMBER: u8;

    /// The protocol of its errors, `IPPROTO_ICMP` or `IPPROTO_ICMPV6`.
    const ICMP: u8;

    /// The protocol over Ethernet, an `ETH_P_*`.
    const ETHERNET: u16;

    /// Whether early demultiplexing of UDP finds the one receiver of a group: `udp_v4_early_demux()`
    /// does, `udp_v6_early_demux()` does not.
    const FINDS_RECEIVER_EARLY: bool;

    /// Whether a packet of ICMP with this type is an error, and quotes the packet that it is about.
    fn is_error(kind: u8) -> bool;

    /// The address that stands for any.
    const ANY: Self::Address;

    /// Whether a packet to the local end of a tuple, received on its device, would be for any number
    /// of sockets: the address names a group, or everyone in a network of the namespace. Any context.
    fn names_many(namespace: Namespace<'_>, tuple: &Tuple<Self>) -> bool;

    /// Takes an address as it stands in a header; `None` if it is not of this length.
    fn address(bytes: &[u8]) -> Option<Self::Address>;

    /// The same as one whose family is not in its type.
    fn any_family(address: &Self::Address) -> Address;

    /// The protocol of the payload as the first header says it, `IPPROTO_RAW` if there is none to
    /// read: an extension header's where there is one.
    fn protocol(packet: &Packet<'_>) -> u8;

    /// The bytes with which a packet of TCP or UDP in its common form begins: a header of IP without
    /// options, and the first 8 bytes of its payload.
    type Beginning: 'static;

    /// The length of a header of IP without options.
    const HEADER: usize;

    /// Views the beginning of a packet whose header is one without options, and that is no fragment, if
    /// its linear part is that long.
    fn beginning<'p>(packet: &Packet<'p>) -> Option<&'p Self::Beginning>;

    /// What the header says.
    fn header_of(beginning: &Self::Beginning) -> Header<Self>;

    /// The first 8 bytes of the payload.
    fn payload_of(beginning: &Self::Beginning) -> &[u8; 8];

    /// Reads the header that begins at an offset from the beginning of the packet's data; `None` if
    /// it is cut short or contradicts itself. Extension headers are passed over, whatever they say:
    /// the packet is not for here, or is only quoted.
    fn header(packet: &Packet<'_>, offset: u32) -> Option<Header<Self>>;

    /// The same for a packet that is received on a device, in a namespace: extension headers may end
    /// its way. Any context.
    fn received_header(
        packet: &Packet<'_>,
        offset: u32,
        namespace: Namespace<'_>,
        device: Option<&NetDevice>,
    ) -> Result<Header<Self>, Stop>;

    /// The protocol whose sockets the kernel tells of an error about a packet with this header; `None`
    /// if it tells nobody, or sockets of TCP and UDP by ports that are none, `icmp_socket_deliver()`.
    fn protocol_of_error(header: &Header<Self>) -> Option<u8>;

    /// What the kernel's handler of errors about a protocol looks its sockets up by: each has its own
    /// idea of the device. The tuple has how the error arrived (`inet_iif()`, `inet_sdif()`); `on` is
    /// the index of the device that the error is on (`skb->dev`), which is another one if it came over
    /// loopback.
    fn tuple_of_error(protocol: u8, tuple: Tuple<Self>, on: c_int) -> Tuple<Self>;

    /// How a packet arrived.
    ///
    /// # Safety
    ///
    /// The packet must be at `NF_INET_LOCAL_IN` of this family.
    unsafe fn arrival(packet: &Packet<'_>) -> Arrival;

    /// Whether the kernel delivers a packet to any number of sockets, rather than to one.
    fn is_to_many(arrival: &Arrival, destination: &Self::Address) -> bool;

    /// Looks in the table of connections, `__inet_lookup_established()`. Any context.
    fn lookup_connection<'n>(
        namespace: Namespace<'n>,
        tuple: &Tuple<Self>,
    ) -> Option<Connection<'n>>;

    /// Looks in the table of listeners, `__inet_lookup_listener()`. Any context.
    fn lookup_listener<'n>(namespace: Namespace<'n>, tuple: &Tuple<Self>) -> Found<'n>;

    /// Looks in the table of UDP, `__udp4_lib_lookup()`. Any context.
    fn lookup_udp<'n>(namespace: Namespace<'n>, tuple: &Tuple<Self>) -> Found<'n>;

    /// The table of raw sockets, `raw_v4_hashinfo`.
    fn raw_table() -> *mut bindings::raw_hashinfo;

    /// The hash under which connections between the ends of a tuple are, `inet_ehashfn()`. Any
    /// context.
    fn hash_of_connection(namespace: Namespace<'_>, tuple: &Tuple<Self>) -> u32;

    /// Whether a socket is bound to the local end of a tuple, by its address or by none. Any context.
    fn holds_local_end(socket: &SockCommon, tuple: &Tuple<Self>) -> bool;

    /// Whether this end of a socket is the local one of the tuple. Any context.
    fn is_local_end(socket: &SockCommon, tuple: &Tuple<Self>) -> bool;

    /// Whether the ends of a socket, a connected one, are those of the tuple. Any context.
    fn are_ends(socket: &SockCommon, tuple: &Tuple<Self>) -> bool;

    /// Whether a raw socket gets what is looked up, `raw_v4_match()`. Any context.
    ///
    /// # Safety
    ///
    /// The socket must be one of [`raw_table`](Self::raw_table): of others what is read is not there
    /// (`inet6_mc_check()`).
    unsafe fn raw_matches(namespace: Namespace<'_>, socket: &Sock, key: &RawKey<Self>) -> bool;
}
