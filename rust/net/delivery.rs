// SPDX-License-Identifier: GPL-2.0

//! Handing a socket to the stack, which then looks for none itself.
//!
//! A packet at `LOCAL_IN` is about to be delivered. One that bears a socket by then is delivered to
//! that one: so does early demultiplexing, and so do TPROXY and BPF programs. Elsewhere a socket
//! would do harm: a packet that bears one is not forwarded, for example.
//!
//! C headers: [`include/net/sock.h`](srctree/include/net/sock.h),
//! [`include/net/request_sock.h`](srctree/include/net/request_sock.h) (`skb_steal_sock()`)

use core::{
    mem::ManuallyDrop,
    ptr::{fn_addr_eq, NonNull},
};

use super::{
    namespace::{Brand, Namespace},
    packet::Packet,
    socket::{Borrowed, Owned, Sock, SockCommon},
};
use crate::bindings;

type Destructor = unsafe extern "C" fn(skb: *mut bindings::sk_buff);

/// The right to hand the packet of the brand `'n` a socket, once: it can only be had together with
/// the packet, and takes no socket of another namespace.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     inet::{Family, Tuple},
///     netfilter::Received,
///     socket::Found,
/// };
///
/// /// Has the stack deliver a packet to what is found for it here; whether it will.
/// fn steer<F: Family>(received: Received<'_, F>, tuple: &Tuple<F>) -> bool {
///     match F::lookup_udp(received.namespace, tuple) {
///         Found::Own(socket) => received.into_delivery().give(socket),
///         Found::Foreign | Found::None => false,
///     }
/// }
/// ```
///
/// # Invariants
///
/// The pointer leads to a packet at `NF_INET_LOCAL_IN` that nobody else uses for all of `'n`. Who has
/// it received is in a read-side section that lasts until the stack has done with the packet or has
/// taken a reference to what it bears.
pub struct Delivery<'n> {
    skb: NonNull<bindings::sk_buff>,
    _brand: Brand<'n>,
}

/// The socket that a received packet bears, which is what the stack will take for it
/// (`inet_steal_sock()`): it looks for none.
///
/// # Examples
///
/// ```
/// use crate::net::{delivery::Borne, netfilter::Received};
///
/// /// The cookie of the socket that the stack takes, if that is certain.
/// fn taken<F>(received: &Received<'_, F>) -> Option<u64> {
///     match received.borne() {
///         Borne::Own(given) if !given.is_prefetched => Some(given.socket.cookie()),
///         Borne::Own(_) | Borne::Foreign | Borne::None => None,
///     }
/// }
/// ```
pub enum Borne<'n> {
    /// None.
    None,
    /// One of the packet's namespace.
    Own(Given<'n>),
    /// One of another namespace, which the packet has come through. The stack takes it all the same.
    Foreign,
}

/// A socket that a received packet bears.
///
/// See the example of [`Borne`].
pub struct Given<'n> {
    /// The socket.
    pub socket: &'n SockCommon,
    /// Whether it was given without a reference, `skb_sk_is_prefetched()`: by a BPF program, or by early
    /// demultiplexing of UDP. That of TCP and TPROXY give a reference with it.
    ///
    /// The stack then chooses anew among the socket's reuseport group, if it is in one and has no peer.
    pub is_prefetched: bool,
}

impl<'n> Borne<'n> {
    /// # Safety
    ///
    /// `skb` must be a packet of the namespace at `NF_INET_LOCAL_IN` that nobody else uses for all of
    /// `'n`.
    #[inline]
    pub(super) unsafe fn of(skb: NonNull<bindings::sk_buff>, namespace: Namespace<'n>) -> Self {
        // SAFETY: By the safety requirement.
        let sk = unsafe { (*skb.as_ptr()).sk };
        // SAFETY: Null, or valid as long as the packet bears it.
        let Some(socket) = (unsafe { SockCommon::from_raw(sk) }) else {
            return Self::None;
        };
        if *socket.net(namespace.section()) != *namespace.object() {
            return Self::Foreign;
        }
        Self::Own(Given {
            socket,
            // SAFETY: By the safety requirement.
            is_prefetched: unsafe { is_prefetched(skb) },
        })
    }
}

/// Whether a packet bears a socket without a reference, `skb_sk_is_prefetched()`.
///
/// # Safety
///
/// `skb` must be a packet on its way through the stack.
#[inline(always)]
pub(super) unsafe fn is_prefetched(skb: NonNull<bindings::sk_buff>) -> bool {
    // SAFETY: By the safety requirement, it has this member of the union.
    let destructor = unsafe { (*skb.as_ptr()).__bindgen_anon_3.__bindgen_anon_1.destructor };
    destructor.is_some_and(|destructor| fn_addr_eq(destructor, bindings::sock_pfree as Destructor))
}

impl<'n> Delivery<'n> {
    /// # Safety
    ///
    /// As the type invariants say.
    #[inline]
    pub(super) unsafe fn new(skb: NonNull<bindings::sk_buff>) -> Self {
        // INVARIANT: By the safety requirement.
        Self {
            skb,
            _brand: Brand::default(),
        }
    }

    /// Whether the packet goes to another device after all hooks, and maybe to another namespace. Any
    /// context.
    #[inline]
    pub fn is_given_away(&self) -> bool {
        // SAFETY: By the type invariants nobody else uses the packet.
        let packet = unsafe { Packet::from_raw(self.skb) };
        // SAFETY: A packet at `NF_INET_LOCAL_IN` is on the receive path.
        unsafe { packet.device() }.is_some_and(|device| device.gives_packets_away())
    }

    /// Gives the packet a connection, and the reference with it; gives that back if the packet bears
    /// a socket. Any context.
    #[inline]
    pub fn give_connection(self, socket: Owned<'n, Sock>) -> bool {
        if !self.is_free() || !self.fits(&socket) {
            return false;
        }
        let socket = ManuallyDrop::new(socket);
        // SAFETY: The socket has one reference that is given away.
        unsafe { self.set(socket.as_ptr(), bindings::sock_edemux) };
        true
    }

    /// Gives the packet a socket that is freed by RCU, without a reference; `false` if it is not
    /// freed so, or the packet bears a socket. Any context.
    ///
    /// It outlives `'n`: the hook's section ends before the stack uses the socket. What keeps it is the
    /// section around both, which `netif_receive_skb()` begins, and `xfrm_input()` and nfnetlink where
    /// they have a packet go on. Who holds one back for longer, as queues to user space do, takes a
    /// reference.
    #[inline]
    pub fn give(self, socket: Borrowed<'n, Sock>) -> bool {
        if !self.is_free() || !self.fits(&socket) || !socket.is_freed_by_rcu() {
            return false;
        }
        // SAFETY: The destructor puts no reference of a socket that is freed by RCU; by the type
        // invariants the packet is received in a section that keeps it.
        unsafe { self.set(socket.as_ptr(), bindings::sock_pfree) };
        true
    }

    #[inline]
    fn is_free(&self) -> bool {
        let skb = self.skb.as_ptr();
        // SAFETY: By the type invariants.
        let sk = unsafe { (*skb).sk };
        // SAFETY: As above; on its way through the stack a packet has this member of the union.
        let destructor = unsafe { (*skb).__bindgen_anon_3.__bindgen_anon_1.destructor };
        sk.is_null() && destructor.is_none()
    }

    /// Whether a socket is of the packet's protocol and family. The stack takes it for one of them
    /// without a look: what it is handed has to be one, whatever table it was found in.
    #[inline]
    fn fits(&self, socket: &Sock) -> bool {
        // SAFETY: By the type invariants nobody else uses the packet.
        let packet = unsafe { Packet::from_raw(self.skb) };
        // Where the header is as long as nobody has moved the data (`ip_local_deliver()`,
        // `ip6_input()`); a packet whose data somebody has moved is left alone.
        let Some(header) = packet.linear().first_chunk::<10>() else {
            return false;
        };
        if packet.network_offset() != 0 {
            return false;
        }
        let &[version, _, _, _, _, _, next_header, _, _, protocol] = header;
        let (protocol, is_of_family) = match version >> 4 {
            // A socket of IPv6 may take packets of IPv4.
            4 => (protocol, true),
            _ => (
                next_header,
                u32::from(socket.family()) == bindings::AF_INET6,
            ),
        };
        is_of_family && u16::from(protocol) == socket.protocol() && !socket.is_raw()
    }

    /// # Safety
    ///
    /// The packet must bear no socket, and the destructor do for `sk` what was done to have it.
    #[inline]
    unsafe fn set(self, sk: *const bindings::sock, destructor: Destructor) {
        let skb = self.skb.as_ptr();
        // SAFETY: By the type invariants nobody else uses the packet.
        unsafe { (*skb).sk = sk.cast_mut() };
        // SAFETY: As above. The two belong together.
        unsafe { (*skb).__bindgen_anon_3.__bindgen_anon_1.destructor = Some(destructor) };
    }
}
