// SPDX-License-Identifier: GPL-2.0

//! Network devices.
//!
//! C header: [`include/linux/netdevice.h`](srctree/include/linux/netdevice.h)

use core::{ffi::c_int, ptr::addr_of};
use kernel::types::Opaque;

use super::{namespace::Net, rcu::ReadSide};
use crate::bindings;

/// A network device, `struct net_device`.
#[repr(transparent)]
pub struct Device(Opaque<bindings::net_device>);

impl Device {
    /// Views a device through its pointer; `None` if that is null.
    ///
    /// # Safety
    ///
    /// `dev` must be null or point to a device that is valid for `'a`.
    #[inline]
    pub unsafe fn from_raw<'a>(dev: *const bindings::net_device) -> Option<&'a Self> {
        // SAFETY: Null or valid for `'a` by the safety requirement; the cast is to a transparent
        // wrapper.
        unsafe { dev.cast::<Self>().as_ref() }
    }

    /// The namespace that owns the device now, `dev_net_rcu()`: one load.
    ///
    /// It may be moved to another one at any time; the answer stays valid for the read-side
    /// section.
    #[inline]
    pub fn net<'a>(&self, _section: ReadSide<'a>) -> &'a Net {
        // SAFETY: `self` is a valid device. Volatile, since a move may be under way:
        // `rcu_dereference()` of a pointer.
        let net = unsafe { addr_of!((*self.0.get()).nd_net.net).read_volatile() };
        // SAFETY: A device always has a namespace, and a namespace is not freed before a grace
        // period has passed.
        unsafe { Net::from_raw(net) }
    }

    /// The index, unique in its namespace.
    #[inline]
    pub fn index(&self) -> c_int {
        // SAFETY: `self` is a valid device. Volatile as `READ_ONCE()`, since a move may change it.
        unsafe { addr_of!((*self.0.get()).ifindex).read_volatile() }
    }
}
