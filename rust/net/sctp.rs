// SPDX-License-Identifier: GPL-2.0

//! Endpoints and associations of SCTP.
//!
//! Both lead to a socket. Neither the one nor the other is freed within a read-side section in
//! which it was seen: `sctp_endpoint_destroy()` leaves the endpoint and its reference to the socket
//! to RCU.
//!
//! C headers: [`include/net/sctp/sctp.h`](srctree/include/net/sctp/sctp.h),
//! [`include/net/sctp/structs.h`](srctree/include/net/sctp/structs.h)

use core::ptr::{addr_of, NonNull};
use kernel::{
    ffi::{c_int, c_void},
    prelude::*,
};

use super::{
    allowance::Allowance,
    inet::{Family, Port, Tuple},
    list,
    module_function::ModuleFunction,
    namespace::Namespace,
    socket::{Address, Borrowed, Sock},
};
use crate::bindings;

/// What it takes to come to an endpoint, in steps of the allowance.
const ENDPOINT: u32 = 4;
/// How many endpoints in front of it, which the kernel passes for each from the beginning of the
/// chain, make a step.
const IN_FRONT: u32 = 4;
/// How many chains there are.
const CHAINS: u16 = 64;

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
    /// It must be an endpoint with a reference that is held for the call.
    unsafe fn new(
        endpoint: *mut bindings::sctp_endpoint,
        namespace: Namespace<'n>,
    ) -> Option<Self> {
        // What endpoints and associations have in common is their beginning, as is asserted in
        // bindings.h.
        let base = NonNull::new(endpoint.cast::<bindings::sctp_ep_common>())?;
        // SAFETY: By the safety requirement; an endpoint keeps its socket.
        let sk = unsafe { (*base.as_ptr()).sk };
        // INVARIANT: With a reference now, it is freed a grace period later at the earliest.
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

    /// Whether a packet for this address would be its, `sctp_bind_addr_match()`.
    pub fn has_address(&self, address: Address) -> bool {
        // SAFETY: By the type invariants; entries of this list are freed by RCU.
        let mut entries = unsafe { list::list(addr_of!((*self.bound()).address_list)) };
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

/// What C hands back to the functions that it calls.
struct Visit<'a, 'n, F> {
    namespace: Namespace<'n>,
    f: F,
    result: Result,
    allowance: &'a Allowance,
    /// The chain that the last one was in, and how many were in front of it there.
    chain: u16,
    in_front: u32,
}

impl<'a, 'n, F: FnMut(Endpoint<'n>) -> Result> Visit<'a, 'n, F> {
    fn new(namespace: Namespace<'n>, allowance: &'a Allowance, f: F) -> Self {
        Self {
            namespace,
            f,
            result: Ok(()),
            allowance,
            chain: 0,
            in_front: 0,
        }
    }

    /// Counts what it has taken to come to an endpoint.
    fn spend(&mut self, endpoint: &Endpoint<'n>) {
        // As `sctp_ep_hashfn()`, but for what is the same in all of a namespace.
        let chain = endpoint.port().number() % CHAINS;
        self.in_front = if chain == self.chain {
            self.in_front + 1
        } else {
            0
        };
        self.chain = chain;
        self.allowance.spend(ENDPOINT + self.in_front / IN_FRONT);
    }

    /// What C calls for each endpoint, with `as_data()`.
    fn of_endpoint(
        &self,
    ) -> unsafe extern "C" fn(*mut bindings::sctp_endpoint, *mut c_void) -> c_int {
        Self::endpoint
    }

    /// What C calls for the endpoint of a transport, with `as_data()`.
    fn of_transport(
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
    unsafe extern "C" fn endpoint(
        endpoint: *mut bindings::sctp_endpoint,
        data: *mut c_void,
    ) -> c_int {
        // SAFETY: By the safety requirement.
        let visit = unsafe { &mut *data.cast::<Self>() };
        if visit.allowance.is_spent() {
            return ENOSPC.to_errno();
        }
        // SAFETY: By the safety requirement.
        if let Some(endpoint) = unsafe { Endpoint::new(endpoint, visit.namespace) } {
            visit.spend(&endpoint);
            visit.result = (visit.f)(endpoint);
        }
        visit.result.map_or_else(Error::to_errno, |()| 0)
    }

    /// # Safety
    ///
    /// That of `endpoint()`.
    unsafe extern "C" fn transport(
        endpoint: *mut bindings::sctp_endpoint,
        _: *mut bindings::sctp_transport,
        data: *mut c_void,
    ) -> c_int {
        // SAFETY: By the safety requirement.
        unsafe { Self::endpoint(endpoint, data) }
    }
}

/// Calls `f` with each endpoint of a namespace that listens, as far as the allowance goes, until it
/// fails, `sctp_for_each_endpoint()`. In a process.
///
/// An endpoint may be passed over if others come and go meanwhile, or come twice.
///
/// # Examples
///
/// ```
/// use crate::net::{allowance::Allowance, inet::Port, namespace::Namespace, sctp};
///
/// /// How many endpoints listen at a port.
/// fn count(namespace: Namespace<'_>, port: Port, allowance: &Allowance) -> Result<u32> {
///     let mut count = 0;
///     sctp::for_each_endpoint(namespace, allowance, |endpoint| {
///         count += u32::from(endpoint.port() == port);
///         Ok(())
///     })?;
///     Ok(count)
/// }
/// ```
pub fn for_each_endpoint<'n>(
    namespace: Namespace<'n>,
    allowance: &Allowance,
    f: impl FnMut(Endpoint<'n>) -> Result,
) -> Result {
    if allowance.is_spent() {
        return Ok(());
    }
    // SAFETY: The member has this name.
    let function =
        unsafe { ModuleFunction::get(c"sctp_for_each_endpoint", |all| all.sctp_for_each_endpoint) };
    let Some(function) = function else {
        return Ok(());
    };
    let mut visit = Visit::new(namespace, allowance, f);
    let (call, data) = (visit.of_endpoint(), visit.as_data());
    // SAFETY: The namespace and the place are valid, and the data is what it is called with.
    unsafe { function.function()(Some(call), namespace.object().as_ptr(), &mut 0, data) };
    visit.result
}

/// Calls `f` with the endpoint that has an association between two ends, if there is one of a socket
/// that is bound to the device, or to none if that is 0, `sctp_transport_lookup_process()`. In a
/// process.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     allowance::Allowance,
///     inet::{Family, Tuple},
///     namespace::Namespace,
///     sctp,
/// };
///
/// /// The cookie of the socket that has an association, if it is bound to no device.
/// fn cookie<F: Family>(
///     namespace: Namespace<'_>,
///     tuple: &Tuple<F>,
///     allowance: &Allowance,
/// ) -> Result<Option<u64>> {
///     let mut cookie = None;
///     sctp::association(namespace, tuple, 0, allowance, |endpoint| {
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
    allowance: &Allowance,
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
    let mut visit = Visit::new(namespace, allowance, f);
    let (call, data) = (visit.of_transport(), visit.as_data());
    // That there is none says the function by an error: `f` was not called then.
    // SAFETY: The namespace and the addresses are valid, and the data is what it is called with.
    unsafe { function.function()(Some(call), net, &local, &remote, data, device) };
    visit.result
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
