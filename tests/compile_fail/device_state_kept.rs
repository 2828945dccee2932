// SPDX-License-Identifier: GPL-2.0

//! The state of a device is used when the device may have left, and the state with it.

use crate::net::{
    device::NetDevice,
    perdevice::{PerDevice, Table},
    rcu,
};

fn keep<T: PerDevice>(table: &Table<T>, device: &NetDevice) -> bool {
    let guard = rcu::read_lock();
    let state = table.find(device, (&guard).into());
    #[cfg(mistake)]
    drop(guard); //~ error[E0505]: cannot move out of `guard` because it is borrowed
    state.is_some()
}
