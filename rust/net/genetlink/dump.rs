// SPDX-License-Identifier: GPL-2.0

//! A dump: a request that is answered in parts, each when the one before was read.

use core::{ffi::c_int, mem::offset_of, ptr::addr_of};
use kernel::prelude::*;

use super::{message::Message, refusal::Refusal, request::Request};
use crate::{
    bindings,
    net::{allowance::Allowance, by_cookie::Place, pernet::PerNamespace},
};

/// What a dump remembers from one part to the next.
///
/// See the example of [`dump`].
#[derive(Clone, Copy, Default, PartialEq)]
#[repr(C)]
pub struct Progress {
    /// The number of entries of the request's own list that are done.
    pub entries: u32,
    /// How many parts were made before.
    parts: u32,
    /// The cookie of the last namespace that is done, or of the one that is begun.
    pub cookie: u64,
    /// How far a search for a socket has come.
    pub place: Place,
    /// Whether it was seen that the request may be answered.
    pub is_checked: bool,
}

/// A family that has dumps.
///
/// # Examples
///
/// ```
/// use crate::net::genetlink::{Dumped, Part, Refusal};
///
/// /// Looks for a number in one part of a dump, and keeps it for the next.
/// fn look<'r, T>(part: &mut Part<'r, T>) -> Result<u32, Refusal<'r>>
/// where
///     T: Dumped<Kept = u32>,
/// {
///     if let Some(kept) = part.kept.as_deref() {
///         return Ok(*kept);
///     }
///     let found = 7;
///     *part.kept = Some(KBox::new(found, GFP_KERNEL_ACCOUNT).map_err(Error::from)?);
///     Ok(found)
/// }
/// ```
pub trait Dumped: PerNamespace {
    /// What a dump may keep from one part to the next, besides. Memory is held until a reader comes back,
    /// or closes the socket: it has to be bounded, and to be on account.
    type Kept: Send;
}

/// What the kernel keeps of a dump, for the family to use: zero in the beginning.
#[repr(C)]
struct Context<K> {
    progress: Progress,
    /// Nothing is all zeroes.
    kept: Option<KBox<K>>,
}

/// One part of a dump: as many messages as fit into a buffer.
///
/// See the example of [`dump`].
pub struct Part<'a, T: Dumped> {
    /// What was asked.
    pub request: Request<'a, T>,
    /// How far the dump is; what is noted here is handed to the next part.
    pub progress: &'a mut Progress,
    /// What is put here is there in the next part. Whatever is left is dropped when the dump ends.
    pub kept: &'a mut Option<KBox<T::Kept>>,
    buffer: *mut bindings::sk_buff,
}

impl<'a, T: Dumped> Part<'a, T> {
    /// Whether this part is made with the lock held that others wait for.
    pub fn is_first(&self) -> bool {
        self.progress.parts == 1
    }

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
        // SAFETY: The header is the request's.
        let command = unsafe { (*self.request.info.genlhdr).cmd };
        // SAFETY: The buffer is the part's, and the family the request's.
        let message = unsafe {
            Message::begin(
                self.buffer,
                self.request.info.family,
                self.request.info.snd_portid,
                self.request.info.snd_seq,
                bindings::NLM_F_MULTI as c_int,
                command,
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
/// when its [`Allowance`] is spent, which it is from the beginning if somebody waits for the next part
/// already. If it has told nothing by then, a message without attributes
/// says that the dump goes on: a part without any would be taken for the end of the connection.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     genetlink::{Dumped, Part, Refusal},
///     namespace::Listed,
///     rcu,
/// };
///
/// /// By its number in the description of the family.
/// const COOKIE: u32 = 1;
///
/// /// Tells of every namespace, to be handed to this function.
/// fn proceed<'r, T: Dumped>(part: &mut Part<'r, T>) -> Result<bool, Refusal<'r>> {
///     while !part.request.allowance().is_spent() {
///         let guard = rcu::read_lock();
///         let next = Listed::after(part.progress.cookie, (&guard).into()).next();
///         let Some(cookie) = next.map(|listed| listed.cookie()) else {
///             return Ok(true);
///         };
///         drop(guard);
///         part.request.allowance().spend(1);
///         if !part.add(|_, message| Ok(message.put_uint(COOKIE, cookie)?))? {
///             break;
///         }
///         part.progress.cookie = cookie;
///     }
///     Ok(false)
/// }
/// ```
///
/// # Safety
///
/// As for [`answer`](super::answer), for the callback of a dump.
pub unsafe fn dump<T: Dumped>(
    buffer: *mut bindings::sk_buff,
    callback: *mut bindings::netlink_callback,
    proceed: for<'r> fn(&mut Part<'r, T>) -> Result<bool, Refusal<'r>>,
) -> c_int {
    const { assert!(size_of::<Context<T::Kept>>() <= bindings::NETLINK_CTX_SIZE as usize) };
    // SAFETY: Valid during the operation.
    let callback = unsafe { &mut *callback };
    let info = callback.data.cast::<bindings::genl_dumpit_info>();
    // SAFETY: The context is for the callback to use, zero in the beginning, large enough by the
    // assertion, and aligned to a word.
    let context = unsafe { &mut *(&raw mut callback.__bindgen_anon_1).cast::<Context<T::Kept>>() };
    let mut part = Part {
        // SAFETY: A generic netlink dump has its information there, and the request's packet.
        request: unsafe { Request::new(callback.skb, &raw const (*info).info) },
        progress: &mut context.progress,
        kept: &mut context.kept,
        buffer,
    };
    if part.progress.parts > 0 {
        // No longer in the packet of the request, and without the lock.
        // SAFETY: By the safety requirement.
        part.request.allowance = match unsafe { is_waited_for(callback) } {
            true => Allowance::none(),
            false => Allowance::whole(),
        };
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

/// Whether somebody waits for the lock with which a part is made, `nl_cb_mutex`: asleep or on a processor.
///
/// Each thread that has read a message makes a part (`netlink_recvmsg()`), one after the other, and who
/// sends a request for one more dump waits behind them with `cb_lock` held (`__netlink_dump_start()`).
/// Who comes just now may be missed: he waits for one part.
///
/// # Safety
///
/// `callback` must be what [`dump`] was called with, which is still under way.
#[cfg(not(CONFIG_PREEMPT_RT))]
unsafe fn is_waited_for(callback: *const bindings::netlink_callback) -> bool {
    /// `MUTEX_FLAG_WAITERS`, which is `kernel/locking/`'s own.
    const WAITERS: i64 = 1;
    let socket = callback
        .wrapping_byte_sub(offset_of!(bindings::netlink_sock, cb))
        .cast::<bindings::netlink_sock>();
    // SAFETY: `netlink_dump()` calls with the callback that is in the socket, which has a user. Nothing is
    // read.
    let mutex = unsafe { addr_of!((*socket).nl_cb_mutex) };
    // SAFETY: As above. Volatile as `atomic_long_read()`.
    let owner = unsafe { addr_of!((*mutex).owner.counter).read_volatile() };
    #[cfg(CONFIG_MUTEX_SPIN_ON_OWNER)]
    // SAFETY: As above. Volatile as `osq_is_locked()`.
    let are_spinning = unsafe { addr_of!((*mutex).osq.tail.counter).read_volatile() } != 0;
    #[cfg(not(CONFIG_MUTEX_SPIN_ON_OWNER))]
    let are_spinning = false;
    owner & WAITERS != 0 || are_spinning
}

/// The same, on a kernel whose mutexes are others: there each waits for as many parts as come before.
///
/// # Safety
///
/// None.
#[cfg(CONFIG_PREEMPT_RT)]
unsafe fn is_waited_for(_: *const bindings::netlink_callback) -> bool {
    false
}

/// Ends a dump, whether it was read to its end or not. May sleep.
///
/// # Examples
///
/// ```
/// use crate::{
///     bindings::netlink_callback,
///     net::genetlink::{self, Dumped},
/// };
///
/// /// # Safety
/// ///
/// /// Called by a family alone that was registered with this type, as `done` of a dump.
/// unsafe extern "C" fn done<T: Dumped>(callback: *mut netlink_callback) -> c_int {
///     // SAFETY: By the safety requirement.
///     unsafe { genetlink::end::<T>(callback) }
/// }
/// ```
///
/// # Safety
///
/// To be called as `done` of each dump of a family whose dumps call [`dump`] with this `T`, with its
/// argument.
pub unsafe fn end<T: Dumped>(callback: *mut bindings::netlink_callback) -> c_int {
    // SAFETY: Valid during the operation; nothing is read.
    let context = unsafe { &raw mut (*callback).__bindgen_anon_1 }.cast::<Context<T::Kept>>();
    // SAFETY: The context is that of `dump`, or still zero; nobody else uses it (`netlink_dump()` has the
    // lock of the socket, and `netlink_release()` the last reference to its file).
    drop(unsafe { (*context).kept.take() });
    0
}
