// SPDX-License-Identifier: GPL-2.0

//! nsmux in one namespace.

use core::convert::Infallible;
use kernel::{new_mutex, prelude::*, sync::Mutex};

use crate::{
    account::{device::DeviceAccount, Account},
    dispute::Dispute,
    miss::Miss,
    mode::{self, AtomicMode, Mode},
    net::{
        device_events::{Event, Watcher},
        namespace::Alive,
        netfilter::{Hook, Selected, Selects},
        perdevice::Table,
        pernet::{Id, Living, PerNamespace, Slot},
        procfs::File,
        sysctl::Directory,
    },
    own_tables::Former,
    path, uapi,
};

/// What nsmux keeps for one namespace.
#[pin_data]
pub(crate) struct Instance {
    /// Held while the mode is being changed.
    #[pin]
    change: Mutex<()>,
    mode: AtomicMode,
    account: Account,
    miss: Miss,
    dispute: Dispute,
    former: Former,
    #[pin]
    devices: Table<DeviceAccount>,
}

impl Instance {
    /// The counters. They are there whenever the mode is not off.
    #[inline]
    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// The accounts of the devices that are in the namespace.
    #[inline]
    pub(crate) fn devices(&self) -> &Table<DeviceAccount> {
        &self.devices
    }

    /// The misses.
    #[inline]
    pub(crate) fn miss(&self) -> &Miss {
        &self.miss
    }

    /// The packet for which two answers differed.
    #[inline]
    pub(crate) fn dispute(&self) -> &Dispute {
        &self.dispute
    }

    /// The mode. Any context.
    #[inline(always)]
    pub(crate) fn mode(&self) -> Mode {
        self.mode.get()
    }

    /// Changes the mode. On an error it stays what it was: `EOPNOTSUPP` where the first level is
    /// compiled out and the namespace not the initial one. May sleep.
    pub(crate) fn set_mode(slot: Living<'_, Self>, to: Mode) -> Result {
        let _change = slot.change.lock();
        if to == Mode::Verify && slot.mode.get() != to {
            slot.dispute.reopen();
        }
        match to {
            Mode::Off => slot.unset_hooks(),
            _ if !slot.net().is_reached() => return Err(EOPNOTSUPP),
            Mode::Observe | Mode::Verify | Mode::Steer => {
                slot.account.open()?;
                slot.watch_devices()?;
                slot.set_hooks()?;
            }
        }
        if slot.mode.get() != to {
            slot.mode.set(to);
            uapi::netlink::tell_mode(slot.net(), to);
        }
        Ok(())
    }
}

impl Selects for Instance {
    #[inline(always)]
    fn selected(&self) -> Selected {
        match self.mode() {
            Mode::Observe => Selected::First,
            Mode::Verify => Selected::Second,
            Mode::Steer => Selected::Third,
            // It was changed a moment ago.
            Mode::Off => Selected::None,
        }
    }
}

static ID: Id<Instance> = Id::unregistered();

impl Watcher for Instance {
    fn device(&self, event: Event<'_>) {
        self.devices.follow(event);
    }
}

// SAFETY: The identifier is the one static above.
unsafe impl PerNamespace for Instance {
    const HOOKS: &'static [Hook<Self>] = path::HOOKS;
    const DIRECTORY: Directory<Slot<Self>> = uapi::sysctl::DIRECTORY;
    const FILE: File<Slot<Self>> = uapi::procfs::FILE;

    fn id() -> &'static Id<Self> {
        &ID
    }

    fn new(_net: Alive<'_>) -> impl PinInit<Self, Infallible> {
        pin_init!(Self {
            change <- new_mutex!((), "nsmux::change"),
            mode: AtomicMode::new(Mode::Off),
            account: Account::new(),
            miss: Miss::new(),
            dispute: Dispute::new(),
            former: Former::new(),
            devices <- Table::new(),
        })
    }

    fn leaving(slot: Living<'_, Self>) {
        slot.former.restore(slot.net());
    }

    fn born(slot: Living<'_, Self>) {
        slot.former.replace(slot.net());
        let initial = mode::INITIAL.get();
        if !slot.net().is_reached() {
            return;
        }
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
