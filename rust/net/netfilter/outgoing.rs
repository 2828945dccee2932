// SPDX-License-Identifier: GPL-2.0

//! Packets from this host: the socket that sends them knows the namespace.

use core::{marker::PhantomData, ptr::from_ref};

use super::{Resolution, ResolvedBy, State};
use crate::net::{device::NetDevice, namespace::Namespace, packet::Packet, socket::SockCommon};

/// A packet from this host, as a hook sees it.
///
/// The socket is the one that the hook's state names. It is the tunnel's for a packet that goes into
/// a tunnel, where the packet itself still bears its first sender's. Replies of the kernel itself
/// come from sockets that it keeps for them; a few packets have no socket at all, and are resolved by
/// the device that they leave by.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     inet::V4,
///     netfilter::{Accept, Hook, Outgoing, Transmit},
///     percpu::PerCpu,
/// };
///
/// /// Counts the packets that have a sender, and those that have none.
/// struct Count;
///
/// impl<F> Transmit<PerCpu<2>, F> for Count {
///     fn transmit(counters: &PerCpu<2>, packet: Outgoing<'_, F>) -> Accept {
///         let has_sender = packet.resolve(|transmitted, _| transmitted.sender().is_some());
///         counters.increment(if has_sender { 0 } else { 1 });
///         Accept::packet()
///     }
/// }
///
/// /// Before connection tracking and all NAT.
/// const HOOK: Hook<PerCpu<2>> = Hook::local_out::<V4, Count>(-450);
/// ```
///
/// # Invariants
///
/// The packet is at `NF_INET_LOCAL_OUT` of the family `F`, or at `NF_ARP_OUT`, in a hook's call that is
/// under way for all of `'p`.
pub struct Outgoing<'p, F> {
    packet: Packet<'p>,
    state: State<'p>,
    _family: PhantomData<F>,
}

impl<F> Clone for Outgoing<'_, F> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

// Nothing can be done to a packet that is transmitted: it may be resolved more than once.
impl<F> Copy for Outgoing<'_, F> {}

impl<'p, F> Outgoing<'p, F> {
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

    /// The packet, of which no namespace is known.
    #[inline(always)]
    pub fn packet(&self) -> Packet<'p> {
        self.packet
    }

    /// The socket that the hook's state names, if its namespace is that of the device that the packet
    /// leaves by, and of the hook, as it is with most packets; `None` says no more than that it is no
    /// such packet. Any context.
    #[inline(always)]
    pub fn usual_sender(&self) -> Option<&'p SockCommon> {
        let section = self.state.section();
        let socket = self.state.socket()?;
        let net = socket.net(section);
        if *self.state.net() != *net {
            return None;
        }
        if *self.state.output()?.net(section) != *net {
            return None;
        }
        Some(socket)
    }

    /// Finds the packet's namespace, and calls `f` with both under a brand that exists only inside
    /// that call. Any context.
    ///
    /// A socket in another namespace than the device that the packet leaves by sends no more: the
    /// packet has passed through a device that leads out of there (VTI, for example), whose state
    /// still names it. It is the device's then, and without a sender.
    #[inline(always)]
    pub fn resolve<R>(self, f: impl for<'n> FnOnce(Transmitted<'n, F>, Resolution) -> R) -> R {
        let state = self.state;
        let section = state.section();
        let (listed, by) = match state.output() {
            Some(output) => (output.net(section), ResolvedBy::Device),
            None => (state.net(), ResolvedBy::Hook),
        };
        let by = match state.socket() {
            Some(socket) if *socket.net(section) == *listed => ResolvedBy::Socket,
            _ => by,
        };
        let agrees = *listed == *state.net();
        let resolution = Resolution { by, agrees };
        let raw = from_ref(state.0);
        self.packet.branded(listed, |namespace, packet| {
            // SAFETY: By the type invariants it is valid for longer than this call, and so than the
            // brand.
            let state = State(unsafe { &*raw });
            // INVARIANT: `self`, which has become `packet`, was as they say.
            let transmitted = Transmitted {
                namespace,
                packet,
                output: state.output(),
                sender: match by {
                    ResolvedBy::Socket => state.socket(),
                    ResolvedBy::Device | ResolvedBy::Hook => None,
                },
                _family: PhantomData,
            };
            f(transmitted, resolution)
        })
    }
}

/// A packet from this host and its namespace, under one brand.
///
/// # Examples
///
/// ```
/// use crate::net::{device::NetDevice, netfilter::Transmitted};
///
/// /// The local port of the sender, and the device that the packet leaves by.
/// fn ends<F>(transmitted: Transmitted<'_, F>) -> (Option<u16>, Option<i32>) {
///     let port = transmitted
///         .sender()
///         .map(|sender| sender.local_port().number());
///     (port, transmitted.output.map(NetDevice::index))
/// }
/// ```
///
/// # Invariants
///
/// As those of [`Outgoing`]; the sender's namespace is the packet's.
pub struct Transmitted<'n, F> {
    /// The namespace.
    pub namespace: Namespace<'n>,
    /// The packet.
    pub packet: Packet<'n>,
    /// The device that the packet leaves by.
    pub output: Option<&'n NetDevice>,
    sender: Option<&'n SockCommon>,
    _family: PhantomData<F>,
}

impl<F> Clone for Transmitted<'_, F> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Transmitted<'_, F> {}

impl<'n, F> Transmitted<'n, F> {
    /// The socket that the hook's state names, if it is of the packet's namespace. Any context.
    #[inline(always)]
    pub fn named(&self) -> Option<&'n SockCommon> {
        self.sender
    }

    /// The socket that sends the packet. Any context.
    ///
    /// IPv6 names the listener for a SYN-ACK, where IPv4 names the request that is answered. The packet
    /// bears that in both (`tcp_make_synack()`); one with a SYN cookie bears none, since there is no
    /// request.
    #[inline]
    pub fn sender(&self) -> Option<&'n SockCommon> {
        let sender = self.sender?;
        if sender.is_listening() {
            if let Some(request) = self.borne().filter(|it| it.is_request()) {
                return Some(request);
            }
        }
        Some(sender)
    }

    /// The socket of this namespace that the packet bears: for resets, and for answers in TIME_WAIT,
    /// which the kernel sends by a socket of its own, it is the one that they are about
    /// (`skb_set_owner_edemux()`). Any context.
    #[cold]
    pub fn borne(&self) -> Option<&'n SockCommon> {
        // SAFETY: By the type invariants.
        let sk = unsafe { (*self.packet.as_non_null().as_ptr()).sk };
        // SAFETY: Null, or valid as long as the packet bears it, which is longer than the brand.
        let socket = unsafe { SockCommon::from_raw(sk) }?;
        let is_own = *socket.net(self.namespace.section()) == *self.namespace.object();
        is_own.then_some(socket)
    }
}
