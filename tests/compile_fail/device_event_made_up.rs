// SPDX-License-Identifier: GPL-2.0

//! A table is told that a device comes or leaves of which the kernel has said nothing.

use crate::net::{
    device::NetDevice,
    device_events::Event,
    perdevice::{PerDevice, Table},
};

fn tell<T: PerDevice>(table: &Table<T>, event: Event<'_>, other: &NetDevice) {
    let mut told = event;
    #[cfg(mistake)]
    {
        told.device = other; //~ error[E0616]: field `device` of struct `device_events::Event` is private
    }
    #[cfg(not(mistake))]
    {
        let _ = other;
        told = event;
    }
    table.follow(told);
}
