// SPDX-License-Identifier: GPL-2.0

//! Netfilter hooks of one namespace, by which packets are seen.
//!
//! C header: [`include/linux/netfilter.h`](srctree/include/linux/netfilter.h)

use core::{
    ffi::{c_int, c_uint, c_void},
    marker::PhantomData,
    ptr::{from_ref, NonNull},
};
use kernel::{error::to_result, prelude::*};

use super::{device::Device, namespace::Net, packet::Packet, rcu::ReadSide, socket::Common};
use crate::bindings;

/// A place on the path of a packet where a hook can be.
pub struct Place {
    family: u8,
    number: c_uint,
    priority: c_int,
}

impl Place {
    /// `NF_INET_LOCAL_IN` of IPv4: packets for this host, defragmented.
    pub const fn local_in_v4(priority: c_int) -> Self {
        Self::new(bindings::NFPROTO_IPV4, bindings::NF_INET_LOCAL_IN, priority)
    }

    /// `NF_INET_LOCAL_IN` of IPv6: packets for this host, fragments one by one.
    pub const fn local_in_v6(priority: c_int) -> Self {
        Self::new(bindings::NFPROTO_IPV6, bindings::NF_INET_LOCAL_IN, priority)
    }

    /// `NF_INET_LOCAL_OUT` of IPv4: packets from this host, not yet fragmented.
    pub const fn local_out_v4(priority: c_int) -> Self {
        Self::new(
            bindings::NFPROTO_IPV4,
            bindings::NF_INET_LOCAL_OUT,
            priority,
        )
    }

    /// `NF_INET_LOCAL_OUT` of IPv6: packets from this host, not yet fragmented.
    pub const fn local_out_v6(priority: c_int) -> Self {
        Self::new(
            bindings::NFPROTO_IPV6,
            bindings::NF_INET_LOCAL_OUT,
            priority,
        )
    }

    const fn new(family: u32, number: c_uint, priority: c_int) -> Self {
        Self {
            family: family as u8,
            number,
            priority,
        }
    }
}

/// A hook: a place, and what is called with each packet that comes by.
///
/// The packet goes on whatever the hook does: one that cannot be made sense of is passed on as
/// every other one.
pub struct Hook<T> {
    place: Place,
    function: unsafe extern "C" fn(
        *mut c_void,
        *mut bindings::sk_buff,
        *const bindings::nf_hook_state,
    ) -> c_uint,
    _owner: PhantomData<fn(&T)>,
}

/// What a [`Hook`] calls.
pub trait See<T> {
    /// Sees one packet.
    ///
    /// On the receive path the context is a softirq; on transmit it is mostly a process, with its
    /// socket locked. Both are in an RCU read-side critical section. The function must not sleep,
    /// take long or fail.
    fn see(owner: &T, packet: Packet<'_>, state: State<'_>);
}

impl<T> Hook<T> {
    /// A hook at `place` that calls `S`.
    pub const fn new<S: See<T>>(place: Place) -> Self {
        Self {
            place,
            function: trampoline::<T, S>,
            _owner: PhantomData,
        }
    }
}

/// # Safety
///
/// Called by netfilter alone, with an `owner` that is a valid `T`.
unsafe extern "C" fn trampoline<T, S: See<T>>(
    owner: *mut c_void,
    skb: *mut bindings::sk_buff,
    state: *const bindings::nf_hook_state,
) -> c_uint {
    // SAFETY: By the safety requirement.
    let owner = unsafe { &*owner.cast::<T>() };
    if let Some(skb) = NonNull::new(skb) {
        // SAFETY: Netfilter hands out a packet that is this hook's until it returns.
        let packet = unsafe { Packet::from_raw(skb) };
        // SAFETY: The state is valid until the hook returns.
        let state = State(unsafe { &*state });
        S::see(owner, packet, state);
    }
    bindings::NF_ACCEPT
}

/// Where a hook was called, `struct nf_hook_state`.
///
/// # Invariants
///
/// It is the state of a hook call that is under way for all of `'p`.
#[derive(Clone, Copy)]
pub struct State<'p>(&'p bindings::nf_hook_state);

impl<'p> State<'p> {
    /// The read-side section in which netfilter calls hooks.
    #[inline]
    pub fn section(self) -> ReadSide<'p> {
        // SAFETY: `nf_hook()` enters it before it looks for hooks, and leaves it when all have been
        // called.
        unsafe { ReadSide::assume() }
    }

    /// The namespace in which netfilter sees the packet.
    #[inline]
    pub fn net(self) -> &'p Net {
        // SAFETY: Valid for the call.
        unsafe { Net::from_raw(self.0.net) }
    }

    /// The socket that transmits the packet: that of the tunnel for a packet in a tunnel, and not
    /// that of its first sender.
    #[inline]
    pub fn socket(self) -> Option<&'p Common> {
        // SAFETY: Null, or valid for the call.
        unsafe { Common::from_raw(self.0.sk) }
    }

    /// The device that the packet leaves by.
    #[inline]
    pub fn output(self) -> Option<&'p Device> {
        // SAFETY: Null, or valid for the call.
        unsafe { Device::from_raw(self.0.out) }
    }
}

/// The hooks of one namespace, set or not.
pub(super) struct Hooks<T: 'static> {
    /// Netfilter reads them, also for user space's listings, until a grace period after they are
    /// unset: never freed before [`Hooks`] is.
    operations: KVec<bindings::nf_hook_ops>,
    set: bool,
    _owner: PhantomData<&'static T>,
}

// SAFETY: The hooks belong to no thread; the owner that they point to is shared by those who call
// them.
unsafe impl<T: Sync> Send for Hooks<T> {}

impl<T: 'static> Hooks<T> {
    /// No hook is set.
    pub(super) const fn new() -> Self {
        Self {
            operations: KVec::new(),
            set: false,
            _owner: PhantomData,
        }
    }

    /// Sets all hooks, or none if one of them fails; nothing if they are set. May sleep.
    ///
    /// # Safety
    ///
    /// Until a grace period has passed after [`unset`](Self::unset), `owner` and `self` must be
    /// valid and stay where they are, and so must the text of the module. `net` must be alive until
    /// `unset`.
    pub(super) unsafe fn set(&mut self, net: &Net, owner: &T, hooks: &'static [Hook<T>]) -> Result {
        if self.set {
            return Ok(());
        }
        if self.operations.is_empty() {
            let mut operations = KVec::with_capacity(hooks.len(), GFP_KERNEL)?;
            for hook in hooks {
                // SAFETY: All zeroes is a valid value: null pointers and numbers.
                let mut operation: bindings::nf_hook_ops = unsafe { core::mem::zeroed() };
                operation.hook = Some(hook.function);
                operation.priv_ = from_ref(owner).cast_mut().cast();
                operation.pf = hook.place.family;
                operation.hooknum = hook.place.number;
                operation.priority = hook.place.priority;
                operations.push(operation, GFP_KERNEL)?;
            }
            self.operations = operations;
        }
        // SAFETY: The operations are complete, and they and what they point to last by the safety
        // requirement.
        to_result(unsafe {
            bindings::nf_register_net_hooks(
                net.as_ptr(),
                self.operations.as_ptr(),
                self.operations.len() as c_uint,
            )
        })?;
        self.set = true;
        Ok(())
    }

    /// Unsets all hooks; nothing if they are not set. May sleep, but does not wait: calls may be
    /// under way for a grace period.
    pub(super) fn unset(&mut self, net: &Net) {
        if !core::mem::take(&mut self.set) {
            return;
        }
        // SAFETY: They were set in this namespace, which `set` requires to be alive until now.
        unsafe {
            bindings::nf_unregister_net_hooks(
                net.as_ptr(),
                self.operations.as_ptr(),
                self.operations.len() as c_uint,
            )
        };
    }
}
