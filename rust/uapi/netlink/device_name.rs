// SPDX-License-Identifier: GPL-2.0

//! What a device is called, as answers and events tell it.

use kernel::{ffi::c_int, prelude::*};

use crate::net::{device::NetDevice, genetlink::Message, namespace::Listed};

/// Writes what the device with an index is called in a namespace, if it is there.
pub(super) fn put_device_name(
    message: &mut Message<'_>,
    attribute: u32,
    net: Listed<'_>,
    index: c_int,
) -> Result {
    net.branded(|namespace| match NetDevice::by_index(namespace, index) {
        Some(device) => message.put_string(attribute, device.name().bytes()),
        None => Ok(()),
    })
}
