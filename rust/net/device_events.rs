// SPDX-License-Identifier: GPL-2.0

//! The devices that come into one network namespace, and leave it.
//!
//! Who watches a namespace is told of it through the namespace's own chain of notifiers, with which
//! the kernel begins: the devices that are there already have come, and those that are there when the
//! watch ends leave. So nobody has to find what belongs to a device through the device's namespace,
//! which may be gone: `netdev_wait_allrefs_any()` tells of the end of a device that is still held
//! every second, for as long as that takes.
//!
//! C header: [`include/linux/netdevice.h`](srctree/include/linux/netdevice.h),
//! `register_netdevice_notifier_net()`

use core::{
    cell::UnsafeCell,
    ptr::{addr_of, null, null_mut},
};
use kernel::ffi::{c_int, c_ulong, c_void};
use kernel::{
    container_of,
    error::to_result,
    new_mutex,
    prelude::*,
    sync::Mutex,
    types::Opaque, //
};

use super::{
    device::NetDevice,
    namespace::{Alive, Net},
    rtnl::Rtnl,
};
use crate::bindings::{
    self, netdev_notifier_info, notifier_block, NETDEV_REGISTER, NETDEV_UNREGISTER,
};

/// What happens to a device.
#[derive(Clone, Copy)]
pub(super) enum Change {
    /// It has come into the namespace.
    Comes,
    /// It is about to leave the namespace for another one.
    Moves,
    /// It is about to leave the namespace, and mostly the system. May be told more than once.
    Ends,
}

/// A device that comes or leaves; made by the kernel alone.
///
/// See the example of [`Table`](super::perdevice::Table).
#[derive(Clone, Copy)]
pub struct Event<'a> {
    pub(super) device: &'a NetDevice,
    pub(super) change: Change,
    pub(super) rtnl: Rtnl<'a>,
}

/// Who is told.
///
/// See the example of [`Table`](super::perdevice::Table).
pub trait Watcher: Sync {
    /// A device comes or leaves. May sleep.
    fn device(&self, event: Event<'_>);
}

/// A watch over the devices of a namespace, on or off.
#[pin_data]
pub(super) struct Watch<W: Watcher> {
    #[pin]
    notifier: Opaque<notifier_block>,
    /// Set before the notifier is registered.
    watcher: UnsafeCell<*const W>,
    /// Held while the watch is begun or ended.
    #[pin]
    is_on: Mutex<bool>,
}

// SAFETY: A watch belongs to no thread, and its watcher is shared.
unsafe impl<W: Watcher> Send for Watch<W> {}
// SAFETY: As above; the watcher is set under the lock alone.
unsafe impl<W: Watcher> Sync for Watch<W> {}

impl<W: Watcher> Watch<W> {
    /// Off.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            notifier: Opaque::zeroed(),
            watcher: UnsafeCell::new(null()),
            is_on <- new_mutex!(false, "watch"),
        })
    }

    /// Begins to tell `watcher`; nothing if the watch is on. May sleep.
    ///
    /// # Safety
    ///
    /// Until [`end`](Self::end) has returned, the namespace must not be freed, and the watcher stay
    /// what and where it is.
    pub(super) unsafe fn begin(&self, net: Alive<'_>, watcher: &W) -> Result {
        let mut is_on = self.is_on.lock();
        if *is_on {
            return Ok(());
        }
        let notifier = notifier_block {
            notifier_call: Some(notified::<W>),
            next: null_mut(),
            priority: 0,
        };
        // SAFETY: The notifier is not registered, and the lock is held: nobody else uses this.
        unsafe { self.watcher.get().write(watcher) };
        // SAFETY: As above.
        unsafe { self.notifier.get().write(notifier) };
        // SAFETY: The notifier stays where it is, as all that is made through `PinInit` does, and is
        // unregistered by `end()` before it goes, by the safety requirement.
        to_result(unsafe {
            bindings::register_netdevice_notifier_net(net.as_ptr(), self.notifier.get())
        })?;
        *is_on = true;
        Ok(())
    }

    /// Tells the watcher that all devices leave, and then nothing more; nothing if the watch is off.
    /// May sleep.
    pub(super) fn end(&self, net: &Net) {
        let mut is_on = self.is_on.lock();
        if core::mem::take(&mut *is_on) {
            // SAFETY: It is registered there. An error is returned for a notifier that is not, and
            // no other.
            unsafe {
                bindings::unregister_netdevice_notifier_net(net.as_ptr(), self.notifier.get())
            };
        }
    }
}

/// # Safety
///
/// Called by the kernel alone, for the notifier of a [`Watch<W>`] that is on.
unsafe extern "C" fn notified<W: Watcher>(
    notifier: *mut notifier_block,
    event: c_ulong,
    info: *mut c_void,
) -> c_int {
    // SAFETY: The information is that of a device.
    let device = unsafe { (*info.cast::<netdev_notifier_info>()).dev };
    // SAFETY: The device is valid during the call.
    let Some(device) = (unsafe { NetDevice::from_raw(device) }) else {
        return 0;
    };
    let change = match u32::try_from(event) {
        Ok(NETDEV_REGISTER) => Change::Comes,
        Ok(NETDEV_UNREGISTER) if device.is_moving() => Change::Moves,
        Ok(NETDEV_UNREGISTER) => Change::Ends,
        _ => return 0,
    };
    // SAFETY: It is the member of a watch.
    let watch = unsafe { container_of!(Opaque::cast_from(notifier), Watch<W>, notifier) };
    // SAFETY: The watch is valid; nothing is read.
    let watcher = unsafe { addr_of!((*watch).watcher) };
    // SAFETY: It was set before the notifier was registered, and is not set again while it is.
    let watcher = unsafe { watcher.cast::<*const W>().read() };
    // SAFETY: The watcher is valid until the watch has ended, which waits for this call.
    let watcher = unsafe { &*watcher };
    // SAFETY: `call_netdevice_notifiers_info()` asserts that RTNL is held, and those who register and
    // unregister a notifier take it.
    let rtnl = unsafe { Rtnl::assume() };
    watcher.device(Event {
        device,
        change,
        rtnl,
    });
    0
}
