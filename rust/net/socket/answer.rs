// SPDX-License-Identifier: GPL-2.0

//! What lookups give: sockets of a namespace, owned or borrowed.

use core::{mem::ManuallyDrop, ops::Deref, ptr::NonNull};
use kernel::sync::atomic::{self, Atomic, Relaxed};

use super::{RequestSock, Sock, SockCommon, SockKind, TimewaitSock};
use crate::{
    bindings,
    net::{
        namespace::{Brand, Namespace},
        rcu,
    },
};

/// A socket found in the namespace `'n`, with a reference that is given back exactly once, when
/// this is dropped.
///
/// See the example of [`Connection`].
///
/// # Invariants
///
/// The pointer leads to a socket of the kind `K`, and one reference to it is owned.
pub struct Owned<'n, K: SockKind> {
    socket: NonNull<K>,
    _namespace: Brand<'n>,
}

impl<'n> Owned<'n, Sock> {
    /// Takes the answer of a lookup that gives full sockets with a reference; `None` if it is null,
    /// or a socket of another namespace.
    ///
    /// # Safety
    ///
    /// `sk` must be null, or a full socket with one reference that is the caller's.
    pub(in crate::net) unsafe fn from_lookup(
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

impl<'n> Owned<'n, Sock> {
    /// Takes a reference to a socket of a table; `None` if it is another namespace's.
    ///
    /// # Safety
    ///
    /// `sk` must be a full socket, and somebody else's reference to it not be given back meanwhile.
    pub(in crate::net) unsafe fn hold(
        sk: NonNull<bindings::sock>,
        namespace: Namespace<'n>,
    ) -> Option<Self> {
        // SAFETY: A valid socket, by the safety requirement, all of whose accesses to the count are
        // atomic.
        let is_held = unsafe { take_reference(sk) };
        // SAFETY: A full socket, and the reference was just taken.
        is_held.then(|| unsafe { Self::from_lookup(sk.as_ptr(), namespace) })?
    }
}

impl<K: SockKind> Deref for Owned<'_, K> {
    type Target = K;

    #[inline]
    fn deref(&self) -> &K {
        // SAFETY: By the type invariants the socket is valid while its reference is owned.
        unsafe { self.socket.as_ref() }
    }
}

impl<K: SockKind> Drop for Owned<'_, K> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the type invariants one reference is owned. The function takes all kinds and
        // tells them apart by their state.
        unsafe { bindings::sock_gen_put(self.socket.as_ptr().cast()) };
    }
}

/// A full socket with a reference, of whatever namespace. It is given back in any context but that of
/// a lock which the end of a socket takes.
///
/// # Invariants
///
/// The socket is a full one, and one reference to it is owned.
pub(in crate::net) struct Kept(NonNull<bindings::sock>);

// SAFETY: A reference belongs to no process: any may give it back (`sock_gen_put()`).
unsafe impl Send for Kept {}

impl Kept {
    /// Takes a reference; `None` if the count is at an end.
    ///
    /// # Safety
    ///
    /// `sk` must be a full socket, and somebody else's reference to it not be given back meanwhile.
    pub(in crate::net) unsafe fn new(sk: NonNull<bindings::sock>) -> Option<Self> {
        // INVARIANT: The reference was just taken.
        // SAFETY: By the safety requirement.
        unsafe { take_reference(sk) }.then_some(Self(sk))
    }

    /// Takes the answer of a lookup that gives full sockets with a reference; `None` if it is null.
    ///
    /// # Safety
    ///
    /// `sk` must be null, or a full socket with one reference that is the caller's.
    #[cfg(CONFIG_MPTCP)]
    pub(in crate::net) unsafe fn from_lookup(sk: *mut bindings::sock) -> Option<Self> {
        // INVARIANT: By the safety requirement.
        NonNull::new(sk).map(Self)
    }

    /// The same socket with a reference of its own, as one of this namespace; `None` if it is another's.
    #[cfg(CONFIG_MPTCP)]
    pub(in crate::net) fn in_namespace<'n>(
        &self,
        namespace: Namespace<'n>,
    ) -> Option<Owned<'n, Sock>> {
        // SAFETY: A full socket, whose reference is not given back meanwhile.
        unsafe { Owned::hold(self.0, namespace) }
    }

    /// The socket, valid while this is.
    pub(in crate::net) fn as_ptr(&self) -> *mut bindings::sock {
        self.0.as_ptr()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // SAFETY: By the type invariants one reference is owned.
        unsafe { bindings::sock_gen_put(self.0.as_ptr()) };
    }
}

/// A socket found in the namespace `'n` without a reference: good for the read-side section in
/// which it was found.
///
/// Listeners and UDP sockets are freed a grace period after they have left their tables
/// (`SOCK_RCU_FREE`): one that is closed meanwhile stays what it was until the section ends.
///
/// See the example of [`Found`].
///
/// # Invariants
///
/// The pointer leads to memory that is a socket of the kind `K` for all of `'n`.
pub struct Borrowed<'n, K: SockKind> {
    socket: NonNull<K>,
    _namespace: Brand<'n>,
}

impl<'n> Borrowed<'n, Sock> {
    /// Takes an entry of a table that all namespaces share; `None` if it is another one's.
    ///
    /// # Safety
    ///
    /// `node` must be the `skc_node` of a full socket that stays valid for the read-side section of
    /// the namespace.
    pub(in crate::net) unsafe fn from_node(
        node: *const bindings::hlist_node,
        namespace: Namespace<'n>,
    ) -> Option<Self> {
        let offset = bindings::RUST_CONST_SK_NODE as usize;
        let sk = node.cast::<u8>().wrapping_sub(offset).cast_mut();
        // SAFETY: By the safety requirement.
        unsafe { Self::from_table(sk.cast(), namespace) }
    }

    /// The same, when what leads to the entry is its beginning.
    ///
    /// # Safety
    ///
    /// `sk` must be a full socket that stays valid for the read-side section of the namespace.
    pub(in crate::net) unsafe fn from_table(
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
///
/// # Examples
///
/// ```
/// use crate::net::{
///     inet::{Family, Tuple},
///     namespace::Namespace,
///     socket::{Borrowed, Found, Sock},
/// };
///
/// /// The listener at the local end of a tuple: good as long as the namespace's brand.
/// fn listener<'n, F: Family>(
///     namespace: Namespace<'n>,
///     tuple: &Tuple<F>,
/// ) -> Option<Borrowed<'n, Sock>> {
///     match F::lookup_listener(namespace, tuple) {
///         Found::Own(socket) => Some(socket),
///         Found::Foreign | Found::None => None,
///     }
/// }
/// ```
pub enum Found<'n> {
    /// A socket of the namespace.
    Own(Borrowed<'n, Sock>),
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
    pub(in crate::net) unsafe fn from_lookup(
        sk: *mut bindings::sock,
        namespace: Namespace<'n>,
    ) -> Self {
        let Some(socket) = NonNull::new(sk.cast::<Sock>()) else {
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

impl<K: SockKind> Deref for Borrowed<'_, K> {
    type Target = K;

    #[inline]
    fn deref(&self) -> &K {
        // SAFETY: By the type invariants.
        unsafe { self.socket.as_ref() }
    }
}

/// `REFCOUNT_SATURATED`, what a count remains that has passed its limit: its object is never freed.
const SATURATED: i32 = i32::MIN / 2;

/// What a count becomes with one more reference, `refcount_inc_not_zero()`; `None` if the object is
/// being freed.
fn one_more(count: i32) -> Option<i32> {
    match count {
        0 => None,
        i32::MIN..=-1 | i32::MAX => Some(SATURATED),
        1.. => Some(count + 1),
    }
}

/// A reference to a socket of which nothing is known yet.
///
/// # Invariants
///
/// It is owned.
struct Held(NonNull<bindings::sock>);

impl Held {
    /// Gives the reference away.
    fn take(self) -> NonNull<bindings::sock> {
        ManuallyDrop::new(self).0
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: By the type invariants. The function takes all kinds of sockets.
        unsafe { bindings::sock_gen_put(self.0.as_ptr()) };
    }
}

/// A TCP socket with a place in the table of connections, owned.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     inet::{Family, Tuple},
///     namespace::Namespace,
///     socket::Connection,
/// };
///
/// /// The inode of the socket that has a connection.
/// fn inode<F: Family>(namespace: Namespace<'_>, tuple: &Tuple<F>) -> Option<u64> {
///     match F::lookup_connection(namespace, tuple)? {
///         // The reference is given back at the end of this arm.
///         Connection::Established(socket) => Some(socket.inode()),
///         Connection::TimeWait(_) | Connection::Request(_) => None,
///     }
/// }
/// ```
pub enum Connection<'n> {
    /// A full socket, in whatever state its connection is.
    Established(Owned<'n, Sock>),
    /// The rest of a closed connection.
    TimeWait(Owned<'n, TimewaitSock>),
    /// A connection that is being asked for.
    Request(Owned<'n, RequestSock>),
}

impl Connection<'_> {
    /// Takes a reference to an entry of the table of connections, whatever it is by then, and calls
    /// `f` with it and its namespace; `None` if it is being freed, or its namespace is not in the list.
    ///
    /// Until there is a reference, not even the namespace can be read: the memory may be used for
    /// another socket, which has none yet.
    ///
    /// # Safety
    ///
    /// `sk` must have been an entry of that table in the read-side section.
    pub(in crate::net) unsafe fn hold<R>(
        sk: NonNull<bindings::sock>,
        section: rcu::Section<'_>,
        f: impl for<'n> FnOnce(Namespace<'n>, Connection<'n>) -> R,
    ) -> Option<R> {
        // SAFETY: The memory of an entry stays a socket, maybe another one, for the section.
        if !unsafe { take_reference(sk) } {
            return None;
        }
        // INVARIANT: The reference was just taken; it is given back by the connection that is made of
        // it, or with this, if the namespace has ended.
        let held = Held(sk);
        // SAFETY: As above.
        let common = unsafe { SockCommon::from_raw(sk.as_ptr()) }?;
        common.net(section).in_list(section)?.branded(|namespace| {
            // SAFETY: The reference is given away.
            let connection = unsafe { Connection::from_lookup(held.take().as_ptr(), namespace) }?;
            Some(f(namespace, connection))
        })
    }
}

impl<'n> Connection<'n> {
    /// What all kinds have.
    pub fn common(&self) -> &SockCommon {
        match self {
            Self::Established(socket) => socket,
            Self::TimeWait(socket) => socket,
            Self::Request(socket) => socket,
        }
    }

    /// Takes the answer of a lookup, and tells the kinds apart; `None` if it is null.
    ///
    /// # Safety
    ///
    /// `sk` must be null, or what a lookup in the table of connections of `_namespace` has just
    /// given, with one reference that is the caller's.
    #[inline]
    pub(in crate::net) unsafe fn from_lookup(
        sk: *mut bindings::sock,
        _namespace: Namespace<'n>,
    ) -> Option<Self> {
        fn owned<'n, K: SockKind>(socket: NonNull<bindings::sock>) -> Owned<'n, K> {
            // INVARIANT: The caller, below, has a reference to give away and has told the kind by
            // the state.
            Owned {
                socket: socket.cast(),
                _namespace: Brand::default(),
            }
        }

        // SAFETY: Null or valid by the safety requirement.
        let state = unsafe { SockCommon::from_raw(sk) }?.state();
        let socket = NonNull::new(sk)?;
        Some(match state {
            // A socket never changes to or from these two: they are other structures.
            bindings::TCP_TIME_WAIT => Self::TimeWait(owned(socket)),
            bindings::TCP_NEW_SYN_RECV => Self::Request(owned(socket)),
            _ => Self::Established(owned(socket)),
        })
    }
}

/// Takes a reference unless the last one is gone, `refcount_inc_not_zero()`.
///
/// # Safety
///
/// `sk` must be memory that is a socket, of whatever kind.
unsafe fn take_reference(sk: NonNull<bindings::sock>) -> bool {
    // SAFETY: By the safety requirement; nothing is read.
    let count = unsafe { &raw mut (*sk.as_ptr()).__sk_common.skc_refcnt.refs.counter };
    // SAFETY: As above. All accesses to the count are atomic.
    let count = unsafe { Atomic::<i32>::from_ptr(count) };
    let mut seen = count.load(Relaxed);
    while let Some(more) = one_more(seen) {
        match count.cmpxchg(seen, more, atomic::Full) {
            Ok(_) => return true,
            Err(now) => seen = now,
        }
    }
    false
}

#[kernel::prelude::kunit_tests(rust_net_reference)]
mod tests {
    use super::*;

    #[test]
    fn one_more_but_of_none() {
        assert_eq!(one_more(0), None);
        assert_eq!(one_more(1), Some(2));
        assert_eq!(one_more(i32::MAX - 1), Some(i32::MAX));
    }

    #[test]
    fn saturated_for_ever() {
        for count in [i32::MAX, SATURATED, -1, i32::MIN] {
            assert_eq!(one_more(count), Some(SATURATED));
        }
    }
}
