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

use crate::{
    module_parameters,
    net::{
        hashtables::{self, ChildSize},
        namespace::Alive,
    },
};

/// What was asked for, for TCP and UDP; 0 for whatever the variables say.
fn wanted() -> [u32; 2] {
    [
        module_parameters::tcp_table_size.value(),
        module_parameters::udp_table_size.value(),
    ]
}

/// Refuses sizes that sysctl would not take, before anything is set.
pub(crate) fn check() -> Result {
    if wanted() == [0, 0] {
        return Ok(());
    }
    for (wanted, size) in wanted()
        .into_iter()
        .zip(hashtables::child_sizes(Alive::initial())?)
    {
        if !size.takes(wanted) {
            pr_err!("sysctl takes no table of {} buckets\n", wanted);
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
    ///
    /// An administrator who sets one at the same time is either noted, or has the last word.
    pub(crate) fn replace(&self, net: Alive<'_>) {
        self.each(net, |size, former, wanted| {
            if let Ok(was) = size.replace(wanted) {
                former.store(was, Relaxed);
            }
        });
    }

    /// Gives the variables their former values; not those that somebody has changed since, who has
    /// the last word also if it is said at the same time. Who has set one to what it was already
    /// cannot be told from who has not. Any context.
    pub(crate) fn restore(&self, net: Alive<'_>) {
        self.each(net, |size, former, wanted| {
            size.restore(wanted, former.load(Relaxed));
        });
    }

    /// Calls `f` with each variable that a parameter asks for.
    fn each(&self, net: Alive<'_>, f: impl Fn(ChildSize<'_>, &Atomic<u32>, u32)) {
        // Without such variables the module was not loaded with such parameters.
        let Ok(sizes) = hashtables::child_sizes(net) else {
            return;
        };
        for ((size, former), wanted) in sizes.into_iter().zip(&self.0).zip(wanted()) {
            if wanted != 0 {
                f(size, former, wanted);
            }
        }
    }
}
