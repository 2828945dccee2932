// SPDX-License-Identifier: GPL-2.0

//! The endpoints that wait for associations.
//!
//! All namespaces share the kernel's table of these, and the way through it that the kernel exports
//! begins a chain anew for each endpoint of the namespace, past those of all others. Here the kernel
//! leads to the first one in each chain alone, and from there the chain is followed by RCU: the whole
//! table is passed three times at most, however many endpoints there are and whoever has them.

use core::{mem::offset_of, ptr::addr_of};
use kernel::{
    ffi::{c_int, c_void},
    prelude::*,
};

use super::{on_host, Endpoint};
use crate::{
    bindings,
    net::{
        allowance::Allowance, inet::Port, list, module_function::ModuleFunction,
        namespace::Namespace,
    },
};

/// What it takes to look at an endpoint of the port, in steps of the allowance.
const ENDPOINT: u32 = 4;
/// How many endpoints the kernel passes in a step; and how many are passed in one here, and by the
/// kernel once more.
const PASSED: u32 = 8;
const PASSED_TWICE: u32 = 2;
/// How often the kernel may lead into the same chain: again, if there are more endpoints in it by then.
const TIMES: u32 = 3;
/// How many sockets there may be on the host: with more, the kernel would be on its way through them for
/// longer than a read-side section is to last, and nothing stops it.
const MOST: u32 = 1 << 13;
/// What it takes whoever asks to say that, in steps: a dump says it of each namespace.
const SAID: u32 = 64;
/// So many more may be in a chain than there are sockets on the host: those that its processors have
/// not added up yet.
const UNCOUNTED: u32 = 1 << 10;

/// Calls `f` with each endpoint of a namespace that waits for associations at a port, as far as the
/// allowance goes, until it fails, `sctp_for_each_endpoint()`; with none if there are too many sockets on
/// the host, which is noted in the allowance. In a process.
///
/// An endpoint may be passed over if others come and go meanwhile, or come twice. What it takes to
/// pass those of others is owed: it cannot be stopped halfway, and says how many there are.
///
/// # Examples
///
/// ```
/// use crate::net::{allowance::Allowance, inet::Port, namespace::Namespace, sctp};
///
/// /// How many endpoints wait at a port.
/// fn count(namespace: Namespace<'_>, port: Port, allowance: &Allowance) -> Result<u32> {
///     let mut count = 0;
///     sctp::for_each_endpoint(namespace, port, allowance, |_| {
///         count += 1;
///         Ok(())
///     })?;
///     Ok(count)
/// }
/// ```
pub fn for_each_endpoint<'n>(
    namespace: Namespace<'n>,
    port: Port,
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
    let on_host = on_host(namespace, &function);
    if on_host > MOST {
        allowance.spend(SAID);
        allowance.leave_out();
        return Ok(());
    }
    allowance.owe(on_host / PASSED);
    let mut done = 0;
    let mut walk = Walk {
        namespace,
        port,
        f,
        result: Ok(()),
        allowance,
        on_host,
        chain: None,
        times: 0,
        done: &raw mut done,
    };
    let (call, place, data) = (walk.call(), walk.done, walk.as_data());
    // SAFETY: The namespace and the place are valid, and the data is what it is called with.
    unsafe { function.function()(Some(call), namespace.object().as_ptr(), place, data) };
    walk.result
}

/// What C hands back to the function that it calls.
struct Walk<'a, 'n, F> {
    namespace: Namespace<'n>,
    port: Port,
    f: F,
    result: Result,
    allowance: &'a Allowance,
    on_host: u32,
    /// The chain that the kernel has led into, and how often.
    chain: Option<c_int>,
    times: u32,
    /// How many endpoints of the namespace the kernel is to pass.
    done: *mut c_int,
}

impl<'n, F: FnMut(Endpoint<'n>) -> Result> Walk<'_, 'n, F> {
    /// What C calls for the first endpoint in a chain, with `as_data()`.
    fn call(&self) -> unsafe extern "C" fn(*mut bindings::sctp_endpoint, *mut c_void) -> c_int {
        Self::endpoint
    }

    fn as_data(&mut self) -> *mut c_void {
        core::ptr::from_mut(self).cast()
    }

    /// # Safety
    ///
    /// `data` must come from `as_data()` of such a one, which nobody uses meanwhile, and `endpoint`
    /// be one of the table with a reference that is held for the call.
    unsafe extern "C" fn endpoint(
        endpoint: *mut bindings::sctp_endpoint,
        data: *mut c_void,
    ) -> c_int {
        // SAFETY: By the safety requirement.
        let walk = unsafe { &mut *data.cast::<Self>() };
        // SAFETY: By the safety requirement. Volatile, since who takes it out writes the same there.
        let chain = unsafe { addr_of!((*endpoint).hashent).read_volatile() };
        if !walk.may_enter(chain) {
            walk.allowance.leave_out();
            return ENOSPC.to_errno();
        }
        // SAFETY: By the safety requirement.
        match unsafe { walk.follow(endpoint) } {
            Ok(Some(behind)) => {
                // The kernel adds the one that it has led to.
                // SAFETY: It is the place that C was given, which reads it when this returns.
                unsafe { *walk.done += behind };
                0
            }
            Ok(None) => ENOENT.to_errno(),
            Err(error) => {
                walk.result = Err(error);
                error.to_errno()
            }
        }
    }

    /// Whether the kernel has not led into a chain too often.
    fn may_enter(&mut self, chain: c_int) -> bool {
        match self.chain.replace(chain) {
            // It goes over all in front of the endpoints, once more.
            None => self.allowance.owe(self.on_host / PASSED),
            Some(last) if last == chain => {}
            Some(_) => self.times = 0,
        }
        self.times += 1;
        self.times <= TIMES
    }

    /// Looks at an endpoint and at all behind it in its chain. Gives how many behind it are the
    /// namespace's, or nothing if any endpoint of the port was there: all of those are in one chain.
    ///
    /// # Safety
    ///
    /// `first` must be an endpoint of the table with a reference that is held for the call.
    unsafe fn follow(&mut self, first: *mut bindings::sctp_endpoint) -> Result<Option<c_int>> {
        let most = self.on_host.saturating_add(UNCOUNTED);
        let (mut behind, mut passed, mut has_port) = (0, 0, false);
        // SAFETY: An endpoint that is taken out of its chain is freed by RCU
        // (`sctp_endpoint_destroy()`), and leads nowhere any more (`hlist_del_init()`).
        let nodes = unsafe { list::hlist_from(node_of(first)) };
        // One that is put in again leads back to the beginning.
        for node in nodes.take(most as usize) {
            let is_first = passed == 0;
            passed += 1;
            // SAFETY: As above: it is not freed before the section of the namespace ends.
            let endpoint = unsafe { Endpoint::new(endpoint_of(node), self.namespace) };
            let Some(endpoint) = endpoint else {
                continue;
            };
            behind += c_int::from(!is_first);
            if endpoint.port() != self.port {
                continue;
            }
            has_port = true;
            if self.allowance.is_spent() {
                break;
            }
            self.allowance.spend(ENDPOINT);
            (self.f)(endpoint)?;
        }
        self.allowance.owe(passed / PASSED_TWICE);
        Ok((!has_port).then_some(behind))
    }
}

const NODE: usize = offset_of!(bindings::sctp_endpoint, node);

fn node_of(endpoint: *mut bindings::sctp_endpoint) -> *const bindings::hlist_node {
    endpoint.cast::<u8>().wrapping_add(NODE).cast()
}

fn endpoint_of(node: *const bindings::hlist_node) -> *mut bindings::sctp_endpoint {
    node.cast::<u8>().wrapping_sub(NODE).cast_mut().cast()
}
