// SPDX-License-Identifier: GPL-2.0

//! nsmux in one namespace.

use core::convert::Infallible;
use kernel::{new_mutex, prelude::*, sync::Mutex};

use crate::{
    account::Account,
    mode::{self, Mode},
    net::{
        namespace::Net,
        netfilter::Hook,
        pernet::{Id, PerNamespace, Slot},
        procfs::File,
        sysctl::Directory,
    },
    path, uapi,
};

/// What nsmux keeps for one namespace.
#[pin_data]
pub(crate) struct Instance {
    #[pin]
    mode: Mutex<Mode>,
    account: Account,
}

impl Instance {
    /// The counters. They are there whenever the mode is not off.
    #[inline]
    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// The mode. May sleep.
    pub(crate) fn mode(&self) -> Mode {
        *self.mode.lock()
    }

    /// Changes the mode. On an error it stays what it was. May sleep.
    pub(crate) fn set_mode(slot: &Slot<Self>, to: Mode) -> Result {
        let mut mode = slot.mode.lock();
        match to {
            Mode::Off => slot.unset_hooks(),
            Mode::Observe => {
                slot.account.open()?;
                slot.set_hooks()?;
            }
        }
        *mode = to;
        Ok(())
    }
}

static ID: Id<Instance> = Id::new();

impl PerNamespace for Instance {
    const HOOKS: &'static [Hook<Self>] = path::HOOKS;
    const DIRECTORY: Directory<Self> = uapi::sysctl::DIRECTORY;
    const FILE: File<Self> = uapi::procfs::FILE;

    fn id() -> &'static Id<Self> {
        &ID
    }

    fn new(_net: &Net) -> impl PinInit<Self, Infallible> {
        pin_init!(Self {
            mode <- new_mutex!(Mode::Off, "nsmux::mode"),
            account: Account::new(),
        })
    }

    fn born(slot: &Slot<Self>) {
        let initial = mode::INITIAL.get();
        if let Err(error) = Self::set_mode(slot, initial) {
            pr_warn!(
                "namespace {}: mode stays off instead of {}: {:?}\n",
                slot.net().cookie(),
                initial.name(),
                error
            );
        }
    }
}
