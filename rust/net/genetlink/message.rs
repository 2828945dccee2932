// SPDX-License-Identifier: GPL-2.0

//! Messages that are being made.

use core::{marker::PhantomData, mem::ManuallyDrop, ptr::NonNull};
use kernel::ffi::{c_int, c_void};
use kernel::{alloc::AllocError, error::to_result, prelude::*};

use super::attribute::align;
use crate::{bindings, net::namespace::Alive};

/// A buffer for one message.
///
/// # Invariants
///
/// The pointer leads to a packet that is owned.
pub(super) struct Buffer(NonNull<bindings::sk_buff>);

impl Buffer {
    /// Allocates one, large enough for any single message here. May sleep.
    pub(super) fn new() -> Result<Self, AllocError> {
        // SAFETY: No requirements.
        let skb = unsafe {
            kernel::bindings::genlmsg_new(
                kernel::bindings::GENLMSG_DEFAULT_SIZE,
                kernel::bindings::GFP_KERNEL,
            )
        };
        // INVARIANT: Just allocated.
        Ok(Self(NonNull::new(skb.cast()).ok_or(AllocError)?))
    }

    pub(super) fn as_ptr(&self) -> *mut bindings::sk_buff {
        self.0.as_ptr()
    }

    /// Sends it to one socket in `net`.
    pub(super) fn unicast(self, net: Alive<'_>, port: u32) -> Result {
        let skb = ManuallyDrop::new(self).as_ptr();
        // SAFETY: The socket is valid as long as the namespace. The function takes the packet.
        let sent = unsafe { bindings::netlink_unicast(socket(net), skb, port, MSG_DONTWAIT) };
        if sent < 0 {
            return Err(Error::from_errno(sent));
        }
        Ok(())
    }
}

impl Buffer {
    /// Sends it to all members of a group in `net`; without any, it is dropped. May sleep.
    pub(super) fn broadcast(self, net: Alive<'_>, group: u32) -> Result {
        let skb = ManuallyDrop::new(self).as_ptr();
        // SAFETY: The socket is valid as long as the namespace. The function takes the packet.
        let error = unsafe {
            bindings::netlink_broadcast(socket(net), skb, 0, group, kernel::bindings::GFP_KERNEL)
        };
        match to_result(error) {
            Err(error) if error == ESRCH => Ok(()),
            result => result,
        }
    }
}

const MSG_DONTWAIT: c_int = 0x40;

/// The kernel's own socket for generic netlink in a namespace.
pub(super) fn socket(net: Alive<'_>) -> *mut bindings::sock {
    // SAFETY: Every namespace has one, from its making (`genl_pernet_init()`) to its `exit`.
    unsafe { (*net.as_ptr()).genl_sock }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: By the type invariants.
        unsafe { kernel::bindings::nlmsg_free(self.as_ptr().cast()) };
    }
}

/// A message, to which attributes are added; taken back when it is dropped before
/// [`end`](Self::end).
///
/// # Examples
///
/// ```
/// use crate::net::{device::NetDevice, genetlink::Message};
///
/// /// By their numbers in the description of the family.
/// const DEVICE: u32 = 1;
/// const INDEX: u32 = 2;
/// const NAME: u32 = 3;
///
/// /// Tells of a device, in an attribute of its own.
/// fn put(message: &mut Message<'_>, device: &NetDevice) -> Result {
///     message.nest(DEVICE, |message| {
///         message.put_u32(INDEX, device.index() as u32)?;
///         message.put_string(NAME, device.name().bytes())
///     })
/// }
/// ```
///
/// # Invariants
///
/// `header` is that of the last message in the packet `skb`.
pub struct Message<'a> {
    skb: *mut bindings::sk_buff,
    header: NonNull<c_void>,
    _buffer: PhantomData<&'a ()>,
}

impl Message<'_> {
    /// Begins a message at the end of a packet; `None` if it does not fit.
    ///
    /// # Safety
    ///
    /// The packet must be a netlink buffer that nobody else uses during the lifetime that the
    /// caller chooses, and the family a registered one.
    pub(super) unsafe fn begin(
        skb: *mut bindings::sk_buff,
        family: *const bindings::genl_family,
        port: u32,
        sequence: u32,
        flags: c_int,
        command: u8,
    ) -> Option<Self> {
        // SAFETY: By the safety requirement.
        let header = unsafe { bindings::genlmsg_put(skb, port, sequence, family, flags, command) };
        // INVARIANT: Just put.
        Some(Self {
            skb,
            header: NonNull::new(header)?,
            _buffer: PhantomData,
        })
    }

    /// The message is complete.
    pub(super) fn end(self) {
        let message = ManuallyDrop::new(self);
        // SAFETY: By the type invariants.
        unsafe {
            kernel::bindings::genlmsg_end(message.skb.cast(), message.header.as_ptr());
        }
    }

    /// Adds an attribute. Fails with `EMSGSIZE` if it does not fit.
    pub fn put(&mut self, number: u32, bytes: &[u8]) -> Result {
        let length = c_int::try_from(bytes.len()).map_err(|_| EMSGSIZE)?;
        // SAFETY: By the type invariants; the bytes are as many as is said.
        to_result(unsafe {
            bindings::nla_put(self.skb, number as c_int, length, bytes.as_ptr().cast())
        })
    }

    /// Adds a number of 32 bits.
    pub fn put_u32(&mut self, number: u32, value: u32) -> Result {
        self.put(number, &value.to_ne_bytes())
    }

    /// Adds a number of the kind `uint`, in 4 bytes if it fits and in 8 otherwise.
    pub fn put_uint(&mut self, number: u32, value: u64) -> Result {
        match u32::try_from(value) {
            Ok(value) => self.put_u32(number, value),
            Err(_) => self.put(number, &value.to_ne_bytes()),
        }
    }

    /// Adds a text of less than 64 bytes, and the zero at its end.
    pub fn put_string(&mut self, number: u32, text: &[u8]) -> Result {
        let mut bytes = [0u8; 64];
        let end = text.len();
        bytes.get_mut(..end).ok_or(EMSGSIZE)?.copy_from_slice(text);
        self.put(number, bytes.get(..=end).ok_or(EMSGSIZE)?)
    }

    /// Adds an attribute that is there or not.
    pub fn put_flag(&mut self, number: u32) -> Result {
        self.put(number, &[])
    }

    /// Adds an attribute that has others in it, which `fill` adds.
    pub fn nest(&mut self, number: u32, fill: impl FnOnce(&mut Self) -> Result) -> Result {
        let begin = self.length();
        self.put(number | bindings::NLA_F_NESTED, &[])?;
        fill(self)?;
        self.end_nest(begin)
    }

    /// Writes the length of an attribute that has others in it and begins at a place.
    fn end_nest(&mut self, begin: usize) -> Result {
        let length = u16::try_from(self.length() - begin).map_err(|_| EMSGSIZE)?;
        // SAFETY: By the type invariants.
        let data = unsafe { (*self.skb).data };
        let attribute = data.wrapping_add(begin).cast::<bindings::nlattr>();
        // SAFETY: The attribute was put at this place of the packet's linear data; attributes are aligned
        // in a netlink buffer.
        unsafe { (*attribute).nla_len = length };
        Ok(())
    }

    fn length(&self) -> usize {
        // SAFETY: By the type invariants.
        align(unsafe { (*self.skb).len } as usize)
    }
}

impl Drop for Message<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants.
        unsafe {
            kernel::bindings::genlmsg_cancel(self.skb.cast(), self.header.as_ptr());
        }
    }
}
