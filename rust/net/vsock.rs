// SPDX-License-Identifier: GPL-2.0

//! Sockets between virtual machines and their hosts.
//!
//! They are a module of the kernel: nothing is found while it is not loaded.
//!
//! C header: [`include/net/af_vsock.h`](srctree/include/net/af_vsock.h)

use super::{
    module_function::ModuleFunction,
    namespace::Namespace,
    socket::{Owned, Sock},
};
use crate::bindings;
use core::{ops::Deref, ptr::addr_of};

/// One end, `struct sockaddr_vm`.
///
/// See the example of [`VsockSocket`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// The machine.
    pub cid: u32,
    /// The port in it.
    pub port: u32,
}

impl End {
    /// Any machine.
    pub const ANY: u32 = bindings::RUST_CONST_VMADDR_CID_ANY;

    fn to_raw(self) -> bindings::sockaddr_vm {
        // SAFETY: All zeroes is a valid value: numbers.
        let mut raw: bindings::sockaddr_vm = unsafe { core::mem::zeroed() };
        raw.svm_family = bindings::AF_VSOCK as u16;
        raw.svm_cid = self.cid;
        raw.svm_port = self.port;
        raw
    }

    fn from_raw(raw: bindings::sockaddr_vm) -> Self {
        Self {
            cid: raw.svm_cid,
            port: raw.svm_port,
        }
    }
}

/// A vsock socket, `struct vsock_sock`, owned.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     namespace::Namespace,
///     vsock::{End, VsockSocket},
/// };
///
/// /// Whether anyone waits for connections to a port, at whatever address.
/// fn is_listened_to(namespace: Namespace<'_>, port: u32) -> bool {
///     let local = End {
///         cid: End::ANY,
///         port,
///     };
///     VsockSocket::bound(namespace, local).is_some_and(|socket| socket.is_listening())
/// }
/// ```
pub struct VsockSocket<'n>(Owned<'n, Sock>);

impl<'n> VsockSocket<'n> {
    /// The socket with a connection between two ends, `vsock_find_connected_socket_net()`. In a
    /// process.
    pub fn connected(namespace: Namespace<'n>, local: End, remote: End) -> Option<Self> {
        // SAFETY: The member has this name.
        let function = unsafe {
            ModuleFunction::get(c"vsock_find_connected_socket_net", |all| {
                all.vsock_find_connected_socket_net
            })
        }?;
        let find = function.function();
        let net = namespace.object().as_ptr();
        // SAFETY: The addresses and the namespace are valid.
        let sk = unsafe { find(&mut remote.to_raw(), &mut local.to_raw(), net) };
        // SAFETY: The function has taken a reference for its caller, to a full socket.
        unsafe { Owned::from_lookup(sk, namespace) }.map(Self)
    }

    /// The socket that is bound to an end, `vsock_find_bound_socket_net()`. In a process.
    pub fn bound(namespace: Namespace<'n>, local: End) -> Option<Self> {
        // SAFETY: The member has this name.
        let function = unsafe {
            ModuleFunction::get(c"vsock_find_bound_socket_net", |all| {
                all.vsock_find_bound_socket_net
            })
        }?;
        let find = function.function();
        // SAFETY: The address and the namespace are valid.
        let sk = unsafe { find(&mut local.to_raw(), namespace.object().as_ptr()) };
        // SAFETY: The function has taken a reference for its caller, to a full socket.
        unsafe { Owned::from_lookup(sk, namespace) }.map(Self)
    }

    /// This end.
    pub fn local(&self) -> End {
        // SAFETY: It is a vsock socket; all patterns of an address are numbers. Volatile: `bind()` may
        // change it, and what is read is then of both.
        End::from_raw(unsafe { addr_of!((*self.as_vsock()).local_addr).read_volatile() })
    }

    /// The other end.
    pub fn remote(&self) -> End {
        // SAFETY: As for this end; `connect()` may change it.
        End::from_raw(unsafe { addr_of!((*self.as_vsock()).remote_addr).read_volatile() })
    }

    fn as_vsock(&self) -> *const bindings::vsock_sock {
        self.0.as_ptr().cast()
    }
}

impl Deref for VsockSocket<'_> {
    type Target = Sock;

    fn deref(&self) -> &Sock {
        &self.0
    }
}
