// SPDX-License-Identifier: GPL-2.0

//! The size of the tables that namespaces get when they are made.
//!
//! A namespace gets tables of its own if the one in which it is made has its variables
//! `net.ipv4.tcp_child_ehash_entries` and `net.ipv4.udp_child_hash_entries` set. With the module's
//! parameters `tcp_table_size` and `udp_table_size` they are set in every namespace while the module
//! is loaded, and get their former values back afterwards.

use kernel::{
    prelude::*,
    sync::atomic::{Atomic, Relaxed},
};

use crate::{module_parameters, net::hashtables, net::namespace::Alive};

/// The largest that sysctl takes, `tcp_child_ehash_entries_max` and `UDP_HTABLE_SIZE_MAX`.
const LARGEST: [u32; 2] = [16 << 20, 64 << 10];

/// What was asked for, for TCP and UDP; 0 for whatever the variables say.
fn wanted() -> [u32; 2] {
    [
        module_parameters::tcp_table_size.value(),
        module_parameters::udp_table_size.value(),
    ]
}

/// Refuses sizes that the kernel would not take.
pub(crate) fn check() -> Result {
    for (wanted, largest) in wanted().into_iter().zip(LARGEST) {
        if wanted > largest {
            pr_err!("a table of {} buckets is larger than {}\n", wanted, largest);
            return Err(EINVAL);
        }
    }
    Ok(())
}

/// What the variables of a namespace were before.
pub(crate) struct Former([Atomic<u32>; 2]);

impl Former {
    /// Not known yet.
    pub(crate) const fn new() -> Self {
        Self([Atomic::new(0), Atomic::new(0)])
    }

    /// Sets the variables of a namespace, and notes what they were. Any context.
    pub(crate) fn replace(&self, net: Alive<'_>) {
        let sizes = hashtables::child_sizes(net);
        for ((size, former), wanted) in sizes.into_iter().zip(&self.0).zip(wanted()) {
            if wanted != 0 {
                former.store(size.load(Relaxed), Relaxed);
                size.store(wanted, Relaxed);
            }
        }
    }

    /// Gives the variables their former values; not those that somebody has changed since. Any
    /// context.
    pub(crate) fn restore(&self, net: Alive<'_>) {
        let sizes = hashtables::child_sizes(net);
        for ((size, former), wanted) in sizes.into_iter().zip(&self.0).zip(wanted()) {
            if wanted != 0 && size.load(Relaxed) == wanted {
                size.store(former.load(Relaxed), Relaxed);
            }
        }
    }
}
