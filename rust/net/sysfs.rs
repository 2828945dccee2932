// SPDX-License-Identifier: GPL-2.0

//! Attributes of network devices in sysfs, each a number.
//!
//! They are in `/sys/class/net/<device>/`, which is only seen in the namespace that owns the device.
//!
//! C headers: [`include/linux/sysfs.h`](srctree/include/linux/sysfs.h),
//! [`include/linux/device.h`](srctree/include/linux/device.h)

use core::{
    marker::PhantomData,
    mem::{offset_of, zeroed},
    ptr::{addr_of, addr_of_mut, from_ref},
};
use kernel::ffi::{c_char, c_ulong};
use kernel::{
    bindings::{
        attribute, attribute_group, attribute_group__bindgen_ty_2, device, device_attribute,
        device_attribute__bindgen_ty_1, kobject, sysfs_create_group, sysfs_emit,
        sysfs_remove_group,
    },
    error::to_result,
    prelude::*,
    sync::rcu,
};

use super::{
    device::Device,
    perdevice::{self, PerDevice},
};
use crate::bindings;

/// A file with a number, which anyone may read who sees it.
#[repr(C)]
pub struct Attribute<T: PerDevice> {
    /// First, so that its address is that of the whole.
    raw: device_attribute,
    what: T::Shown,
}

// SAFETY: Nobody writes to it.
unsafe impl<T: PerDevice> Sync for Attribute<T> {}

impl<T: PerDevice> Attribute<T> {
    /// With a name, and what of the state of a device it shows.
    pub const fn new(name: &'static CStr, what: T::Shown) -> Self {
        // SAFETY: All zeroes is a valid value: null pointers and numbers.
        let mut raw: device_attribute = unsafe { zeroed() };
        raw.attr.name = name.to_bytes_with_nul().as_ptr().cast();
        raw.attr.mode = 0o444;
        raw.__bindgen_anon_1 = device_attribute__bindgen_ty_1 {
            show: Some(show::<T>),
        };
        Self { raw, what }
    }
}

/// The attributes of a group, and the null pointer that ends it.
pub struct List<T, const N: usize>([*mut attribute; N], PhantomData<fn(&T)>);

// SAFETY: Nobody writes to it.
unsafe impl<T, const N: usize> Sync for List<T, N> {}

impl<T: PerDevice, const N: usize> List<T, N> {
    /// All that are in an array.
    pub const fn new<const ATTRIBUTES: usize>(
        attributes: &'static [Attribute<T>; ATTRIBUTES],
    ) -> Self {
        assert!(N == ATTRIBUTES + 1, "the list has to be one longer");
        let mut list = [core::ptr::null_mut(); N];
        let mut place = 0;
        while place < ATTRIBUTES {
            list[place] = from_ref(&attributes[place].raw.attr).cast_mut();
            place += 1;
        }
        Self(list, PhantomData)
    }
}

/// A directory with attributes.
pub struct Group<T>(attribute_group, PhantomData<fn(&T)>);

// SAFETY: Nobody writes to it.
unsafe impl<T> Sync for Group<T> {}

impl<T: PerDevice> Group<T> {
    /// With a name, and a list.
    pub const fn new<const N: usize>(name: &'static CStr, list: &'static List<T, N>) -> Self {
        // SAFETY: All zeroes is a valid value: null pointers.
        let mut group: attribute_group = unsafe { zeroed() };
        group.name = name.to_bytes_with_nul().as_ptr().cast();
        group.__bindgen_anon_2 = attribute_group__bindgen_ty_2 {
            attrs: list.0.as_ptr().cast_mut(),
        };
        Self(group, PhantomData)
    }

    /// Makes the directory. May sleep.
    ///
    /// # Safety
    ///
    /// Until [`remove`](Self::remove) has returned, the device must stay in its namespace, and in
    /// the table of that for `T`.
    pub(super) unsafe fn create(&'static self, device: &Device) -> Result {
        // SAFETY: The group and all in it are static; the rest is by the safety requirement.
        to_result(unsafe { sysfs_create_group(kobject(device), &self.0) })
    }

    /// Removes the directory, and waits for those who are reading an attribute. May sleep.
    ///
    /// # Safety
    ///
    /// [`create`](Self::create) must have made it.
    pub(super) unsafe fn remove(&'static self, device: &Device) {
        // SAFETY: By the safety requirement.
        unsafe { sysfs_remove_group(kobject(device), &self.0) };
    }
}

fn kobject(device: &Device) -> *mut kobject {
    // SAFETY: It is a valid device, whose member is the C structure that the kernel crate knows.
    let within = unsafe { addr_of!((*device.as_ptr()).dev) };
    // SAFETY: As above.
    unsafe { addr_of_mut!((*within.cast::<device>().cast_mut()).kobj) }
}

/// # Safety
///
/// Called by sysfs alone, for an attribute of a group that [`Group::create`] made, with a page to
/// write to.
unsafe extern "C" fn show<T: PerDevice>(
    device: *mut device,
    attribute: *mut device_attribute,
    page: *mut c_char,
) -> isize {
    // SAFETY: It begins with the member that sysfs knows.
    let attribute = unsafe { &*attribute.cast::<Attribute<T>>() };
    let device = device
        .cast::<u8>()
        .wrapping_sub(offset_of!(bindings::net_device, dev))
        .cast();
    // SAFETY: The attribute is one of a network device, which is valid during the call.
    let Some(device) = (unsafe { Device::from_raw(device) }) else {
        return ENODEV.to_errno() as isize;
    };
    let guard = rcu::read_lock();
    // SAFETY: `Group::create` requires that the device stays where it is until the group is removed,
    // which waits for this call.
    let number: c_ulong = unsafe { perdevice::find::<T>(device, (&guard).into()) }
        .map_or(0, |state| state.show(attribute.what));
    drop(guard);
    // SAFETY: The format has one number.
    unsafe { sysfs_emit(page, c"%lu\n".as_char_ptr(), number) as isize }
}
