// SPDX-License-Identifier: GPL-2.0

//! Sockets, and who has to release them.
//!
//! What C calls `struct sock *` may point to three different structures that share only their first
//! part, `struct sock_common`. Each has a type here, so that a field which a structure lacks cannot
//! be read from it. Whether an answer holds a reference is a type as well, decided by the function
//! that gave it and never by looking at the socket again (CVE-2024-41041).
//!
//! C header: [`include/net/sock.h`](srctree/include/net/sock.h)

mod answer;
mod kind;

pub use super::address::Address;

pub use self::{
    answer::{Borrowed, Connection, Found, Owned},
    kind::{AnyKind, RequestSock, Sock, SockKind, TimewaitSock},
};

pub(in crate::net) use self::answer::Kept;

use core::ptr::addr_of;
use kernel::{ffi::c_int, types::Opaque};

use super::{address::Port, namespace::Net, owner, rcu};
use crate::bindings;

/// What all kinds of sockets have, `struct sock_common`.
///
/// # Examples
///
/// ```
/// use crate::net::socket::{AnyKind, SockCommon};
///
/// /// The port, which every kind has, and the mark, which a full socket alone has.
/// fn port_and_mark(socket: &SockCommon) -> (u16, Option<u32>) {
///     let mark = match socket.any_kind() {
///         AnyKind::Full(full) => Some(full.mark()),
///         AnyKind::TimeWait(_) | AnyKind::Request(_) => None,
///     };
///     (socket.local_port().number(), mark)
/// }
/// ```
#[repr(transparent)]
pub struct SockCommon(Opaque<bindings::sock_common>);

impl SockCommon {
    /// Views a socket of any kind through its pointer; `None` if that is null.
    ///
    /// # Safety
    ///
    /// `sk` must be null or point to a socket of any kind that is valid for `'a`.
    #[inline]
    pub unsafe fn from_raw<'a>(sk: *const bindings::sock) -> Option<&'a Self> {
        // SAFETY: Null or valid by the safety requirement, and every kind of socket begins with
        // this structure.
        unsafe { sk.cast::<Self>().as_ref() }
    }

    /// The namespace that the socket was made in, `sock_net()`: one load.
    #[inline]
    pub fn net<'a>(&self, _section: rcu::Section<'a>) -> &'a Net {
        // SAFETY: `self` is a valid socket.
        let net = unsafe { owner::of_socket(self.0.get()) };
        // SAFETY: A socket always has a namespace. A full one holds it, or its memory alone
        // (`net->passive`, `sk_alloc()`); a request holds its listener (`inet_reqsk_alloc()`). What is
        // left in TIME_WAIT holds nothing, but goes at the `exit` of its namespace
        // (`tcp_twsk_purge()`), whose memory is freed when another grace period has passed, in the
        // next `cleanup_net()`.
        unsafe { Net::from_raw(net) }
    }

    /// Whether a full socket holds its namespace, which does not end before it (`sk_net_refcnt`): that of a
    /// process does.
    pub(super) fn holds_namespace(&self) -> bool {
        // SAFETY: `self` is a valid socket; the bit is set when it is made, or once later.
        unsafe { bindings::sock_common::skc_net_refcnt_raw(self.0.get()) != 0 }
    }

    /// The index of the device that the socket is bound to, 0 for none.
    #[inline]
    pub fn bound_device(&self) -> c_int {
        // SAFETY: `self` is a valid socket. Volatile as `READ_ONCE()`: `setsockopt()` may change
        // it.
        unsafe { addr_of!((*self.0.get()).skc_bound_dev_if).read_volatile() }
    }

    /// Whether the socket shares its address and port with others of a group, `SO_REUSEPORT`.
    #[inline]
    pub fn is_in_reuseport_group(&self) -> bool {
        // SAFETY: `self` is a valid socket; the bit may change meanwhile, and either answer is then
        // right.
        unsafe { bindings::sock_common::skc_reuseport_raw(self.0.get()) != 0 }
    }

    /// Whether a socket of IPv6 leaves packets of IPv4 to others, `IPV6_V6ONLY`.
    pub fn is_ipv6_only(&self) -> bool {
        // SAFETY: `self` is a valid socket; the bit may change until the socket is bound.
        unsafe { bindings::sock_common::skc_ipv6only_raw(self.0.get()) != 0 }
    }

    /// The state, one of the `TCP_*` constants of
    /// [`include/net/tcp_states.h`](srctree/include/net/tcp_states.h) for every protocol.
    #[inline]
    fn state(&self) -> u32 {
        // SAFETY: `self` is a valid socket. Volatile, since another processor may change it.
        unsafe { addr_of!((*self.0.get()).skc_state).read_volatile() }.into()
    }

    /// Whether the socket is in a table of its protocol now, `sk_hashed()`. It may be taken out at any
    /// time.
    #[inline]
    pub fn is_hashed(&self) -> bool {
        // SAFETY: `self` is a valid socket, and both members of the union have the link at the same
        // place. Volatile, since another processor may change it.
        let link =
            unsafe { addr_of!((*self.0.get()).__bindgen_anon_6.skc_node.pprev).read_volatile() };
        !link.is_null()
    }

    /// Whether the socket waits for connections.
    #[inline]
    pub fn is_listening(&self) -> bool {
        self.state() == bindings::TCP_LISTEN
    }

    /// Whether it is a connection that a listener was asked for, [`RequestSock`].
    #[inline]
    pub fn is_request(&self) -> bool {
        self.state() == bindings::TCP_NEW_SYN_RECV
    }

    /// The socket as what it is. Any context.
    #[inline]
    pub fn any_kind(&self) -> AnyKind<'_> {
        match self.state() {
            // SAFETY: A socket never changes to or from these two states: they are those of other
            // structures, which begin with this one.
            bindings::TCP_TIME_WAIT => AnyKind::TimeWait(unsafe { &*self.0.get().cast() }),
            // SAFETY: As above.
            bindings::TCP_NEW_SYN_RECV => AnyKind::Request(unsafe { &*self.0.get().cast() }),
            // SAFETY: All other states are those of full sockets.
            _ => AnyKind::Full(unsafe { &*self.0.get().cast() }),
        }
    }

    /// Whether the socket is in none of the states of a connection, `TCP_CLOSE`.
    pub fn is_closed(&self) -> bool {
        self.state() == bindings::TCP_CLOSE
    }

    /// The socket as a full one, if it is one, `sk_fullsock()`.
    #[inline]
    pub fn as_full(&self) -> Option<&Sock> {
        self.as_full_in_state().map(|(full, _)| full)
    }

    /// The same, with the state that says so: one look at what another processor may change.
    #[inline]
    pub fn as_full_in_state(&self) -> Option<(&Sock, State)> {
        match self.state() {
            bindings::TCP_TIME_WAIT | bindings::TCP_NEW_SYN_RECV => None,
            // SAFETY: All other states are those of full sockets, which are transparent views of
            // what begins here.
            state => Some((unsafe { &*self.0.get().cast() }, State(state))),
        }
    }

    /// The socket as a full one, if it has a peer: `connect()` was called, for UDP as well.
    #[inline]
    pub fn as_connected(&self) -> Option<&Sock> {
        match self.state() {
            // SAFETY: This state is one of full sockets, which are transparent views of what begins
            // here.
            bindings::TCP_ESTABLISHED => Some(unsafe { &*self.0.get().cast() }),
            _ => None,
        }
    }

    /// The family that the socket was made with: `AF_INET`, or `AF_INET6`, which may have IPv4
    /// addresses that are mapped.
    pub fn family(&self) -> u16 {
        // SAFETY: `self` is a valid socket.
        unsafe { addr_of!((*self.0.get()).skc_family).read_volatile() }
    }

    /// Whether it is one of IP, of either version: a packet socket is not, which may send through a device
    /// that has its packets go on as if from here (`vrf_xmit()`).
    pub fn is_of_ip(&self) -> bool {
        matches!(
            u32::from(self.family()),
            bindings::AF_INET | bindings::AF_INET6
        )
    }

    /// Whether it was made with `AF_INET6`; of others, the fields for addresses of IPv6 may be anything.
    pub fn is_of_ipv6(&self) -> bool {
        u32::from(self.family()) == bindings::AF_INET6
    }

    /// The address and the port of this end, 0 where it is bound to none.
    pub fn local(&self) -> (Address, Port) {
        let address = if self.is_of_ipv6() {
            Address::V6(self.addresses_v6().0)
        } else {
            Address::V4(self.addresses_v4().0.to_ne_bytes())
        };
        (address, self.local_port())
    }

    /// The port of this end, 0 where it is bound to none.
    #[inline]
    pub fn local_port(&self) -> Port {
        let common = self.0.get();
        // SAFETY: `self` is a valid socket; all patterns of this union are numbers. Volatile as
        // `READ_ONCE()`: `connect()` may change it.
        let port = unsafe {
            addr_of!((*common).__bindgen_anon_3.__bindgen_anon_1.skc_num).read_volatile()
        };
        Port::from_number(port)
    }

    /// The address and the port of the other end, 0 where there is none.
    pub fn remote(&self) -> (Address, Port) {
        let address = if self.is_of_ipv6() {
            Address::V6(self.addresses_v6().1)
        } else {
            Address::V4(self.addresses_v4().1.to_ne_bytes())
        };
        (address, self.remote_port())
    }

    /// The port of the other end, 0 where there is none.
    #[inline]
    pub fn remote_port(&self) -> Port {
        let common = self.0.get();
        // SAFETY: `self` is a valid socket; all patterns of this union are numbers. Volatile as
        // `READ_ONCE()`: `connect()` may change it.
        let port = unsafe {
            addr_of!((*common).__bindgen_anon_3.__bindgen_anon_1.skc_dport).read_volatile()
        };
        Port::from_header(port.to_ne_bytes())
    }

    /// The addresses of both ends as IPv4 has them, in the order of the network; also those of a
    /// socket of IPv6 whose addresses are mapped.
    pub fn addresses_v4(&self) -> (u32, u32) {
        // SAFETY: `self` is a valid socket; all patterns of this union are numbers. Volatile as
        // `READ_ONCE()` of both at once (`skc_addrpair`): `connect()` may change them.
        let ends =
            unsafe { addr_of!((*self.0.get()).__bindgen_anon_1.__bindgen_anon_1).read_volatile() };
        (ends.skc_rcv_saddr, ends.skc_daddr)
    }

    /// Whether the ends have addresses of IPv4, mapped ones if it is a socket of IPv6.
    pub fn has_ipv4_ends(&self) -> bool {
        const MAPPED: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
        match self.local().0 {
            Address::V4(_) => true,
            Address::V6(address) => address.starts_with(&MAPPED),
        }
    }

    /// The addresses of both ends as IPv6 has them.
    pub fn addresses_v6(&self) -> ([u8; 16], [u8; 16]) {
        let common = self.0.get();
        // SAFETY: `self` is a valid socket, and all patterns of this union are bytes. Volatile, since
        // `connect()` may change them; no processor reads 16 bytes at once, nor does C.
        let local = unsafe { addr_of!((*common).skc_v6_rcv_saddr.in6_u.u6_addr8).read_volatile() };
        // SAFETY: As above.
        let remote = unsafe { addr_of!((*common).skc_v6_daddr.in6_u.u6_addr8).read_volatile() };
        (local, remote)
    }

    /// The cookie, 0 if it was never asked for.
    pub fn known_cookie(&self) -> u64 {
        // SAFETY: `self` is a valid socket. Volatile: the cookie may be made meanwhile.
        unsafe { addr_of!((*self.0.get()).skc_cookie.counter).read_volatile() as u64 }
    }

    /// The cookie, what `SO_COOKIE` tells: unique while the system is up, and made now if it was
    /// never asked for.
    pub fn cookie(&self) -> u64 {
        let mut halves = [0u32; 2];
        // SAFETY: `self` is a valid socket of any kind: only `skc_cookie`, which is atomic, is used
        // of it.
        unsafe { bindings::sock_diag_save_cookie(self.0.get().cast(), halves.as_mut_ptr()) };
        u64::from(halves[1]) << 32 | u64::from(halves[0])
    }
}

/// The state that a socket was in.
///
/// # Examples
///
/// ```
/// use crate::net::socket::SockCommon;
///
/// /// The owner of a socket that listens.
/// fn listener(socket: &SockCommon) -> Option<u32> {
///     let (full, state) = socket.as_full_in_state()?;
///     state.is_listening().then(|| full.owner())
/// }
/// ```
#[derive(Clone, Copy)]
pub struct State(u32);

impl State {
    /// Whether it had a peer.
    #[inline]
    pub fn is_connected(self) -> bool {
        self.0 == bindings::TCP_ESTABLISHED
    }

    /// Whether it waited for connections.
    #[inline]
    pub fn is_listening(self) -> bool {
        self.0 == bindings::TCP_LISTEN
    }
}
