// SPDX-License-Identifier: GPL-2.0

//! What is kept of a device between its leaving one namespace and its coming into another.

use kernel::sync::aref::ARef;

use super::{Entry, PerDevice, Table};
use crate::net::{
    device::{Memory, NetDevice},
    rtnl::{Place, Rtnl},
    sysfs::Object,
};

/// The state of a device that is on its way from one namespace to another: devices move one at a
/// time. If the other one is not watched the state stays here, until the next one moves or the table
/// ends from which it came.
///
/// See the example of [`PerDevice`].
pub struct Moving<T: PerDevice>(Place<Option<Parked<T>>>);

struct Parked<T: PerDevice> {
    object: ARef<Object<Entry<T>>>,
    /// As long as this is held, no other device can have the same address.
    _device: Memory,
    /// For comparison alone.
    from: *const Table<T>,
}

// SAFETY: The table is compared and nothing else; references belong to no thread.
unsafe impl<T: PerDevice> Send for Parked<T> {}

impl<T: PerDevice> Moving<T> {
    /// Without any.
    pub const fn none() -> Self {
        Self(Place::new(None))
    }

    pub(super) fn put(
        &self,
        object: ARef<Object<Entry<T>>>,
        device: &NetDevice,
        from: &Table<T>,
        rtnl: Rtnl<'_>,
    ) {
        let parked = Parked {
            object,
            _device: device.memory(),
            from,
        };
        drop(self.0.replace(Some(parked), rtnl));
    }

    /// Takes that of a device.
    pub(super) fn take(
        &self,
        device: &NetDevice,
        rtnl: Rtnl<'_>,
    ) -> Option<ARef<Object<Entry<T>>>> {
        let parked = self.0.replace(None, rtnl)?;
        if parked.object.value.device == device.as_ptr() {
            return Some(parked.object);
        }
        self.0.replace(Some(parked), rtnl);
        None
    }

    /// Lets go of what came from a table that ends.
    pub(super) fn forget(&self, table: &Table<T>, rtnl: Rtnl<'_>) {
        if let Some(parked) = self.0.replace(None, rtnl) {
            if !core::ptr::eq(parked.from, table) {
                self.0.replace(Some(parked), rtnl);
            }
        }
    }
}
