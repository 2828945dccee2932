// SPDX-License-Identifier: GPL-2.0

//! nsmux_bench: the designs of the discussion of 2006, side by side.
//!
//! Each [`design`] puts a [`first`] level, which finds a packet's namespace, before a [`second`],
//! which finds a socket in it; all hold the same [`sockets`]. Before one is timed by [`measure`], it
//! has to give the answers of a list that is gone through from its begin to its end: [`trial`]. Two more
//! times are taken: with [`mixed`] operations, and with [`mod@cold`] caches. What a design cannot do is
//! shown by [`cannot`], and whether it can be made in memory that is [`fragmented`]. Everything is asked for through [`device`].
//!
//! Nothing here touches a socket or a namespace of the kernel: what is compared are data structures,
//! with the kernel's memory, on the kernel's stack, in the kernel's code model.

mod answer;
mod batches;
mod cannot;
mod cold;
mod design;
mod device;
mod first;
mod fragmented;
mod known;
mod measure;
mod mixed;
mod names;
mod random;
mod second;
mod sockets;
mod softirq;
mod trial;
mod workload;
mod world;

use kernel::{
    miscdevice::{MiscDeviceOptions, MiscDeviceRegistration},
    prelude::*,
    InPlaceModule,
};

use crate::device::Questions;

module! {
    type: Bench,
    name: "nsmux_bench",
    authors: ["The nsmux developers"],
    description: "Designs of a socket lookup per network namespace, to be compared",
    license: "GPL",
}

/// The module while it is loaded.
#[pin_data]
struct Bench {
    #[pin]
    device: MiscDeviceRegistration<Questions>,
}

impl InPlaceModule for Bench {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            device <- MiscDeviceRegistration::register(MiscDeviceOptions {
                name: c"nsmux_bench",
            }),
        })
    }
}
