// SPDX-License-Identifier: GPL-2.0

//! Sockets, and who has to release them.
//!
//! What C calls `struct sock *` may point to three different structures that share only their first
//! part, `struct sock_common`. Each has a type here, so that a field which a structure lacks cannot
//! be read from it. Whether an answer holds a reference is a type as well, decided by the function
//! that gave it and never by looking at the socket again (CVE-2024-41041).
//!
//! C headers: [`include/net/sock.h`](srctree/include/net/sock.h),
//! [`include/net/inet_timewait_sock.h`](srctree/include/net/inet_timewait_sock.h),
//! [`include/net/request_sock.h`](srctree/include/net/request_sock.h)

use core::{
    ops::Deref,
    ptr::{addr_of, NonNull},
};
use kernel::ffi::c_int;
use kernel::{
    sync::atomic::{self, Atomic, Relaxed},
    task::Kuid,
    types::Opaque, //
};

use super::{
    inet::Port,
    namespace::{Brand, Namespace, Net},
    owner,
    rcu::ReadSide,
};
use crate::bindings;

/// What all kinds of sockets have, `struct sock_common`.
#[repr(transparent)]
pub struct Common(Opaque<bindings::sock_common>);

impl Common {
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
    pub fn net<'a>(&self, _section: ReadSide<'a>) -> &'a Net {
        // SAFETY: `self` is a valid socket.
        let net = unsafe { owner::of_socket(self.0.get()) };
        // SAFETY: A socket always has a namespace. It may hold no reference that keeps it alive,
        // but one that keeps its memory (`net->passive`), until the socket itself is freed.
        unsafe { Net::from_raw(net) }
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

    /// The state, one of the `TCP_*` constants of
    /// [`include/net/tcp_states.h`](srctree/include/net/tcp_states.h) for every protocol.
    #[inline]
    fn state(&self) -> u32 {
        // SAFETY: `self` is a valid socket. Volatile, since another processor may change it.
        unsafe { addr_of!((*self.0.get()).skc_state).read_volatile() }.into()
    }

    /// The socket as a full one, if it is one, `sk_fullsock()`.
    #[inline]
    pub fn as_full(&self) -> Option<&Full> {
        match self.state() {
            bindings::TCP_TIME_WAIT | bindings::TCP_NEW_SYN_RECV => None,
            // SAFETY: All other states are those of full sockets, which are transparent views of
            // what begins here.
            _ => Some(unsafe { &*self.0.get().cast() }),
        }
    }

    /// The family that the socket was made with: `AF_INET`, or `AF_INET6`, which may have IPv4
    /// addresses that are mapped.
    pub fn family(&self) -> u16 {
        // SAFETY: `self` is a valid socket.
        unsafe { addr_of!((*self.0.get()).skc_family).read_volatile() }
    }

    /// The address and the port of this end, 0 where it is bound to none.
    pub fn local(&self) -> (Address, Port) {
        // SAFETY: `self` is a valid socket; these unions have one layout for all kinds of TCP and
        // UDP.
        let (v4, v6, port) = unsafe {
            let common = self.0.get();
            (
                (*common).__bindgen_anon_1.__bindgen_anon_1.skc_rcv_saddr,
                (*common).skc_v6_rcv_saddr.in6_u.u6_addr8,
                (*common).__bindgen_anon_3.__bindgen_anon_1.skc_num,
            )
        };
        (self.address(v4, v6), Port::from_number(port))
    }

    /// The address and the port of the other end, 0 where there is none.
    pub fn remote(&self) -> (Address, Port) {
        // SAFETY: `self` is a valid socket; these unions have one layout for all kinds of TCP and
        // UDP.
        let (v4, v6, port) = unsafe {
            let common = self.0.get();
            (
                (*common).__bindgen_anon_1.__bindgen_anon_1.skc_daddr,
                (*common).skc_v6_daddr.in6_u.u6_addr8,
                (*common).__bindgen_anon_3.__bindgen_anon_1.skc_dport,
            )
        };
        (self.address(v4, v6), Port::from_header(port.to_ne_bytes()))
    }

    /// The addresses of both ends as IPv4 has them, in the order of the network; also those of a
    /// socket of IPv6 whose addresses are mapped.
    pub fn addresses_v4(&self) -> (u32, u32) {
        // SAFETY: `self` is a valid socket; the union has this layout for TCP and UDP.
        let ends = unsafe { (*self.0.get()).__bindgen_anon_1.__bindgen_anon_1 };
        (ends.skc_rcv_saddr, ends.skc_daddr)
    }

    /// The addresses of both ends as IPv6 has them.
    pub fn addresses_v6(&self) -> ([u8; 16], [u8; 16]) {
        // SAFETY: `self` is a valid socket; all patterns of these unions are bytes.
        unsafe {
            let common = self.0.get();
            (
                (*common).skc_v6_rcv_saddr.in6_u.u6_addr8,
                (*common).skc_v6_daddr.in6_u.u6_addr8,
            )
        }
    }

    fn address(&self, v4: u32, v6: [u8; 16]) -> Address {
        if u32::from(self.family()) == bindings::AF_INET6 {
            Address::V6(v6)
        } else {
            Address::V4(v4.to_ne_bytes())
        }
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

/// An address, its bytes in the order of the network.
#[derive(Clone, Copy)]
pub enum Address {
    /// Of IPv4.
    V4([u8; 4]),
    /// Of IPv6.
    V6([u8; 16]),
}

impl Address {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::V4(bytes) => bytes,
            Self::V6(bytes) => bytes,
        }
    }
}

/// A kind of socket, by the structure that its pointer leads to.
///
/// # Safety
///
/// The type must be a transparent view of a C structure that begins with `struct sock_common`.
pub unsafe trait Kind {}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident($structure:ident);)*) => {$(
        $(#[$doc])*
        #[repr(transparent)]
        pub struct $name(Opaque<bindings::$structure>);

        // SAFETY: A transparent view of a structure whose first member is `struct sock_common`.
        unsafe impl Kind for $name {}

        impl Deref for $name {
            type Target = Common;

            #[inline]
            fn deref(&self) -> &Common {
                // SAFETY: The structure begins with a `struct sock_common`.
                unsafe { &*self.0.get().cast() }
            }
        }
    )*};
}

kinds! {
    /// A full socket, `struct sock`: established, listening, or of a protocol without connections.
    Full(sock);

    /// What is left of a connection that this side closed first, `struct inet_timewait_sock`.
    TimeWait(inet_timewait_sock);

    /// A connection that a listener was asked for and that is not yet acknowledged, `struct
    /// request_sock`.
    Request(request_sock);
}

impl Full {
    /// The pointer that C is given.
    #[inline]
    pub(super) fn as_ptr(&self) -> *const bindings::sock {
        self.0.get()
    }

    /// What was asked for when the socket was made, a `SOCK_*`.
    pub fn kind(&self) -> u16 {
        // SAFETY: `self` is a valid socket; the type is set when it is made.
        unsafe { addr_of!((*self.0.get()).sk_type).read() }
    }

    /// The protocol: that over IP, of Ethernet, or of netlink.
    pub fn protocol(&self) -> u16 {
        // SAFETY: `self` is a valid socket. Volatile as `READ_ONCE()`.
        unsafe { addr_of!((*self.0.get()).sk_protocol).read_volatile() }
    }

    /// Whether the socket is freed by RCU, and is so used without a reference (`SOCK_RCU_FREE`).
    #[inline]
    pub fn is_freed_by_rcu(&self) -> bool {
        // SAFETY: `self` is a valid full socket. Volatile: other flags may change meanwhile.
        let flags = unsafe {
            addr_of!((*self.0.get()).__sk_common.__bindgen_anon_5.skc_flags).read_volatile()
        };
        flags >> bindings::SOCK_RCU_FREE & 1 != 0
    }

    /// Whether it is a raw socket, `SOCK_RAW`.
    #[inline]
    pub fn is_raw(&self) -> bool {
        u32::from(self.kind()) == bindings::NSMUX_SOCK_RAW
    }

    /// Whether the socket waits for connections.
    pub fn is_listening(&self) -> bool {
        self.state() == bindings::TCP_LISTEN
    }

    /// The inode number; 0 if no process holds the socket.
    pub fn inode(&self) -> u64 {
        // SAFETY: `self` is a valid socket. Volatile as `READ_ONCE()`.
        unsafe { addr_of!((*self.0.get()).sk_ino).read_volatile() }
    }

    /// The owner, as the current process knows users.
    pub fn owner(&self) -> u32 {
        // SAFETY: `self` is a valid socket. Volatile as `READ_ONCE()`.
        let uid = unsafe { addr_of!((*self.0.get()).sk_uid).read_volatile() };
        Kuid::from_raw(kernel::bindings::kuid_t { val: uid.val }).into_uid_in_current_ns()
    }

    /// The mark, `SO_MARK`.
    pub fn mark(&self) -> u32 {
        // SAFETY: `self` is a valid socket. Volatile as `READ_ONCE()`.
        unsafe { addr_of!((*self.0.get()).sk_mark).read_volatile() }
    }

    /// Whether the socket is one of a TCP connection, and so in the table of connections.
    #[inline]
    pub fn is_tcp_connection(&self) -> bool {
        u32::from(self.protocol()) == bindings::NSMUX_IPPROTO_TCP
            && !matches!(self.state(), bindings::TCP_CLOSE | bindings::TCP_LISTEN)
    }

    /// Whether the socket has a peer: `connect()` was called, for UDP as well.
    #[inline]
    pub fn is_connected(&self) -> bool {
        self.state() == bindings::TCP_ESTABLISHED
    }
}

/// A socket found in the namespace `'n`, with a reference that is given back exactly once, when
/// this is dropped.
///
/// # Invariants
///
/// The pointer leads to a socket of the kind `K`, and one reference to it is owned.
pub struct Owned<'n, K: Kind> {
    socket: NonNull<K>,
    _namespace: Brand<'n>,
}

impl<'n> Owned<'n, Full> {
    /// Takes the answer of a lookup that gives full sockets with a reference; `None` if it is null,
    /// or a socket of another namespace.
    ///
    /// # Safety
    ///
    /// `sk` must be null, or a full socket with one reference that is the caller's.
    pub(super) unsafe fn from_lookup(
        sk: *mut bindings::sock,
        namespace: Namespace<'n>,
    ) -> Option<Self> {
        // INVARIANT: By the safety requirement.
        let owned = Self {
            socket: NonNull::new(sk.cast())?,
            _namespace: Brand::default(),
        };
        (owned.net(namespace.section()) == namespace.object()).then_some(owned)
    }
}

impl<K: Kind> Deref for Owned<'_, K> {
    type Target = K;

    #[inline]
    fn deref(&self) -> &K {
        // SAFETY: By the type invariants the socket is valid while its reference is owned.
        unsafe { self.socket.as_ref() }
    }
}

impl<K: Kind> Drop for Owned<'_, K> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the type invariants one reference is owned. The function takes all kinds and
        // tells them apart by their state.
        unsafe { bindings::sock_gen_put(self.socket.as_ptr().cast()) };
    }
}

/// A socket found in the namespace `'n` without a reference: good for the read-side section in
/// which it was found.
///
/// Listeners and UDP sockets are freed a grace period after they have left their tables
/// (`SOCK_RCU_FREE`): one that is closed meanwhile stays what it was until the section ends.
///
/// # Invariants
///
/// The pointer leads to memory that is a socket of the kind `K` for all of `'n`.
pub struct Borrowed<'n, K: Kind> {
    socket: NonNull<K>,
    _namespace: Brand<'n>,
}

impl<'n> Borrowed<'n, Full> {
    /// Takes an entry of a table that all namespaces share; `None` if it is another one's.
    ///
    /// # Safety
    ///
    /// `node` must be the `skc_node` of a full socket that stays valid for the read-side section of
    /// the namespace.
    pub(super) unsafe fn from_node(
        node: *const bindings::hlist_node,
        namespace: Namespace<'n>,
    ) -> Option<Self> {
        let offset = bindings::NSMUX_SK_NODE as usize;
        let sk = node.cast::<u8>().wrapping_sub(offset).cast_mut();
        // SAFETY: By the safety requirement.
        unsafe { Self::from_table(sk.cast(), namespace) }
    }

    /// The same, when what leads to the entry is its beginning.
    ///
    /// # Safety
    ///
    /// `sk` must be a full socket that stays valid for the read-side section of the namespace.
    pub(super) unsafe fn from_table(
        sk: *mut bindings::sock,
        namespace: Namespace<'n>,
    ) -> Option<Self> {
        // SAFETY: By the safety requirement.
        match unsafe { Found::from_lookup(sk, namespace) } {
            Found::Own(socket) => Some(socket),
            Found::Foreign | Found::None => None,
        }
    }
}

/// What a lookup found that gives full sockets without a reference.
pub enum Found<'n> {
    /// A socket of the namespace.
    Own(Borrowed<'n, Full>),
    /// A socket of another namespace, chosen by a BPF program: `bpf_sk_assign()` in a program of
    /// the kind `BPF_SK_LOOKUP` takes any. It is none of this namespace's, and cannot be had here.
    Foreign,
    /// Nothing.
    None,
}

impl<'n> Found<'n> {
    /// Takes the answer of a lookup.
    ///
    /// # Safety
    ///
    /// `sk` must be null, or what a lookup in `namespace` has just given without a reference: a
    /// full socket that is freed by RCU.
    #[inline]
    pub(super) unsafe fn from_lookup(sk: *mut bindings::sock, namespace: Namespace<'n>) -> Self {
        let Some(socket) = NonNull::new(sk.cast::<Full>()) else {
            return Self::None;
        };
        // INVARIANT: By the safety requirement, and since the brand does not outlive its section.
        let socket = Borrowed {
            socket,
            _namespace: Brand::default(),
        };
        if socket.net(namespace.section()) == namespace.object() {
            Self::Own(socket)
        } else {
            Self::Foreign
        }
    }
}

impl<K: Kind> Deref for Borrowed<'_, K> {
    type Target = K;

    #[inline]
    fn deref(&self) -> &K {
        // SAFETY: By the type invariants.
        unsafe { self.socket.as_ref() }
    }
}

/// A TCP socket with a place in the table of connections, owned.
pub enum Connection<'n> {
    /// A full socket, in whatever state its connection is.
    Established(Owned<'n, Full>),
    /// The rest of a closed connection.
    TimeWait(Owned<'n, TimeWait>),
    /// A connection that is being asked for.
    Request(Owned<'n, Request>),
}

impl<'n> Connection<'n> {
    /// What all kinds have.
    pub fn common(&self) -> &Common {
        match self {
            Self::Established(socket) => socket,
            Self::TimeWait(socket) => socket,
            Self::Request(socket) => socket,
        }
    }

    /// Takes a reference to an entry of the table of connections, whatever it is by then; `None` if
    /// it is being freed, or is not the namespace's any more.
    ///
    /// # Safety
    ///
    /// `sk` must have been an entry of that table in the read-side section of the namespace.
    pub(super) unsafe fn hold(
        sk: NonNull<bindings::sock>,
        namespace: Namespace<'n>,
    ) -> Option<Self> {
        // SAFETY: The memory of an entry stays a socket, maybe another one, for the section. All
        // accesses to the count are atomic.
        let count = unsafe {
            let refs = &raw mut (*sk.as_ptr()).__sk_common.skc_refcnt.refs.counter;
            Atomic::<i32>::from_ptr(refs)
        };
        // `refcount_inc_not_zero()`
        let mut seen = count.load(Relaxed);
        loop {
            if seen <= 0 {
                return None;
            }
            match count.cmpxchg(seen, seen.saturating_add(1), atomic::Full) {
                Ok(_) => break,
                Err(now) => seen = now,
            }
        }
        // SAFETY: The reference was just taken.
        let connection = unsafe { Self::from_lookup(sk.as_ptr(), namespace) }?;
        (connection.common().net(namespace.section()) == namespace.object()).then_some(connection)
    }

    /// Takes the answer of a lookup, and tells the kinds apart; `None` if it is null.
    ///
    /// # Safety
    ///
    /// `sk` must be null, or what a lookup in the table of connections of `_namespace` has just
    /// given, with one reference that is the caller's.
    #[inline]
    pub(super) unsafe fn from_lookup(
        sk: *mut bindings::sock,
        _namespace: Namespace<'n>,
    ) -> Option<Self> {
        fn owned<'n, K: Kind>(socket: NonNull<bindings::sock>) -> Owned<'n, K> {
            // INVARIANT: The caller, below, has a reference to give away and has told the kind by
            // the state.
            Owned {
                socket: socket.cast(),
                _namespace: Brand::default(),
            }
        }

        // SAFETY: Null or valid by the safety requirement.
        let state = unsafe { Common::from_raw(sk) }?.state();
        let socket = NonNull::new(sk)?;
        Some(match state {
            // A socket never changes to or from these two: they are other structures.
            bindings::TCP_TIME_WAIT => Self::TimeWait(owned(socket)),
            bindings::TCP_NEW_SYN_RECV => Self::Request(owned(socket)),
            _ => Self::Established(owned(socket)),
        })
    }
}
