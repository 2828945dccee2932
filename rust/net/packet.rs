// SPDX-License-Identifier: GPL-2.0

//! Packets.
//!
//! C header: [`include/linux/skbuff.h`](srctree/include/linux/skbuff.h)

use core::{
    hint::assert_unchecked,
    marker::PhantomData,
    mem::{size_of, MaybeUninit},
    ptr::{addr_of, NonNull},
    slice,
};
use kernel::ffi::c_int;
use kernel::transmute::FromBytes;

use super::{
    device::NetDevice,
    namespace::{Brand, Listed, Namespace},
};
use crate::bindings;

/// How a packet arrived, as far as it decides which sockets may have it.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     inet::{Family, Header},
///     netfilter::Received,
/// };
///
/// /// Whether more sockets than one may get a packet.
/// fn is_to_many<F: Family>(received: &Received<'_, F>, header: &Header<F>) -> bool {
///     F::is_to_many(&received.arrival(), &header.destination)
/// }
/// ```
#[derive(Clone, Copy)]
pub struct Arrival {
    /// The index of the device, `dif` in C: that of the master if the device is a slave of an L3
    /// master (VRF).
    pub device: c_int,
    /// The index of the slave of an L3 master, `sdif` in C; 0 if there is none.
    pub slave: c_int,
    /// Whether its route leads to any number of sockets; IPv6 has no such routes, but addresses.
    pub is_routed_to_many: bool,
}

/// A packet, `struct sk_buff`, that someone else owns: it can be read and is never changed, but for
/// the socket that it bears (see [`delivery`](super::delivery)), which is not read here.
///
/// A packet that was resolved bears the brand of its namespace as `'p`, see
/// [`Namespace`].
///
/// # Examples
///
/// ```
/// use crate::net::packet::Packet;
///
/// /// The version of IP that a packet says it is of, wherever its bytes are.
/// fn version(packet: &Packet<'_>) -> Option<u8> {
///     let [first]: [u8; 1] = packet.read(packet.network_offset())?;
///     Some(first >> 4)
/// }
/// ```
///
/// # Invariants
///
/// The pointer leads to a packet that is valid and that nobody changes for all of `'p`, but for its
/// socket.
#[derive(Clone, Copy)]
pub struct Packet<'p> {
    skb: NonNull<bindings::sk_buff>,
    _brand: Brand<'p>,
}

impl<'p> Packet<'p> {
    /// Views a packet through its pointer.
    ///
    /// # Safety
    ///
    /// `skb` must point to a packet that is valid and that nobody changes for all of `'p`.
    #[inline]
    pub unsafe fn from_raw(skb: NonNull<bindings::sk_buff>) -> Self {
        // INVARIANT: By the safety requirement.
        Self {
            skb,
            _brand: PhantomData,
        }
    }

    /// Calls `f` with the packet and the namespace that it was resolved to, both under a brand that
    /// exists only inside that call.
    #[inline(always)]
    pub(super) fn branded<R>(
        self,
        listed: Listed<'_>,
        f: impl for<'n> FnOnce(Namespace<'n>, Packet<'n>) -> R,
    ) -> R {
        let skb = self.skb;
        listed.branded(|namespace| {
            // INVARIANT: The brand is not longer than this call, and `'p` is not shorter.
            let packet = Packet {
                skb,
                _brand: PhantomData,
            };
            f(namespace, packet)
        })
    }

    /// The pointer that C is given.
    #[inline]
    pub(super) fn as_non_null(&self) -> NonNull<bindings::sk_buff> {
        self.skb
    }

    #[inline]
    fn headers(&self) -> &bindings::sk_buff__bindgen_ty_4__bindgen_ty_2 {
        // SAFETY: By the type invariants the packet is valid, and both members of the union have
        // the same layout.
        unsafe { (*self.skb.as_ptr()).__bindgen_anon_4.headers.as_ref() }
    }

    /// The number of bytes from the beginning of the data to the end of the packet, linear or not.
    #[inline]
    pub fn length(&self) -> u32 {
        // SAFETY: By the type invariants.
        unsafe { addr_of!((*self.skb.as_ptr()).len).read() }
    }

    /// Whether it is several packets in one, `skb_is_gso()`.
    pub fn is_gso(&self) -> bool {
        // SAFETY: By the type invariants.
        unsafe { bindings::rust_helper_skb_is_gso(self.skb.as_ptr()) }
    }

    /// Whether the lower layer has had the packet for this host alone, `PACKET_HOST`: not for a group,
    /// for all, or for another host.
    #[inline]
    pub fn is_for_this_host(&self) -> bool {
        u32::from(self.headers().pkt_type()) == bindings::PACKET_HOST
    }

    /// Whether the lower layer has had it for a group, `PACKET_MULTICAST`.
    pub fn is_for_group(&self) -> bool {
        u32::from(self.headers().pkt_type()) == bindings::PACKET_MULTICAST
    }

    /// The linear part of the packet, from where its data begins: at `LOCAL_IN` and `LOCAL_OUT` with the
    /// header of IP (`ip_local_deliver()`, `ip6_input()`, `__ip_local_out()`, `ip6_local_out()`).
    #[inline(always)]
    pub fn linear(&self) -> &'p [u8] {
        let (data, length) = self.linear_part();
        // A reference to the beginning is then known not to be null without a comparison.
        // SAFETY: Every packet has a buffer (`__alloc_skb()`).
        unsafe { assert_unchecked(!data.is_null()) };
        // SAFETY: The linear part is so long, and by the type invariants nobody changes it.
        unsafe { slice::from_raw_parts(data, length as usize) }
    }

    /// Where the linear part begins, and how long it is, `skb_headlen()`.
    #[inline(always)]
    fn linear_part(&self) -> (*const u8, u32) {
        let skb = self.skb.as_ptr();
        // SAFETY: By the type invariants.
        let data = unsafe { (*skb).data };
        // SAFETY: As above.
        let length = unsafe { (*skb).len };
        // SAFETY: As above.
        let elsewhere = unsafe { (*skb).data_len };
        (data, length.wrapping_sub(elsewhere))
    }

    /// Where the network header begins, in bytes from the beginning of the data.
    #[inline]
    pub fn network_offset(&self) -> u32 {
        let skb = self.skb.as_ptr();
        // SAFETY: By the type invariants.
        let head = unsafe { (*skb).head };
        // SAFETY: As above.
        let data = unsafe { (*skb).data };
        let header = head.wrapping_add(self.headers().network_header.into());
        // Negative, and so huge, for a header that was pulled: `read` takes that for beyond the
        // end.
        (header as usize).wrapping_sub(data as usize) as u32
    }

    /// Copies `T` from the packet, at `offset` bytes from the beginning of the data; `None` if the
    /// packet ends before it.
    ///
    /// As `skb_header_pointer()`: from the linear part with ordinary loads, and from wherever it is
    /// otherwise.
    #[inline]
    pub fn read<T: FromBytes>(&self, offset: u32) -> Option<T> {
        let size = const { size_of::<T>() as u32 };
        let end = offset.checked_add(size)?;
        let (data, length) = self.linear_part();
        if end <= length {
            let source = data.wrapping_add(offset as usize).cast::<T>();
            // SAFETY: The linear part reaches from `data` to beyond `end`, and every pattern of
            // bytes is a `T`.
            return Some(unsafe { source.read_unaligned() });
        }
        self.read_fragments(offset, end)
    }

    #[cold]
    fn read_fragments<T: FromBytes>(&self, offset: u32, end: u32) -> Option<T> {
        // Also the offset of a header that lies before the data: taken as a number of bytes it is
        // huge.
        if end > self.length() {
            return None;
        }
        let mut copy = MaybeUninit::<T>::uninit();
        // SAFETY: By the type invariants; what is copied lies within the packet, as was just
        // checked.
        let failed = unsafe {
            bindings::skb_copy_bits(
                self.skb.as_ptr(),
                offset as c_int,
                copy.as_mut_ptr().cast(),
                size_of::<T>() as c_int,
            )
        };
        if failed != 0 {
            return None;
        }
        // SAFETY: All bytes were written, and every pattern of bytes is a `T`.
        Some(unsafe { copy.assume_init() })
    }

    /// How an IPv4 packet arrived, from what the receive path has noted with it.
    ///
    /// # Safety
    ///
    /// The packet must be at `NF_INET_LOCAL_IN` of IPv4.
    #[inline]
    pub(super) unsafe fn arrival_v4(&self) -> Arrival {
        // SAFETY: By the safety requirement this is what the block has.
        let noted: &bindings::inet_skb_parm = unsafe { self.control() };
        let received = self.headers().skb_iif;
        // SAFETY: By the type invariants.
        let dst = unsafe {
            (*self.skb.as_ptr())
                .__bindgen_anon_3
                .__bindgen_anon_1
                ._skb_refdst
        } & !1;
        // SAFETY: By the safety requirement it has been routed, as an IPv4 packet: to a `struct
        // rtable`.
        let route = unsafe { (dst as *const bindings::rtable).as_ref() };
        // `inet_sdif()`
        let slave = if u32::from(noted.flags) & bindings::RUST_CONST_IPSKB_L3SLAVE != 0 {
            noted.iif
        } else {
            0
        };
        match route {
            None => Arrival {
                device: received,
                slave,
                is_routed_to_many: false,
            },
            Some(route) => Arrival {
                // `inet_iif()`
                device: match route.rt_iif {
                    0 => received,
                    device => device,
                },
                slave,
                // The condition of `udp_rcv()`.
                is_routed_to_many: route.rt_flags
                    & (bindings::RTCF_BROADCAST | bindings::RTCF_MULTICAST)
                    != 0,
            },
        }
    }

    /// How an IPv6 packet arrived, from what the receive path has noted with it.
    ///
    /// # Safety
    ///
    /// The packet must be at `NF_INET_LOCAL_IN` of IPv6.
    #[inline]
    pub(super) unsafe fn arrival_v6(&self) -> Arrival {
        // SAFETY: By the safety requirement this is what the block has.
        let noted: &bindings::inet6_skb_parm = unsafe { self.control() };
        let through_master = u32::from(noted.flags) & bindings::IP6SKB_L3SLAVE != 0;
        Arrival {
            // `inet6_iif()`
            device: if through_master {
                self.headers().skb_iif
            } else {
                noted.iif
            },
            // `inet6_sdif()`
            slave: if through_master { noted.iif } else { 0 },
            is_routed_to_many: false,
        }
    }

    /// The control block, as the layer that has the packet now lays it out.
    ///
    /// # Safety
    ///
    /// That must be `T`.
    #[inline]
    unsafe fn control<T>(&self) -> &T {
        const { assert!(size_of::<T>() <= 48 && align_of::<T>() <= 8) };
        // SAFETY: By the type invariants and the safety requirement; the block has 48 bytes.
        unsafe { &*addr_of!((*self.skb.as_ptr()).cb).cast() }
    }

    /// The device that the packet is on: the one that received it, or the master of that.
    ///
    /// # Safety
    ///
    /// The packet must be on the receive path: elsewhere the member is used for other things.
    #[inline]
    pub(super) unsafe fn device(&self) -> Option<&'p NetDevice> {
        // SAFETY: By the type invariants.
        let dev = unsafe {
            (*self.skb.as_ptr())
                .__bindgen_anon_1
                .__bindgen_anon_1
                .__bindgen_anon_1
                .dev
        };
        // SAFETY: By the safety requirement it is a device, which the path's read-side section
        // keeps valid.
        unsafe { NetDevice::from_raw(dev) }
    }
}
