// SPDX-License-Identifier: GPL-2.0

//! nsmux: socket lookup per network namespace, as a mux of two levels.
//!
//! A packet's way through the crate: a hook of [`path`] sees it, [`resolve`] finds its namespace
//! (first level), [`mux`] looks it up in one of the namespace's own tables with the help of
//! [`table`] (second level), [`account`] counts it, [`uapi`] shows the counts. An [`instance`] is
//! what is kept for one namespace, in one [`mode`]: hooks and interfaces work on it, and
//! [`per_namespace`] puts them together. [`miss`] and [`dispute`] keep a packet until it is told, and
//! [`own_tables`] gives namespaces tables that they share with none. Below them, [`net`] has safe
//! views of the kernel's objects, and [`bindings`] the kernel's declarations.

mod account;
mod bindings;
mod dispute;
mod instance;
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

use kernel::{prelude::*, InPlaceModule};

use crate::{net::release, uapi::netlink::Netlink};

module! {
    type: Nsmux,
    name: "nsmux",
    authors: ["The nsmux developers"],
    description: "Socket lookup per network namespace, as a mux of two levels",
    license: "GPL",
    params: {
        tcp_table_size: u32 {
            default: 0,
            description: "buckets of the TCP tables of namespaces that are made while the module is loaded (default: as sysctl says)",
        },
        udp_table_size: u32 {
            default: 0,
            description: "the same of their UDP tables",
        },
    },
}

/// The module while it is loaded.
#[pin_data]
struct Nsmux {
    #[pin]
    netlink: Netlink,
}

impl InPlaceModule for Nsmux {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            netlink <- {
                release::check()?;
                own_tables::check()?;
                Netlink::new()
            },
        })
    }
}
