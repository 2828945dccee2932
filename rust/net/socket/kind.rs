// SPDX-License-Identifier: GPL-2.0

//! The kinds of sockets, by the structure that each is.
//!
//! C headers: [`include/net/sock.h`](srctree/include/net/sock.h),
//! [`include/net/inet_timewait_sock.h`](srctree/include/net/inet_timewait_sock.h),
//! [`include/net/request_sock.h`](srctree/include/net/request_sock.h)

use core::{ops::Deref, ptr::addr_of};
use kernel::{task::Kuid, types::Opaque};

use super::SockCommon;
use crate::bindings;

/// A kind of socket, by the structure that its pointer leads to.
///
/// # Examples
///
/// ```
/// use crate::net::socket::{Owned, SockCommon, SockKind};
/// use core::ops::Deref;
///
/// /// Whatever kind a lookup has given.
/// fn cookie<K: SockKind + Deref<Target = SockCommon>>(socket: &Owned<'_, K>) -> u64 {
///     socket.cookie()
/// }
/// ```
///
/// # Safety
///
/// The type must be a transparent view of a C structure that begins with `struct sock_common`.
pub unsafe trait SockKind {}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident($structure:ident);)*) => {$(
        $(#[$doc])*
        #[repr(transparent)]
        pub struct $name(Opaque<bindings::$structure>);

        // SAFETY: A transparent view of a structure whose first member is `struct sock_common`.
        unsafe impl SockKind for $name {}

        impl Deref for $name {
            type Target = SockCommon;

            #[inline]
            fn deref(&self) -> &SockCommon {
                // SAFETY: The structure begins with a `struct sock_common`.
                unsafe { &*self.0.get().cast() }
            }
        }
    )*};
}

kinds! {
    /// A full socket, `struct sock`: established, listening, or of a protocol without connections.
    ///
    /// See the example of [`SockCommon`].
    Sock(sock);

    /// What is left of a connection that this side closed first, `struct inet_timewait_sock`.
    ///
    /// See the example of [`SockCommon`].
    TimewaitSock(inet_timewait_sock);

    /// A connection that a listener was asked for and that is not yet acknowledged, `struct
    /// request_sock`.
    ///
    /// See the example of [`SockCommon`].
    RequestSock(request_sock);
}

/// A socket of any kind, as what it is.
///
/// See the example of [`SockCommon`].
pub enum AnyKind<'a> {
    /// A full socket.
    Full(&'a Sock),
    /// What is left of a connection.
    TimeWait(&'a TimewaitSock),
    /// A connection that is being asked for.
    Request(&'a RequestSock),
}

impl Sock {
    /// The pointer that C is given.
    #[inline]
    pub(in crate::net) fn as_ptr(&self) -> *const bindings::sock {
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
        u32::from(self.kind()) == bindings::SOCK_RAW
    }

    /// Whether the kernel made it for itself, `sk_kern_sock`: no process has it.
    pub fn is_of_kernel(&self) -> bool {
        // SAFETY: `self` is a valid socket; the bit is set when it is made.
        unsafe { bindings::sock::sk_kern_sock_raw(self.0.get()) != 0 }
    }

    /// The inode number; 0 if no process holds the socket.
    pub fn inode(&self) -> u64 {
        // SAFETY: `self` is a valid socket. Volatile as `READ_ONCE()`.
        unsafe { addr_of!((*self.0.get()).sk_ino).read_volatile() }
    }

    /// The owner, as the current process knows users.
    pub fn owner(&self) -> u32 {
        // SAFETY: `self` is a valid socket. Volatile as `READ_ONCE()`: `chown()` may change it.
        let uid = unsafe { addr_of!((*self.0.get()).sk_uid).read_volatile() };
        Kuid::from_raw(kernel::bindings::kuid_t { val: uid.val }).into_uid_in_current_ns()
    }

    /// The mark, `SO_MARK`.
    pub fn mark(&self) -> u32 {
        // SAFETY: `self` is a valid socket. Volatile as `READ_ONCE()`.
        unsafe { addr_of!((*self.0.get()).sk_mark).read_volatile() }
    }

    /// Whether the socket has a peer: `connect()` was called, for UDP as well.
    #[inline]
    pub fn is_connected(&self) -> bool {
        self.state() == bindings::TCP_ESTABLISHED
    }
}
