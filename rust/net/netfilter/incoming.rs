// SPDX-License-Identifier: GPL-2.0

//! Packets for this host: the device knows the namespace.

use core::{marker::PhantomData, ptr::NonNull};

use super::{Resolution, ResolvedBy, State};
use crate::{
    bindings,
    net::{
        delivery::{is_prefetched, Borne, Delivery},
        device::NetDevice,
        inet::{Arrival, Family},
        namespace::Namespace,
        packet::Packet,
        socket::SockCommon,
    },
};

/// A packet for this host, as a hook sees it.
///
/// It may bear a socket: one that the stack, TPROXY or a BPF program has chosen, maybe in another
/// namespace that the packet has come through. That socket is not asked for the namespace, and there
/// is no way to ask it: nor to have the packet looked up in any other than the device's.
///
/// # Examples
///
/// ```
/// use crate::net::netfilter::{Accept, Incoming};
///
/// /// Tells of packets that netfilter sees in another namespace than their device's.
/// fn receive<F>(packet: Incoming<'_, F>) -> Accept {
///     packet.resolve(|received, resolution| {
///         if !resolution.agrees {
///             let net = received.namespace.object();
///             pr_warn!("a packet for namespace {} is elsewhere\n", net.cookie());
///         }
///     });
///     Accept::packet()
/// }
/// ```
///
/// # Invariants
///
/// The packet is at `NF_INET_LOCAL_IN` of the family `F`, or at `NF_ARP_IN`, in a hook's call that is
/// under way for all of `'p`, and nobody else uses it.
pub struct Incoming<'p, F> {
    packet: Packet<'p>,
    state: State<'p>,
    _family: PhantomData<F>,
}

impl<'p, F> Incoming<'p, F> {
    /// # Safety
    ///
    /// As the type invariants say.
    #[inline]
    pub(super) unsafe fn new(packet: Packet<'p>, state: State<'p>) -> Self {
        // INVARIANT: By the safety requirement.
        Self {
            packet,
            state,
            _family: PhantomData,
        }
    }

    /// Where the hook was called.
    #[inline]
    pub fn state(&self) -> State<'p> {
        self.state
    }

    /// The device that the packet is on: the one that received it, or the master of that.
    #[inline]
    pub fn device(&self) -> Option<&'p NetDevice> {
        // SAFETY: By the type invariants it is on the receive path.
        unsafe { self.packet.device() }
    }

    /// Finds the packet's namespace, and calls `f` with both under a brand that exists only inside
    /// that call. Any context.
    #[inline(always)]
    pub fn resolve<R>(self, f: impl for<'n> FnOnce(Received<'n, F>, Resolution) -> R) -> R {
        let (listed, by) = match self.device() {
            Some(device) => (device.net(self.state.section()), ResolvedBy::Device),
            None => (self.state.net(), ResolvedBy::Hook),
        };
        let agrees = *listed == *self.state.net();
        let resolution = Resolution { by, agrees };
        self.packet.branded(listed, |namespace, packet| {
            // INVARIANT: `self`, which has become `packet`, was as they say.
            let received = Received {
                namespace,
                packet,
                _family: PhantomData,
            };
            f(received, resolution)
        })
    }
}

/// A packet for this host and its namespace, under one brand.
///
/// # Examples
///
/// ```
/// use crate::net::{netfilter::Received, socket::SockCommon};
///
/// /// The cookie of the namespace, and that of the socket if one was chosen already.
/// fn cookies<F>(received: &Received<'_, F>) -> (u64, Option<u64>) {
///     let socket = received.own_socket();
///     let namespace = received.namespace.object();
///     (namespace.cookie(), socket.map(SockCommon::cookie))
/// }
/// ```
///
/// # Invariants
///
/// As those of [`Incoming`]; whoever has the packet received is in a read-side section until the stack
/// has done with it, or has taken a reference to the socket that it bears.
pub struct Received<'n, F> {
    /// The namespace.
    pub namespace: Namespace<'n>,
    /// The packet.
    pub packet: Packet<'n>,
    _family: PhantomData<F>,
}

impl<'n, F> Received<'n, F> {
    /// The device that the packet is on: the one that received it, or the master of that.
    #[inline]
    pub fn device(&self) -> Option<&'n NetDevice> {
        // SAFETY: By the type invariants it is on the receive path.
        unsafe { self.packet.device() }
    }

    /// Whether the packet bears a socket. Any context.
    #[inline(always)]
    pub fn bears_socket(&self) -> bool {
        self.bearer().is_some()
    }

    /// Whether it bears one without a reference: for TCP, a BPF program has given it. See
    /// [`Given::is_prefetched`](crate::net::delivery::Given::is_prefetched). Any context.
    #[inline(always)]
    pub fn is_prefetched(&self) -> bool {
        // SAFETY: By the type invariants it is on the receive path.
        unsafe { is_prefetched(self.packet.as_non_null()) }
    }

    /// The socket that the packet bears, if it is one of the namespace. Any context.
    #[inline(always)]
    pub fn own_socket(&self) -> Option<&'n SockCommon> {
        let socket = self.bearer()?;
        let is_own = *socket.net(self.namespace.section()) == *self.namespace.object();
        is_own.then_some(socket)
    }

    #[inline(always)]
    fn bearer(&self) -> Option<&'n SockCommon> {
        // SAFETY: By the type invariants.
        let sk = unsafe { (*self.packet.as_non_null().as_ptr()).sk };
        // SAFETY: Null, or valid as long as the packet bears it, and by the type invariants nobody else
        // uses the packet; a `Delivery` gives a socket only to one that bears none.
        unsafe { SockCommon::from_raw(sk) }
    }

    /// The socket that the packet bears, which is what the stack will take. Any context.
    #[inline]
    pub fn borne(&self) -> Borne<'n> {
        // SAFETY: By the type invariants nobody else uses the packet.
        unsafe { Borne::of(self.packet.as_non_null(), self.namespace) }
    }
}

impl<'n, F: Family> Received<'n, F> {
    /// How the packet arrived. Any context.
    #[inline]
    pub fn arrival(&self) -> Arrival {
        // SAFETY: By the type invariants.
        unsafe { F::arrival(&self.packet) }
    }

    /// The right to give the packet a socket, once: it takes the packet. Any context.
    #[inline]
    pub fn into_delivery(self) -> Delivery<'n> {
        let skb: NonNull<bindings::sk_buff> = self.packet.as_non_null();
        // SAFETY: By the type invariants.
        unsafe { Delivery::new(skb) }
    }
}
