// SPDX-License-Identifier: GPL-2.0

//! Generic netlink: requests, attributes, answers, dumps and multicast.
//!
//! `kernel::net::netlink` knows multicast alone. The family itself, its operations and its policies
//! are generated as C by the kernel's own generator, as those of `drivers/net/` are; it calls the
//! functions that are made from what is here. By the time they are called, the kernel has checked
//! every attribute against its policy.
//!
//! C headers: [`include/net/genetlink.h`](srctree/include/net/genetlink.h),
//! [`include/net/netlink.h`](srctree/include/net/netlink.h)

use core::{ffi::c_int, marker::PhantomData, ptr::NonNull};
use kernel::{
    error::to_result,
    prelude::*, //
};

use super::{
    by_cookie::Place,
    namespace::{Alive, Governed, Listed, Net},
    netlink_socket, owner,
    pernet::{self, Living, PerNamespace, Slot},
};
use crate::bindings;

mod attribute;
mod message;
mod refusal;

use super::allowance::Allowance;

pub use self::{
    attribute::{Attribute, Attributes},
    message::Message,
    refusal::Refusal,
};

/// A request that is being answered, for a family that was registered with a `T` in every
/// namespace.
///
/// # Invariants
///
/// `info` and `skb` are what generic netlink has handed to an operation that is under way, and the
/// family's registration holds that of `T`.
pub struct Request<'a, T> {
    skb: *mut bindings::sk_buff,
    info: &'a bindings::genl_info,
    allowance: Allowance,
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

    fn refuse(&self, refusal: Refusal<'a>) -> c_int {
        // SAFETY: Null, or the request's own, for nobody else to use.
        if let Some(ack) = unsafe { self.info.extack.as_mut() } {
            refusal.tell(ack);
        }
        refusal.error().to_errno()
    }
}

/// Answers a request with one message, which `fill` fills in. May sleep.
///
/// # Safety
///
/// Called by an operation of a family that is registered by [`Family<T>`], with its arguments.
pub unsafe fn answer<T: PerNamespace>(
    skb: *mut bindings::sk_buff,
    info: *mut bindings::genl_info,
    fill: impl for<'r> FnOnce(&Request<'r, T>, &mut Message<'_>) -> Result<(), Refusal<'r>>,
) -> c_int {
    // SAFETY: By the safety requirement.
    let request = unsafe { Request::<T>::new(skb, info) };
    let (family, header) = (request.info.family, request.info.genlhdr);
    // SAFETY: The header is the request's.
    let command = unsafe { (*header).cmd };
    let result = request
        .check_length()
        .and_then(|()| message::Buffer::new().map_err(|error| Refusal::from(Error::from(error))))
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
/// # Safety
///
/// As for [`answer`].
pub unsafe fn act<T: PerNamespace>(
    skb: *mut bindings::sk_buff,
    info: *mut bindings::genl_info,
    action: impl for<'r> FnOnce(&Request<'r, T>) -> Result<(), Refusal<'r>>,
) -> c_int {
    // SAFETY: By the safety requirement.
    let request = unsafe { Request::<T>::new(skb, info) };
    match request.check_length().and_then(|()| action(&request)) {
        Ok(()) => 0,
        Err(refusal) => request.refuse(refusal),
    }
}

impl<T> Request<'_, T> {
    /// The most bytes of a packet: to find an attribute, all of a request are gone over.
    const LONGEST: u32 = 1 << 16;

    /// Refuses a packet that takes long to read.
    fn check_length(&self) -> Result<(), Refusal<'static>> {
        if self.packet <= Self::LONGEST {
            return Ok(());
        }
        let text = c"a packet of requests has 65536 bytes at most";
        Err(Refusal::new(E2BIG, text))
    }

    /// # Safety
    ///
    /// As for [`answer`], until the end of the lifetime that the caller chooses.
    unsafe fn new(skb: *mut bindings::sk_buff, info: *const bindings::genl_info) -> Self {
        // SAFETY: Valid during the operation.
        let info = unsafe { &*info };
        // SAFETY: The header is the request's.
        let length = unsafe { (*info.nlhdr).nlmsg_len };
        // `netlink_rcv_skb()` takes off what is in front of the message, which began the packet
        // (`netlink_sendmsg()`).
        // SAFETY: The packet is the request's.
        let (begin, message, left) = unsafe { ((*skb).head, (*skb).data, (*skb).len) };
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

/// What a dump remembers from one part to the next.
#[derive(Clone, Copy, Default, PartialEq)]
#[repr(C)]
pub struct Progress {
    /// The number of entries of the request's own list that are done.
    pub entries: u64,
    /// The cookie of the last namespace that is done.
    pub cookie: u64,
    /// How far a search for a socket has come.
    pub place: Place,
    /// How many parts were made before.
    parts: u32,
}

/// One part of a dump: as many messages as fit into a buffer.
pub struct Part<'a, T> {
    /// What was asked.
    pub request: Request<'a, T>,
    /// How far the dump is; what is noted here is handed to the next part.
    pub progress: &'a mut Progress,
    buffer: *mut bindings::sk_buff,
}

impl<'a, T: PerNamespace> Part<'a, T> {
    /// Whether nothing was done yet.
    pub fn is_at_beginning(&self) -> bool {
        let parts = self.progress.parts;
        let nothing = Progress::default();
        *self.progress == Progress { parts, ..nothing }
    }

    /// Ends a part in which nothing is told, but which is not the last.
    fn goes_on(&mut self) -> c_int {
        match self.add(|_, _| Ok(())) {
            // SAFETY: The buffer is the part's.
            Ok(true) => unsafe { (*self.buffer).len as c_int },
            Ok(false) | Err(_) => EMSGSIZE.to_errno(),
        }
    }

    /// Adds one message, which `fill` fills in; `false` if it has to wait for the next part.
    ///
    /// What `fill` refuses otherwise ends the dump.
    pub fn add(
        &mut self,
        fill: impl FnOnce(&Request<'a, T>, &mut Message<'_>) -> Result<(), Refusal<'a>>,
    ) -> Result<bool, Refusal<'a>> {
        self.add_if(|request, message| fill(request, message).map(|()| true))
    }

    /// As [`add`](Self::add), but the message is taken back if `fill` gives `false`.
    pub fn add_if(
        &mut self,
        fill: impl FnOnce(&Request<'a, T>, &mut Message<'_>) -> Result<bool, Refusal<'a>>,
    ) -> Result<bool, Refusal<'a>> {
        // SAFETY: The header and the family are the request's.
        let message = unsafe {
            Message::begin(
                self.buffer,
                self.request.info.family,
                self.request.info.snd_portid,
                self.request.info.snd_seq,
                bindings::NLM_F_MULTI as c_int,
                (*self.request.info.genlhdr).cmd,
            )
        };
        let Some(mut message) = message else {
            return Ok(false);
        };
        match fill(&self.request, &mut message) {
            Ok(keep) => {
                if keep {
                    message.end();
                }
                Ok(true)
            }
            Err(refusal) if refusal.error() == EMSGSIZE => Ok(false),
            Err(refusal) => Err(refusal),
        }
    }
}

/// Carries out one part of a dump. `proceed` says whether the dump is at its end. May sleep.
///
/// Whatever is in the first part, and whatever is not, was made with `cb_lock` held: `proceed` stops
/// when its [`Allowance`] is spent. If it has told nothing by then, a message without attributes
/// says that the dump goes on: a part without any would be taken for the end of the connection.
///
/// # Safety
///
/// As for [`answer`], for the callback of a dump.
pub unsafe fn dump<T: PerNamespace>(
    buffer: *mut bindings::sk_buff,
    callback: *mut bindings::netlink_callback,
    proceed: impl for<'r> FnOnce(&mut Part<'r, T>) -> Result<bool, Refusal<'r>>,
) -> c_int {
    const { assert!(size_of::<Progress>() <= bindings::NETLINK_CTX_SIZE as usize) };
    // SAFETY: Valid during the operation.
    let callback = unsafe { &mut *callback };
    let info = callback.data.cast::<bindings::genl_dumpit_info>();
    let mut part = Part {
        // SAFETY: A generic netlink dump has its information there, and the request's packet.
        request: unsafe { Request::new(callback.skb, &raw const (*info).info) },
        // SAFETY: The context is for the callback to use, zero in the beginning, large enough by
        // the assertion, and aligned to a word.
        progress: unsafe { &mut *(&raw mut callback.__bindgen_anon_1).cast() },
        buffer,
    };
    if part.progress.parts > 0 {
        // No longer in the packet of the request, and without the lock.
        part.request.allowance = Allowance::whole();
    }
    part.progress.parts = part.progress.parts.saturating_add(1);
    match part
        .request
        .check_length()
        .and_then(|()| proceed(&mut part))
    {
        Ok(true) => 0,
        // SAFETY: The buffer is the part's.
        Ok(false) => match unsafe { (*buffer).len } {
            0 if part.request.allowance.is_spent() => part.goes_on(),
            // What does not fit into an empty buffer never will.
            0 => EMSGSIZE.to_errno(),
            length => length as c_int,
        },
        Err(refusal) => part.request.refuse(refusal),
    }
}

/// A family and, in every namespace, the `T` that its operations work on, for as long as this
/// exists.
#[pin_data(PinnedDrop)]
pub struct Family<T: PerNamespace> {
    #[pin]
    instances: pernet::Registration<T>,
    family: NonNull<bindings::genl_family>,
}

// SAFETY: The registration belongs to no thread.
unsafe impl<T: PerNamespace> Send for Family<T> {}
// SAFETY: Nothing can be done with a shared registration.
unsafe impl<T: PerNamespace> Sync for Family<T> {}

impl<T: PerNamespace> Family<T> {
    /// Registers `T` in every namespace, then the family, with these groups; `joined` and `left` are
    /// called with the place of a group in the list when somebody joins or leaves it. May sleep.
    ///
    /// # Safety
    ///
    /// The family must be a static one of this module, not yet registered, whose operations call
    /// nothing but [`answer`], [`act`] and [`dump`] with this `T`. The module must be in its
    /// initialisation, after which such statics are read-only.
    pub unsafe fn new(
        family: *mut bindings::genl_family,
        groups: &'static [Group],
        (joined, left): (
            unsafe extern "C" fn(c_int) -> c_int,
            unsafe extern "C" fn(c_int),
        ),
    ) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            instances <- pernet::Registration::new(),
            family: {
                // SAFETY: By the safety requirement, and nobody else uses it yet.
                unsafe {
                    (*family).mcgrps = groups.as_ptr().cast();
                    (*family).n_mcgrps = groups.len() as u8;
                    (*family).bind = Some(joined);
                    (*family).unbind = Some(left);
                }
                // SAFETY: By the safety requirement.
                to_result(unsafe { bindings::genl_register_family(family) })?;
                NonNull::new(family).ok_or(EINVAL)?
            },
        })
    }
}

/// A multicast group.
#[repr(transparent)]
pub struct Group(bindings::genl_multicast_group);

// SAFETY: Nothing but data.
unsafe impl Sync for Group {}

impl Group {
    /// A group for which it takes `CAP_NET_ADMIN` in the user namespace that owns the namespace of
    /// the socket. The name has to fit, or the module does not compile.
    pub const fn of_administrators(name: &CStr) -> Self {
        let name = name.to_bytes_with_nul();
        let mut group = bindings::genl_multicast_group {
            name: [0; bindings::GENL_NAMSIZ as usize],
            flags: ADMINISTRATORS,
        };
        let mut place = 0;
        while place < name.len() {
            group.name[place] = name[place];
            place += 1;
        }
        Self(group)
    }
}

/// `GENL_MCAST_CAP_NET_ADMIN`
const ADMINISTRATORS: u8 = 1;

#[pinned_drop]
impl<T: PerNamespace> PinnedDrop for Family<T> {
    /// Waits for operations that are under way; only then the `T` go. May sleep.
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: It is registered. An error is returned for families that are not, and no other.
        unsafe { bindings::genl_unregister_family(self.family.as_ptr()) };
    }
}

/// Whether anyone in whatever namespace listens to the group at a place in the family's list. Any
/// context.
///
/// # Safety
///
/// The family must be registered.
pub unsafe fn has_listeners(family: *const bindings::genl_family, group: u32) -> bool {
    // SAFETY: The family knows where its groups begin while it is registered, and the initial
    // namespace has a socket for generic netlink.
    unsafe {
        let socket = (*Alive::initial().as_ptr()).genl_sock;
        bindings::netlink_has_listeners(socket, (*family).mcgrp_offset + group) != 0
    }
}

/// Calls `f` with the namespace of each socket that listens to a group; fails if there are too many
/// to go through. In a process; `f` must not sleep.
///
/// # Safety
///
/// The family must be registered.
pub unsafe fn for_each_listener(
    family: *const bindings::genl_family,
    group: u32,
    f: impl FnMut(Listed<'_>),
) -> Result {
    // SAFETY: The family knows where its groups begin while it is registered.
    let group = unsafe { (*family).mcgrp_offset } + group;
    netlink_socket::namespaces_of_members(bindings::NETLINK_GENERIC, group, f)
}

/// Tells those in `net` who listen to a group one message, which `fill` fills in. May sleep.
///
/// # Safety
///
/// The family must be registered.
pub unsafe fn notify(
    family: *const bindings::genl_family,
    net: Alive<'_>,
    group: u32,
    command: u32,
    fill: impl FnOnce(&mut Message<'_>) -> Result,
) -> Result {
    let buffer = message::Buffer::new()?;
    // SAFETY: The family is registered.
    let message = unsafe { Message::begin(buffer.as_ptr(), family, 0, 0, 0, command as u8) };
    let mut message = message.ok_or(EMSGSIZE)?;
    fill(&mut message)?;
    message.end();
    // SAFETY: The family knows where its groups begin while it is registered.
    buffer.broadcast(net, unsafe { (*family).mcgrp_offset } + group)
}
