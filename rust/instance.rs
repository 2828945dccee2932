// SPDX-License-Identifier: GPL-2.0

//! nsmux in one namespace.

use core::convert::Infallible;
use kernel::{new_mutex, prelude::*, sync::Mutex};

use crate::{
    account::{device::DeviceAccount, Account},
    dispute::Dispute,
    miss::Miss,
    mode::{AtomicMode, Mode},
    net::{
        device_events::{Event, Watcher},
        lazy::Lazy,
        perdevice::Table,
        pernet::{Living, PerNamespace},
        queue::{Entry, Queue},
    },
    own_tables::Former,
};

/// The namespaces whose devices are to be watched.
pub(crate) static UNWATCHED: Queue = Queue::empty();

/// What nsmux keeps for one namespace.
#[pin_data]
pub(crate) struct Instance {
    /// Held while the mode is being changed.
    #[pin]
    change: Mutex<()>,
    mode: AtomicMode,
    account: Account,
    #[pin]
    miss: Miss,
    /// Not there before the mode is `verify` for the first time: few namespaces ever are in it, and
    /// without this the whole takes half a kilobyte and not one.
    dispute: Lazy<Dispute>,
    former: Former,
    #[pin]
    devices: Table<DeviceAccount>,
    /// Not there before a request changes the mode.
    unwatched: Lazy<Entry>,
}

impl Instance {
    /// With mode `off`, of the namespace with a cookie.
    pub(crate) fn new(cookie: u64) -> impl PinInit<Self, Infallible> {
        pin_init!(Self {
            change <- new_mutex!((), "nsmux::change"),
            mode: AtomicMode::new(Mode::Off),
            account: Account::new(),
            miss <- Miss::new(cookie),
            dispute: Lazy::empty(),
            former: Former::new(),
            devices <- Table::new(),
            unwatched: Lazy::empty(),
        })
    }

    /// The sizes of tables that the namespace had set for those that are made in it.
    pub(crate) fn former(&self) -> &Former {
        &self.former
    }

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

    /// The packet for which two answers differed. It is there whenever the mode is `verify`.
    #[inline]
    pub(crate) fn dispute(&self) -> Option<&Dispute> {
        self.dispute.get()
    }

    /// The mode. Any context.
    #[inline(always)]
    pub(crate) fn mode(&self) -> Mode {
        self.mode.get()
    }

    /// Begins to count what each device receives, unless that has begun. May sleep, for as long as it
    /// takes to give all devices counters, and takes RTNL.
    pub(crate) fn watch_devices(slot: Living<'_, Self>) -> Result
    where
        Self: PerNamespace,
    {
        slot.account.open()?;
        slot.watch_devices()
    }

    /// What has [`watch_devices`](Self::watch_devices) called in a while when it is added, in a process
    /// that nobody waits for. The cookie is that of the namespace. May sleep.
    pub(crate) fn watch_later(&self, cookie: u64) -> Result<&Entry> {
        self.unwatched
            .make(|| KBox::pin_init(Entry::new(&UNWATCHED, cookie), GFP_KERNEL))?;
        self.unwatched.get().ok_or(ENOMEM)
    }

    /// Changes the mode, and calls `changed` before anyone else can change it again; not where it was
    /// the same. On an error it stays what it was: `EOPNOTSUPP` where the first level is compiled out
    /// and the namespace not the initial one. May sleep, but not for what anybody has many of: the devices
    /// are left to [`watch_devices`](Self::watch_devices), which is called without the lock.
    ///
    /// Hooks stay where they are while what they do changes. Replacing hooks would drop queued packets:
    /// those that wait in a queue to user space are dropped when any hook of their namespace is
    /// unregistered (`nf_queue_nf_hook_drop()`), and go on at the wrong one if one was registered before
    /// it. A call that is under way, or comes between the hooks and the mode, is
    /// counted in mode `off` as well.
    pub(crate) fn set_mode(slot: Living<'_, Self>, to: Mode, changed: impl FnOnce()) -> Result
    where
        Self: PerNamespace,
    {
        let _change = slot.change.lock();
        if to == Mode::Verify && slot.mode.get() != to {
            let cookie = slot.net().cookie();
            slot.dispute
                .make(|| KBox::pin_init(Dispute::new(cookie), GFP_KERNEL))?;
            if let Some(dispute) = slot.dispute() {
                dispute.reopen();
            }
        }
        match to {
            Mode::Off => slot.unset_hooks(),
            _ if !slot.net().is_reached() => return Err(EOPNOTSUPP),
            Mode::Observe | Mode::Verify | Mode::Steer => {
                slot.account.open()?;
                slot.set_hooks()?;
            }
        }
        if slot.mode.get() != to {
            slot.mode.set(to);
            changed();
        }
        Ok(())
    }
}

impl Watcher for Instance {
    fn device(&self, event: Event<'_>) {
        self.devices.follow(event);
    }
}
