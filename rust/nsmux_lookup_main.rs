// SPDX-License-Identifier: GPL-2.0

//! nsmux_lookup: what a lookup takes alone.
//!
//! Another root of nsmux's crate: the same modules, of which nothing is set up. It takes the time of
//! what [`net`] and [`table`] do when a packet is looked up ([`measure`]), beside calls of the kernel's
//! functions by who knows the namespace ([`direct`]), and has a [`device`] to be asked. nsmux.ko
//! neither has nor needs any of it.

// What is set up by nsmux alone is called by nobody here.
#![allow(dead_code)]

mod account;
#[path = "bench/lookup/answer.rs"]
mod answer;
#[path = "bench/batches.rs"]
mod batches;
mod bindings;
#[path = "bench/device.rs"]
mod device;
#[path = "bench/lookup/direct.rs"]
mod direct;
mod dispute;
mod instance;
#[path = "bench/lookup/measure.rs"]
mod measure;
mod miss;
mod mode;
mod mux;
pub mod net;
mod own_tables;
mod path;
mod per_namespace;
mod resolve;
mod table;
mod uapi;

use kernel::{
    miscdevice::{MiscDeviceOptions, MiscDeviceRegistration},
    prelude::*,
    InPlaceModule,
};

use crate::device::Questions;

module! {
    type: Lookup,
    name: "nsmux_lookup",
    authors: ["The nsmux developers"],
    description: "What a lookup takes that nsmux makes, and the kernel's functions alone",
    license: "GPL",
    // Those that nsmux reads when it is set up.
    params: {
        tcp_table_size: u32 {
            default: 0,
            description: "without effect",
        },
        udp_table_size: u32 {
            default: 0,
            description: "without effect",
        },
    },
}

/// The module while it is loaded.
#[pin_data]
struct Lookup {
    #[pin]
    device: MiscDeviceRegistration<Questions>,
}

impl InPlaceModule for Lookup {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            device <- MiscDeviceRegistration::register(MiscDeviceOptions {
                name: c"nsmux_lookup",
            }),
        })
    }
}
