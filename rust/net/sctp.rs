// SPDX-License-Identifier: GPL-2.0

//! Endpoints and associations of SCTP.
//!
//! Both lead to a socket. Neither the one nor the other is freed within a read-side section in
//! which it was seen: `sctp_endpoint_destroy()` leaves the endpoint and its reference to the socket
//! to RCU.
//!
//! C headers: [`include/net/sctp/sctp.h`](srctree/include/net/sctp/sctp.h),
//! [`include/net/sctp/structs.h`](srctree/include/net/sctp/structs.h)

mod listeners;

use core::ptr::{addr_of, NonNull};
use kernel::{
    ffi::{c_int, c_void},
    prelude::*,
};

use super::{
    allowance::Allowance,
    inet::{Family, Port, Tuple},
    list,
    module_function::{ModuleFunction, Pointer},
    namespace::Namespace,
    socket::{Address, Borrowed, Sock},
};
use crate::bindings;

pub use self::listeners::for_each_endpoint;

/// An endpoint, `struct sctp_endpoint`: what a socket is to its peers.
///
/// See the example of [`for_each_endpoint`].
///
/// # Invariants
///
/// The pointer is valid for the read-side section of the namespace.
pub struct Endpoint<'n> {
    base: NonNull<bindings::sctp_ep_common>,
    /// Its socket.
    pub socket: Borrowed<'n, Sock>,
}

impl<'n> Endpoint<'n> {
    /// Views an endpoint through its pointer; `None` if it is another namespace's.
    ///
    /// # Safety
    ///
    /// It must be an endpoint that is not freed before the read-side section of the namespace ends.
    unsafe fn new(
        endpoint: *mut bindings::sctp_endpoint,
        namespace: Namespace<'n>,
    ) -> Option<Self> {
        // What they have in common with associations is their beginning.
        const { assert!(core::mem::offset_of!(bindings::sctp_endpoint, base) == 0) };
        let base = NonNull::new(endpoint.cast::<bindings::sctp_ep_common>())?;
        // SAFETY: By the safety requirement; an endpoint keeps its socket.
        let sk = unsafe { (*base.as_ptr()).sk };
        // INVARIANT: By the safety requirement.
        Some(Self {
            base,
            // SAFETY: The socket is freed after the endpoint.
            socket: unsafe { Borrowed::from_table(sk, namespace) }?,
        })
    }

    /// The port that it is bound to.
    pub fn port(&self) -> Port {
        // SAFETY: By the type invariants.
        Port::from_number(unsafe { addr_of!((*self.bound()).port).read_volatile() })
    }

    /// Whether a packet for this address would be its, `sctp_bind_addr_match()`, as far as the
    /// allowance goes: it can be bound to any number of addresses.
    pub fn has_address(&self, address: Address, allowance: &Allowance) -> bool {
        // SAFETY: By the type invariants; entries of this list are freed by RCU.
        let entries = unsafe { list::list(addr_of!((*self.bound()).address_list)) };
        let mut entries = allowance.each(entries, 1);
        entries.any(|entry| {
            // The list is the first member of its entries, as is asserted in bindings.h. An address is written before its entry is
            // put into the list.
            let entry = entry.cast::<bindings::sctp_sockaddr_entry>();
            // SAFETY: It is one of this list. Volatile, since the entry may become valid meanwhile.
            let is_valid = unsafe { addr_of!((*entry).valid).read_volatile() } != 0;
            // SAFETY: As before.
            let bound = unsafe { (*entry).a };
            is_valid && self.is_for(&bound, address)
        })
    }

    /// Whether an address that it is bound to stands for another one.
    fn is_for(&self, bound: &bindings::sctp_addr, address: Address) -> bool {
        // SAFETY: All members begin with the family.
        let family = unsafe { bound.v4.sin_family };
        if u32::from(family) == bindings::AF_INET6 {
            // SAFETY: The family says that this is the member; all its patterns are bytes.
            let bound = unsafe { bound.v6.sin6_addr.in6_u.u6_addr8 };
            match address {
                Address::V6(address) => bound == address || bound == [0; 16],
                Address::V4(_) => bound == [0; 16] && !self.socket.is_ipv6_only(),
            }
        } else {
            // SAFETY: The family says that this is the member.
            let bound = unsafe { bound.v4.sin_addr.s_addr }.to_ne_bytes();
            match address {
                Address::V4(address) => bound == address || bound == [0; 4],
                Address::V6(_) => {
                    bound == [0; 4] && self.socket.is_of_ipv6() && !self.socket.is_ipv6_only()
                }
            }
        }
    }

    fn bound(&self) -> *const bindings::sctp_bind_addr {
        // SAFETY: By the type invariants; nothing is read.
        unsafe { addr_of!((*self.base.as_ptr()).bind_addr) }
    }
}

/// What C hands back to the function that it calls with an association.
struct Visit<'n, F> {
    namespace: Namespace<'n>,
    f: F,
    result: Result,
}

impl<'n, F: FnMut(Endpoint<'n>) -> Result> Visit<'n, F> {
    /// What C calls for the endpoint of a transport, with `as_data()`.
    fn call(
        &self,
    ) -> unsafe extern "C" fn(
        *mut bindings::sctp_endpoint,
        *mut bindings::sctp_transport,
        *mut c_void,
    ) -> c_int {
        Self::transport
    }

    fn as_data(&mut self) -> *mut c_void {
        core::ptr::from_mut(self).cast()
    }

    /// # Safety
    ///
    /// `data` must come from `as_data()` of such a one, which nobody uses meanwhile, and `endpoint`
    /// be one with a reference that is held for the call.
    unsafe extern "C" fn transport(
        endpoint: *mut bindings::sctp_endpoint,
        _: *mut bindings::sctp_transport,
        data: *mut c_void,
    ) -> c_int {
        // SAFETY: By the safety requirement.
        let visit = unsafe { &mut *data.cast::<Self>() };
        // SAFETY: With a reference now, it is freed a grace period later at the earliest.
        if let Some(endpoint) = unsafe { Endpoint::new(endpoint, visit.namespace) } {
            visit.result = (visit.f)(endpoint);
        }
        visit.result.map_or_else(Error::to_errno, |()| 0)
    }
}

/// Calls `f` with the endpoint that has an association between two ends, if there is one of a socket
/// that is bound to the device, or to none if that is 0, `sctp_transport_lookup_process()`. In a
/// process.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     inet::{Family, Tuple},
///     namespace::Namespace,
///     sctp,
/// };
///
/// /// The cookie of the socket that has an association, if it is bound to no device.
/// fn cookie<F: Family>(namespace: Namespace<'_>, tuple: &Tuple<F>) -> Result<Option<u64>> {
///     let mut cookie = None;
///     sctp::association(namespace, tuple, 0, |endpoint| {
///         cookie = Some(endpoint.socket.cookie());
///         Ok(())
///     })?;
///     Ok(cookie)
/// }
/// ```
pub fn association<'n, F: Family>(
    namespace: Namespace<'n>,
    tuple: &Tuple<F>,
    device: c_int,
    f: impl FnMut(Endpoint<'n>) -> Result,
) -> Result {
    // SAFETY: The member has this name.
    let function = unsafe {
        ModuleFunction::get(c"sctp_transport_lookup_process", |all| {
            all.sctp_transport_lookup_process
        })
    };
    let Some(function) = function else {
        return Ok(());
    };
    let local = address(F::any_family(&tuple.local), tuple.local_port);
    let remote = address(F::any_family(&tuple.remote), tuple.remote_port);
    let net = namespace.object().as_ptr();
    let mut visit = Visit {
        namespace,
        f,
        result: Ok(()),
    };
    let (call, data) = (visit.call(), visit.as_data());
    // That there is none says the function by an error: `f` was not called then.
    // SAFETY: The namespace and the addresses are valid, and the data is what it is called with.
    unsafe { function.function()(Some(call), net, &local, &remote, data, device) };
    visit.result
}

/// About how many sockets there are on the host, one that the kernel has in each namespace included,
/// while a function of SCTP's module is held. No endpoint or association is without one. Any context.
#[cfg(CONFIG_IP_SCTP)]
fn on_host<P: Pointer>(namespace: Namespace<'_>, _held: &ModuleFunction<P>) -> u32 {
    // SAFETY: The namespace is valid: it has this socket as long as it is in the list
    // (`sctp_ctrlsock_init()`) and the module is loaded.
    let socket = unsafe { addr_of!((*namespace.object().as_ptr()).sctp.ctl_sock).read_volatile() };
    if socket.is_null() {
        return 0;
    }
    // SAFETY: As above; the protocol of a socket of the kernel's never changes.
    let protocol = unsafe { addr_of!((*socket).__sk_common.skc_prot).read() };
    let place = protocol
        .cast::<u8>()
        .wrapping_add(bindings::RUST_CONST_PROTO_SOCKETS as usize)
        .cast::<*mut bindings::percpu_counter>();
    // SAFETY: The protocol lasts as long as its sockets, and says where they are counted (`sctp_prot`,
    // `sctpv6_prot`).
    let counter = unsafe { place.read() };
    // SAFETY: The counter lasts as long as the protocol. Volatile as `percpu_counter_read()`: what
    // processors have not added to it yet is left out.
    let sockets = unsafe { addr_of!((*counter).count).read_volatile() };
    u32::try_from(sockets.max(0)).unwrap_or(u32::MAX)
}

/// The same, on a kernel without SCTP.
#[cfg(not(CONFIG_IP_SCTP))]
fn on_host<P: Pointer>(_: Namespace<'_>, _: &ModuleFunction<P>) -> u32 {
    0
}

/// About how many associations there are at most between two ends, each of a socket of its own: the
/// kernel goes over all of them for one that is not among them. In a process.
///
/// A namespace is known by how many sockets of whatever kind it has, as it cannot be asked for those
/// of one protocol without having that.
///
/// # Examples
///
/// ```
/// use crate::net::{allowance::Allowance, namespace::Namespace, sctp};
///
/// /// Whether one more association may be looked for.
/// fn may_look(namespace: Namespace<'_>, allowance: &Allowance) -> bool {
///     allowance.covers(sctp::most_alike(namespace))
/// }
/// ```
pub fn most_alike(namespace: Namespace<'_>) -> u32 {
    // SAFETY: The member has this name.
    let function = unsafe {
        ModuleFunction::get(c"sctp_transport_lookup_process", |all| {
            all.sctp_transport_lookup_process
        })
    };
    let Some(function) = function else {
        return 0;
    };
    // SAFETY: The namespace is valid.
    let sockets = unsafe { bindings::sock_inuse_get(namespace.object().as_ptr()) };
    on_host(namespace, &function).min(u32::try_from(sockets).unwrap_or(0))
}

/// The same as C has it.
fn address(address: Address, port: Port) -> bindings::sctp_addr {
    // SAFETY: All zeroes is a valid value: numbers.
    let mut raw: bindings::sctp_addr = unsafe { core::mem::zeroed() };
    let port = u16::from_ne_bytes(port.to_header());
    match address {
        Address::V4(bytes) => {
            raw.v4.sin_family = bindings::AF_INET as u16;
            raw.v4.sin_port = port;
            raw.v4.sin_addr.s_addr = u32::from_ne_bytes(bytes);
        }
        Address::V6(bytes) => {
            raw.v6.sin6_family = bindings::AF_INET6 as u16;
            raw.v6.sin6_port = port;
            raw.v6.sin6_addr.in6_u.u6_addr8 = bytes;
        }
    }
    raw
}
