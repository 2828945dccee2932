// SPDX-License-Identifier: GPL-2.0

//! Netfilter hooks of one namespace, by which packets are seen.
//!
//! C header: [`include/linux/netfilter.h`](srctree/include/linux/netfilter.h)

use core::{
    marker::PhantomData,
    ptr::{from_ref, NonNull},
};
use kernel::ffi::{c_int, c_uint, c_void};
use kernel::{error::to_result, prelude::*};

mod incoming;
mod outgoing;

pub use self::{
    incoming::{Incoming, Received},
    outgoing::{Outgoing, Transmitted},
};

use super::{
    device::NetDevice,
    inet::Family,
    namespace::{Alive, Listed, Net},
    owner,
    packet::Packet,
    rcu,
    socket::SockCommon,
};
use crate::bindings;

/// A hook: a place on the path of packets, and what is called with each that comes by.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     inet::{V4, V6},
///     netfilter::{Accept, Hook, Incoming, Receive},
///     percpu::PerCpu,
/// };
///
/// /// Counts the packets for this host.
/// struct Count;
///
/// impl<F> Receive<PerCpu<1>, F> for Count {
///     fn receive(counter: &PerCpu<1>, _packet: Incoming<'_, F>) -> Accept {
///         counter.increment(0);
///         Accept::packet()
///     }
/// }
///
/// /// All after the filter.
/// const HOOKS: &[Hook<PerCpu<1>>] = &[
///     Hook::local_in::<V4, Count>(200),
///     Hook::local_in::<V6, Count>(200),
///     Hook::arp_in::<Count>(200),
/// ];
/// ```
pub struct Hook<T> {
    family: u8,
    number: c_uint,
    priority: c_int,
    function: Function,
    _owner: PhantomData<fn(&T)>,
}

type Function = unsafe extern "C" fn(
    *mut c_void,
    *mut bindings::sk_buff,
    *const bindings::nf_hook_state,
) -> c_uint;

/// What a hook for packets to this host calls; `F` is their family, or [`Arp`].
///
/// See the example of [`Hook`].
pub trait Receive<T, F> {
    /// Sees one packet.
    ///
    /// Mostly in a softirq, but a packet that user space has held back comes by in a process. In an
    /// RCU read-side critical section. The function must not sleep, take long or fail.
    fn receive(owner: &T, packet: Incoming<'_, F>) -> Accept;
}

/// What a hook for packets from this host calls; `F` is their family, or [`Arp`].
///
/// See the example of [`Outgoing`].
pub trait Transmit<T, F> {
    /// Sees one packet.
    ///
    /// Mostly in a process, often with the sender's socket locked, but also in a softirq. In an RCU
    /// read-side critical section. The function must not sleep, take long or fail.
    fn transmit(owner: &T, packet: Outgoing<'_, F>) -> Accept;
}

impl<T> Hook<T> {
    /// A hook at `NF_ARP_IN`: packets of ARP that were received.
    pub const fn arp_in<S: Receive<T, Arp>>(priority: c_int) -> Self {
        let function = incoming::<T, Arp, S>;
        Self::new(
            bindings::NFPROTO_ARP as u8,
            bindings::NF_ARP_IN,
            priority,
            function,
        )
    }

    /// A hook at `NF_ARP_OUT`: packets of ARP that are transmitted.
    pub const fn arp_out<S: Transmit<T, Arp>>(priority: c_int) -> Self {
        let function = outgoing::<T, Arp, S>;
        Self::new(
            bindings::NFPROTO_ARP as u8,
            bindings::NF_ARP_OUT,
            priority,
            function,
        )
    }

    const fn new(family: u8, number: c_uint, priority: c_int, function: Function) -> Self {
        Self {
            family,
            number,
            priority,
            function,
            _owner: PhantomData,
        }
    }

    /// A hook at `NF_INET_LOCAL_IN`: packets for this host. IPv4 is reassembled there, IPv6 is not
    /// unless connection tracking does so.
    pub const fn local_in<F: Family, S: Receive<T, F>>(priority: c_int) -> Self {
        let function = incoming::<T, F, S>;
        Self::new(F::NUMBER, bindings::NF_INET_LOCAL_IN, priority, function)
    }

    /// A hook at `NF_INET_LOCAL_OUT`: packets from this host, before the kernel fragments them.
    pub const fn local_out<F: Family, S: Transmit<T, F>>(priority: c_int) -> Self {
        let function = outgoing::<T, F, S>;
        Self::new(F::NUMBER, bindings::NF_INET_LOCAL_OUT, priority, function)
    }
}

/// What a hook says of each packet: that it goes on, `NF_ACCEPT`.
///
/// It goes on whatever the hook does: one that cannot be made sense of is passed on as every other
/// one.
///
/// See the example of [`Hook`].
#[repr(transparent)]
pub struct Accept(c_uint);

impl Accept {
    /// The verdict that the packet goes on.
    ///
    /// The compiler is not told the number. Of functions that all give the same one it would make
    /// calls, each with a frame, and have the number set after each; when the last function on the
    /// path of a packet gives what no other one knows, the others end in a jump to it.
    #[inline(always)]
    pub fn packet() -> Self {
        let mut verdict = bindings::NF_ACCEPT as usize;
        // SAFETY: The asm block is empty.
        unsafe {
            core::arch::asm!(
                "/* {} */",
                inout(reg) verdict,
                options(pure, nomem, nostack, preserves_flags),
            )
        };
        Self(verdict as c_uint)
    }
}

/// # Safety
///
/// Called by netfilter alone, at `NF_INET_LOCAL_IN` of the family or `NF_ARP_IN`, with an `owner`
/// that is a valid `T`.
unsafe extern "C" fn incoming<T, F, S: Receive<T, F>>(
    owner: *mut c_void,
    skb: *mut bindings::sk_buff,
    state: *const bindings::nf_hook_state,
) -> c_uint {
    // SAFETY: By the safety requirement.
    let owner = unsafe { &*owner.cast::<T>() };
    // SAFETY: Netfilter hands out a packet that is this hook's until it returns.
    let packet = unsafe { Packet::from_raw(NonNull::new_unchecked(skb)) };
    // SAFETY: The state is valid until the hook returns.
    let state = State(unsafe { &*state });
    // SAFETY: By the safety requirement.
    S::receive(owner, unsafe { Incoming::new(packet, state) }).0
}

/// # Safety
///
/// Called by netfilter alone, at `NF_INET_LOCAL_OUT` or `NF_ARP_OUT`, with an `owner` that is a
/// valid `T`.
unsafe extern "C" fn outgoing<T, F, S: Transmit<T, F>>(
    owner: *mut c_void,
    skb: *mut bindings::sk_buff,
    state: *const bindings::nf_hook_state,
) -> c_uint {
    // SAFETY: By the safety requirement.
    let owner = unsafe { &*owner.cast::<T>() };
    // SAFETY: Netfilter hands out a packet that is this hook's until it returns.
    let packet = unsafe { Packet::from_raw(NonNull::new_unchecked(skb)) };
    // SAFETY: The state is valid until the hook returns.
    let state = State(unsafe { &*state });
    // SAFETY: By the safety requirement.
    S::transmit(owner, unsafe { Outgoing::new(packet, state) }).0
}

/// Packets of ARP, which are of no family of the Internet protocol.
///
/// See the example of [`Hook`].
pub struct Arp;

/// Where the namespace of a packet was read.
///
/// See the example of [`Resolution`].
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ResolvedBy {
    /// From the socket that transmits it.
    Socket,
    /// From the device that received it, or that it leaves by.
    Device,
    /// From the state of the hook, for want of both.
    Hook,
}

/// How the namespace of a packet was found.
///
/// # Examples
///
/// ```
/// use crate::net::netfilter::{Incoming, Resolution, ResolvedBy};
///
/// /// How most packets are resolved that are received.
/// const USUAL: Resolution = Resolution {
///     by: ResolvedBy::Device,
///     agrees: true,
/// };
///
/// fn is_usual<F>(packet: Incoming<'_, F>) -> bool {
///     packet.resolve(|_, resolution| resolution == USUAL)
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Resolution {
    /// Where it was read.
    pub by: ResolvedBy,
    /// Whether it is the one in which netfilter sees the packet. Anything else is a bug, here or in
    /// the kernel.
    pub agrees: bool,
}

/// Where a hook was called, `struct nf_hook_state`.
///
/// # Examples
///
/// ```
/// use crate::net::{device::NetDevice, netfilter::State};
///
/// /// The index of the device that a packet leaves by, and the cookie of the hook's namespace.
/// fn output(state: State<'_>) -> (Option<i32>, u64) {
///     (state.output().map(NetDevice::index), state.net().cookie())
/// }
/// ```
///
/// # Invariants
///
/// It is the state of a hook call that is under way for all of `'p`.
#[derive(Clone, Copy)]
pub struct State<'p>(&'p bindings::nf_hook_state);

impl<'p> State<'p> {
    /// The read-side section in which netfilter calls hooks.
    #[inline]
    pub fn section(self) -> rcu::Section<'p> {
        // SAFETY: `nf_hook()` enters it before it looks for hooks, and leaves it when all have been
        // called.
        unsafe { rcu::Section::assume() }
    }

    /// The namespace in which netfilter sees the packet.
    #[inline]
    pub fn net(self) -> Listed<'p> {
        // SAFETY: Valid for the call.
        let net = unsafe { Net::from_raw(owner::of_hook(self.0)) };
        // SAFETY: The hooks of a namespace are unset in `pre_exit`, before the grace period.
        unsafe { Listed::assume(net, self.section()) }
    }

    /// The socket that transmits the packet: that of the tunnel for a packet in a tunnel, and not
    /// that of its first sender.
    #[inline]
    pub fn socket(self) -> Option<&'p SockCommon> {
        // SAFETY: Null, or valid for the call.
        unsafe { SockCommon::from_raw(self.0.sk) }
    }

    /// The device that the packet leaves by.
    #[inline]
    pub fn output(self) -> Option<&'p NetDevice> {
        // SAFETY: Null, or valid for the call.
        unsafe { NetDevice::from_raw(self.0.out) }
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
    /// valid and stay where they are, and so must the text of the module. It has to be called before
    /// the namespace ends, with the same one.
    pub(super) unsafe fn set(
        &mut self,
        net: Alive<'_>,
        owner: &T,
        hooks: &'static [Hook<T>],
    ) -> Result {
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
                operation.pf = hook.family;
                operation.hooknum = hook.number;
                operation.priority = hook.priority;
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
    pub(super) fn unset(&mut self, net: Alive<'_>) {
        if !core::mem::take(&mut self.set) {
            return;
        }
        // SAFETY: They were set in this namespace, as `set` requires.
        unsafe {
            bindings::nf_unregister_net_hooks(
                net.as_ptr(),
                self.operations.as_ptr(),
                self.operations.len() as c_uint,
            )
        };
    }
}
