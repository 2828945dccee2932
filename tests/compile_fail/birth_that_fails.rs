// SPDX-License-Identifier: GPL-2.0

//! What a namespace is given at its birth can fail, and `ip netns add` with it, for everyone.

#[cfg(not(mistake))]
use core::convert::Infallible as Failure;
use kernel::prelude::*;
#[cfg(mistake)]
use Error as Failure;

use crate::net::{
    device_events::{Event, Watcher},
    namespace::Alive,
    netfilter::Hook,
    pernet::{Id, Living, PerNamespace, Slot},
    procfs::File,
    sysctl::Directory,
};

struct Given;

impl Watcher for Given {
    fn device(&self, _: Event<'_>) {}
}

static ID: Id<Given> = Id::unregistered();

// SAFETY: The identifier is the one static above.
unsafe impl PerNamespace for Given {
    const HOOKS: &'static [Hook<Self>] = &[];
    const DIRECTORY: Directory<Slot<Self>> = Directory {
        path: c"net/given",
        variables: &[],
    };
    const FILE: File<Slot<Self>> = File {
        name: c"given",
        show: |_, _| {},
    };

    fn id() -> &'static Id<Self> {
        &ID
    }

    fn new(_: Alive<'_>) -> impl PinInit<Self, Failure> {
        //~^ error[E0277]: the trait bound
        Ok::<Self, Failure>(Given)
    }

    fn born(_: Living<'_, Self>) {}

    fn leaving(_: Living<'_, Self>) {}
}
