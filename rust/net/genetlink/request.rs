// SPDX-License-Identifier: GPL-2.0

//! A request, and how it is answered: by one message, or by the acknowledgement alone.

use core::{ffi::c_int, marker::PhantomData};
use kernel::prelude::*;

use super::{
    attribute::Attributes,
    message::{Buffer, Message},
    refusal::Refusal,
};
use crate::{
    bindings,
    net::{
        allowance::Allowance,
        namespace::{Alive, Governed, Listed, Net},
        owner,
        pernet::{Living, PerNamespace, Slot},
    },
};

/// A request that is being answered, for a family that was registered with a `T` in every
/// namespace.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     genetlink::{Refusal, Request},
///     pernet::PerNamespace,
/// };
///
/// /// Sets the hooks in the requester's namespace, if that may be: to be handed to [`act`].
/// fn begin<'r, T: PerNamespace>(request: &Request<'r, T>) -> Result<(), Refusal<'r>> {
///     let net = request.net();
///     if !request.may_administer(&net) {
///         return Err(Refusal::new(EPERM, c"it takes CAP_NET_ADMIN"));
///     }
///     request.living(net).set_hooks()?;
///     Ok(())
/// }
/// ```
///
/// # Invariants
///
/// `info` and `skb` are what generic netlink has handed to an operation that is under way, and the
/// family's registration holds that of `T`.
pub struct Request<'a, T> {
    skb: *mut bindings::sk_buff,
    pub(super) info: &'a bindings::genl_info,
    pub(super) allowance: Allowance,
    /// How many bytes the packet has, with all requests in it.
    packet: u32,
    _type: PhantomData<fn() -> T>,
}

impl<'a, T: PerNamespace> Request<'a, T> {
    /// The attributes.
    pub fn attributes(&self) -> Attributes<'a> {
        // SAFETY: The header leads to a message that the kernel has validated, and that is valid
        // while the operation is under way.
        unsafe { Attributes::of_request(self.info.nlhdr.cast()) }
    }

    /// The namespace of the socket that the request came through.
    pub fn net(&self) -> Alive<'a> {
        // SAFETY: The socket has one.
        let net = unsafe { Net::from_raw(owner::of_request(self.info)) };
        // SAFETY: The socket of a process holds its namespace.
        unsafe { Alive::assume(net) }
    }

    /// What this call may still do.
    pub fn allowance(&self) -> &Allowance {
        &self.allowance
    }

    /// Whether the requester has `CAP_NET_ADMIN` in the user namespace that owns a namespace, now
    /// and when it opened the socket.
    pub fn may_administer(&self, namespace: &impl Governed) -> bool {
        // SAFETY: The packet is the request's, and the owner is valid as long as the namespace.
        unsafe {
            bindings::netlink_ns_capable(
                self.skb,
                namespace.owner(),
                bindings::CAP_NET_ADMIN as c_int,
            )
        }
    }

    /// The slot of a namespace, to be read.
    pub fn slot<'s>(&'s self, net: Listed<'s>) -> &'s Slot<T> {
        // SAFETY: `T` is registered as long as the family is, which waits for the request to be
        // answered. Who is listed was born, and does not come to its `exit` in this section.
        unsafe { Slot::of(net.net()) }
    }

    /// The slot of a namespace, to be changed.
    pub fn living<'s>(&'s self, net: Alive<'s>) -> Living<'s, T> {
        // SAFETY: `T` is registered as long as the family is, which waits for the request to be
        // answered. Who is found by a request was born.
        unsafe { Living::of(net) }
    }

    pub(super) fn refuse(&self, refusal: Refusal<'a>) -> c_int {
        // SAFETY: Null, or the request's own, for nobody else to use.
        if let Some(ack) = unsafe { self.info.extack.as_mut() } {
            refusal.tell(ack);
        }
        refusal.error().to_errno()
    }
}

impl<T> Request<'_, T> {
    /// The most bytes of a packet: to find an attribute, all of a request are gone over.
    const LONGEST: u32 = 1 << 16;

    /// Refuses a packet that takes long to read.
    pub(super) fn check_length(&self) -> Result<(), Refusal<'static>> {
        if self.packet <= Self::LONGEST {
            return Ok(());
        }
        let text = c"a packet of requests has 65536 bytes at most";
        Err(Refusal::new(E2BIG, text))
    }

    /// # Safety
    ///
    /// As for [`answer`], until the end of the lifetime that the caller chooses.
    pub(super) unsafe fn new(
        skb: *mut bindings::sk_buff,
        info: *const bindings::genl_info,
    ) -> Self {
        // SAFETY: Valid during the operation.
        let info = unsafe { &*info };
        // SAFETY: The header is the request's.
        let length = unsafe { (*info.nlhdr).nlmsg_len };
        // `netlink_rcv_skb()` takes off what is in front of the message, which began the packet
        // (`netlink_sendmsg()`).
        // SAFETY: The packet is the request's.
        let begin = unsafe { (*skb).head };
        // SAFETY: As above.
        let message = unsafe { (*skb).data };
        // SAFETY: As above.
        let left = unsafe { (*skb).len };
        let packet = (message.addr().wrapping_sub(begin.addr()) as u32).saturating_add(left);
        // INVARIANT: By the safety requirement.
        Self {
            skb,
            info,
            allowance: Allowance::of_share(length, packet),
            packet,
            _type: PhantomData,
        }
    }
}

/// Answers a request with one message, which `fill` fills in. May sleep.
///
/// # Examples
///
/// ```
/// use crate::{
///     bindings::{genl_info, sk_buff},
///     net::{
///         genetlink::{self, Message, Refusal, Request},
///         pernet::PerNamespace,
///     },
/// };
///
/// /// By its number in the description of the family.
/// const COOKIE: u32 = 1;
///
/// /// Tells the requester which namespace it is in.
/// fn fill<'r, T: PerNamespace>(
///     request: &Request<'r, T>,
///     message: &mut Message<'_>,
/// ) -> Result<(), Refusal<'r>> {
///     Ok(message.put_uint(COOKIE, request.net().cookie())?)
/// }
///
/// /// # Safety
/// ///
/// /// Called by a family alone that was registered with this type.
/// unsafe extern "C" fn doit<T: PerNamespace>(skb: *mut sk_buff, info: *mut genl_info) -> c_int {
///     // SAFETY: By the safety requirement.
///     unsafe { genetlink::answer::<T>(skb, info, fill) }
/// }
/// ```
///
/// # Safety
///
/// Called by an operation of a family that is registered by [`Family<T>`](super::Family), with its arguments.
pub unsafe fn answer<T: PerNamespace>(
    skb: *mut bindings::sk_buff,
    info: *mut bindings::genl_info,
    fill: for<'r> fn(&Request<'r, T>, &mut Message<'_>) -> Result<(), Refusal<'r>>,
) -> c_int {
    // SAFETY: By the safety requirement.
    let request = unsafe { Request::<T>::new(skb, info) };
    let (family, header) = (request.info.family, request.info.genlhdr);
    // SAFETY: The header is the request's.
    let command = unsafe { (*header).cmd };
    let result = request
        .check_length()
        .and_then(|()| Buffer::new().map_err(|error| Refusal::from(Error::from(error))))
        .and_then(|buffer| {
            // SAFETY: The family is the request's.
            let mut message = unsafe {
                Message::begin(
                    buffer.as_ptr(),
                    family,
                    request.info.snd_portid,
                    request.info.snd_seq,
                    0,
                    command,
                )
            }
            .ok_or(EMSGSIZE)?;
            fill(&request, &mut message)?;
            message.end();
            buffer
                .unicast(request.net(), request.info.snd_portid)
                .map_err(Refusal::from)
        });
    match result {
        Ok(()) => 0,
        Err(refusal) => request.refuse(refusal),
    }
}

/// Carries out a request that has no answer but the acknowledgement. May sleep.
///
/// See the example of [`answer`] for how it is called, and that of [`Request`] for what is done.
///
/// # Safety
///
/// As for [`answer`].
pub unsafe fn act<T: PerNamespace>(
    skb: *mut bindings::sk_buff,
    info: *mut bindings::genl_info,
    action: for<'r> fn(&Request<'r, T>) -> Result<(), Refusal<'r>>,
) -> c_int {
    // SAFETY: By the safety requirement.
    let request = unsafe { Request::<T>::new(skb, info) };
    match request.check_length().and_then(|()| action(&request)) {
        Ok(()) => 0,
        Err(refusal) => request.refuse(refusal),
    }
}
