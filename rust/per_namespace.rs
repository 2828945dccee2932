// SPDX-License-Identifier: GPL-2.0

//! What every namespace gets: an [`Instance`], and the hooks, variables and file that work on it.
//!
//! The one place that knows all of them; they know the instance, and not each other.

use core::convert::Infallible;
use kernel::prelude::*;

use crate::{
    instance::Instance,
    mode,
    net::{
        namespace::Alive,
        netfilter::Hook,
        pernet::{Id, Living, PerNamespace, Slot},
        procfs::File,
        sysctl::Directory,
    },
    path, uapi,
};

static ID: Id<Instance> = Id::unregistered();

// SAFETY: The identifier is the one static above.
unsafe impl PerNamespace for Instance {
    const HOOKS: &'static [Hook<Self>] = path::HOOKS;
    const DIRECTORY: Directory<Slot<Self>> = uapi::sysctl::DIRECTORY;
    const FILE: File<Slot<Self>> = uapi::procfs::FILE;

    fn id() -> &'static Id<Self> {
        &ID
    }

    fn new(net: Alive<'_>) -> impl PinInit<Self, Infallible> {
        Instance::new(net.cookie())
    }

    fn leaving(slot: Living<'_, Self>) {
        slot.former().restore(slot.net());
    }

    fn born(slot: Living<'_, Self>) {
        slot.former().replace(slot.net());
        let initial = mode::INITIAL.get();
        if !slot.net().is_reached() {
            return;
        }
        if let Err(error) = uapi::netlink::change_mode(slot, initial) {
            pr_warn!(
                "namespace {}: mode stays off instead of {}: {:?}\n",
                slot.net().cookie(),
                initial.name(),
                error
            );
        }
    }
}
