// SPDX-License-Identifier: GPL-2.0

//! State for each network device, from its registration to its end or the unloading of the module.
//!
//! `struct net_device` has no room for it. It is found by the index of the device, in a table of the
//! namespace: that is an XArray, a radix tree, which for the small numbers that indices are is one
//! or two loads deep. A hash table of addresses for the whole system would be a hash and a chain on
//! the path of every packet, and its lines be shared by namespaces that have nothing to do with each
//! other. No packet takes a lock or a reference: what is taken out of a table is freed a grace period
//! later.
//!
//! A device that moves leaves the table of one namespace and comes into that of another; its state
//! is the same.
//!
//! C headers: [`include/linux/netdevice.h`](srctree/include/linux/netdevice.h)
//! (`register_netdevice_notifier()`), [`include/linux/xarray.h`](srctree/include/linux/xarray.h)

use core::{
    convert::Infallible,
    marker::PhantomData,
    ptr::{addr_of, addr_of_mut, null_mut, NonNull},
};
use kernel::ffi::{c_int, c_ulong, c_void};
use kernel::{
    bindings::{
        call_rcu, callback_head, rcu_barrier, xa_destroy, xa_erase, xa_init_flags, xa_load,
        xa_store, xarray, GFP_KERNEL as KERNEL,
    },
    container_of,
    error::to_result,
    new_mutex,
    prelude::*,
    sync::Mutex,
    types::Opaque, //
};

use super::{
    device::Device,
    namespace::Net,
    owner,
    pernet::{PerNamespace, Slot},
    rcu::ReadSide,
    sysfs::Group,
};
use crate::bindings::{
    self, net_device, netdev_notifier_info, notifier_block, NETDEV_REGISTER, NETDEV_UNREGISTER,
};

/// What every device gets.
pub trait PerDevice: Send + Sync + Sized + 'static {
    /// The state of a namespace that has the table.
    type Namespace: PerNamespace;

    /// What an attribute in sysfs shows.
    type Shown: Copy + 'static;

    /// The attributes in sysfs.
    const GROUP: &'static Group<Self>;

    /// The table of a namespace.
    fn table(namespace: &Self::Namespace) -> &Table<Self>;

    /// Makes the state of a device; without one the device has no attributes. May sleep.
    fn new() -> Result<Self>;

    /// What an attribute shows. Any context.
    fn show(&self, what: Self::Shown) -> c_ulong;
}

/// The state of one device.
#[repr(C)]
struct Entry<T> {
    /// First, so that its address is that of the whole.
    rcu: callback_head,
    /// For comparison alone: it may be gone.
    device: *const net_device,
    /// Used in the notifier alone, one call of which is made at a time.
    has_group: bool,
    /// The next that is between two tables.
    next: *mut Entry<T>,
    value: T,
}

/// The devices of one namespace.
///
/// # Invariants
///
/// The entries are [`Entry<T>`], made as a `KBox`, and freed no sooner than a grace period after they
/// were taken out.
#[pin_data(PinnedDrop)]
pub struct Table<T: PerDevice> {
    #[pin]
    entries: Opaque<xarray>,
    _type: PhantomData<Entry<T>>,
}

// SAFETY: The array has a lock of its own, and what is found in it can be shared.
unsafe impl<T: PerDevice> Send for Table<T> {}
// SAFETY: As above.
unsafe impl<T: PerDevice> Sync for Table<T> {}

impl<T: PerDevice> Table<T> {
    /// Without devices.
    pub fn new() -> impl PinInit<Self, Infallible> {
        pin_init!(Self {
            // SAFETY: The place is valid for writes.
            entries <- Opaque::ffi_init(|place| unsafe { xa_init_flags(place, 0) }),
            _type: PhantomData,
        })
    }

    /// The state of a device, if it is in this namespace and has one. No more than loads. Any
    /// context.
    #[inline]
    pub fn find<'a>(&self, device: &Device, _section: ReadSide<'a>) -> Option<&'a T> {
        let entry = self.entry(device)?;
        // SAFETY: By the type invariants it is valid until the section ends.
        Some(unsafe { &*addr_of!((*entry.as_ptr()).value) })
    }

    #[inline]
    fn entry(&self, device: &Device) -> Option<NonNull<Entry<T>>> {
        // SAFETY: The array is valid.
        let entry = unsafe { xa_load(self.entries.get(), place(device)) };
        let entry = NonNull::new(entry.cast::<Entry<T>>())?;
        // SAFETY: By the type invariants, since who calls is in a read-side section, or in the
        // notifier, which takes entries out.
        let owner = unsafe { (*entry.as_ptr()).device };
        (owner == device.as_ptr()).then_some(entry)
    }

    /// Puts an entry in. May sleep.
    fn insert(&self, device: &Device, entry: NonNull<Entry<T>>) -> Result {
        // SAFETY: The array is valid. INVARIANT: The caller has made the entry, or taken it out of
        // another table.
        let former = unsafe {
            xa_store(
                self.entries.get(),
                place(device),
                entry.as_ptr().cast(),
                KERNEL,
            )
        };
        // An error is a small negative number, shifted, with the second bit set (`xa_err()`).
        if former as usize & 3 == 2 {
            return Err(Error::from_errno((former as isize >> 2) as c_int));
        }
        Ok(())
    }

    fn remove(&self, device: &Device) {
        // SAFETY: The array is valid.
        unsafe { xa_erase(self.entries.get(), place(device)) };
    }
}

#[pinned_drop]
impl<T: PerDevice> PinnedDrop for Table<T> {
    /// All devices have left before: a namespace ends after them.
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: The array is valid, and nobody uses it any more.
        unsafe { xa_destroy(self.entries.get()) };
    }
}

#[inline]
fn place(device: &Device) -> c_ulong {
    device.index() as c_ulong
}

/// The state of a device, by the namespace that it is in.
///
/// # Safety
///
/// `T::Namespace` must be registered, and the device not leave its namespace during `'a`.
pub(super) unsafe fn find<'a, T: PerDevice>(
    device: &'a Device,
    section: ReadSide<'a>,
) -> Option<&'a T> {
    // SAFETY: By the safety requirement.
    let slot = unsafe { slot::<T>(device) };
    T::table(slot).find(device, section)
}

/// # Safety
///
/// As for [`find`].
unsafe fn slot<T: PerDevice>(device: &Device) -> &Slot<T::Namespace> {
    // SAFETY: A device always has a namespace, which does not end before the device has left it.
    let net = unsafe { Net::from_raw(owner::holding(device.as_ptr())) };
    // SAFETY: By the safety requirement, and as above.
    unsafe { Slot::of(net) }
}

/// Frees an entry when nobody uses it any more.
///
/// # Safety
///
/// The entry must have been made as a `KBox`, and be in no table.
unsafe fn retire<T: PerDevice>(entry: NonNull<Entry<T>>) {
    // SAFETY: By the safety requirement nobody else frees it; the end of the registration waits for
    // the call.
    unsafe { call_rcu(addr_of_mut!((*entry.as_ptr()).rcu), Some(free::<T>)) };
}

/// # Safety
///
/// Called by RCU alone, for an entry that was retired.
unsafe extern "C" fn free<T: PerDevice>(head: *mut callback_head) {
    // SAFETY: The entry begins with the head, and was made so.
    drop(unsafe { KBox::from_raw(head.cast::<Entry<T>>()) });
}

/// The entries of devices that are between two namespaces, as a list. Mostly there is none, since a
/// device moves in one go; but what sits on it may have to leave meanwhile.
struct Moving<T>(*mut Entry<T>);

// SAFETY: The entries are owned.
unsafe impl<T: Send> Send for Moving<T> {}

impl<T: PerDevice> Moving<T> {
    fn push(&mut self, entry: NonNull<Entry<T>>) {
        // SAFETY: The entry is owned by who calls.
        unsafe { (*entry.as_ptr()).next = self.0 };
        self.0 = entry.as_ptr();
    }

    /// Takes the entry of a device, or with `None` any.
    fn take(&mut self, device: Option<&Device>) -> Option<NonNull<Entry<T>>> {
        let mut link: *mut *mut Entry<T> = &mut self.0;
        loop {
            // SAFETY: The links are those of the list, whose entries are owned.
            let entry = NonNull::new(unsafe { *link })?;
            let raw = entry.as_ptr();
            // SAFETY: As above.
            if device.is_none_or(|device| unsafe { (*raw).device } == device.as_ptr()) {
                // SAFETY: As above.
                unsafe { *link = (*raw).next };
                return Some(entry);
            }
            // SAFETY: As above.
            link = unsafe { addr_of_mut!((*raw).next) };
        }
    }
}

/// `T` for every device, for as long as this exists.
#[pin_data(PinnedDrop)]
pub struct Registration<T: PerDevice> {
    #[pin]
    moving: Mutex<Moving<T>>,
    #[pin]
    notifier: Opaque<notifier_block>,
}

// SAFETY: The registration belongs to no thread.
unsafe impl<T: PerDevice> Send for Registration<T> {}
// SAFETY: Nothing can be done with a shared registration.
unsafe impl<T: PerDevice> Sync for Registration<T> {}

impl<T: PerDevice> Registration<T> {
    /// Gives a `T` to every device, those that exist now and those that are made later. May sleep.
    ///
    /// # Safety
    ///
    /// `T::Namespace` must be registered until the registration has been dropped.
    pub unsafe fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            moving <- new_mutex!(Moving(null_mut()), "nsmux::moving"),
            notifier <- Opaque::try_ffi_init(|place: *mut notifier_block| {
                let notifier = notifier_block {
                    notifier_call: Some(notified::<T>),
                    next: null_mut(),
                    priority: 0,
                };
                // SAFETY: `place` is valid for writes.
                unsafe { place.write(notifier) };
                // SAFETY: The notifier is pinned, valid until it is unregistered in `drop`, and in a
                // registration whose list is made already.
                to_result(unsafe { bindings::register_netdevice_notifier(place) })
            }),
        })
    }
}

#[pinned_drop]
impl<T: PerDevice> PinnedDrop for Registration<T> {
    /// Takes the `T` away from every device, and waits until the last one is freed. May sleep.
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: It is registered. An error is returned for a notifier that is not, and no other.
        // The notifier is told of each device that it ends.
        unsafe { bindings::unregister_netdevice_notifier(self.notifier.get()) };
        while let Some(entry) = { self.moving.lock().take(None) } {
            // SAFETY: It was made so, and is in no table.
            unsafe { retire(entry) };
        }
        // SAFETY: No requirements.
        unsafe { rcu_barrier() };
    }
}

/// # Safety
///
/// Called by the kernel alone, for the notifier of a [`Registration<T>`].
unsafe extern "C" fn notified<T: PerDevice>(
    notifier: *mut notifier_block,
    event: c_ulong,
    info: *mut c_void,
) -> c_int {
    // SAFETY: It is the member of a registration.
    let registration =
        unsafe { container_of!(Opaque::cast_from(notifier), Registration<T>, notifier) };
    // SAFETY: The list was made before the notifier was registered.
    let moving = unsafe { &*addr_of!((*registration).moving) };
    // SAFETY: The information is that of a device.
    let device = unsafe { (*info.cast::<netdev_notifier_info>()).dev };
    // SAFETY: The device is valid during the call.
    let Some(device) = (unsafe { Device::from_raw(device) }) else {
        return 0;
    };
    match u32::try_from(event) {
        // SAFETY: The device is in its namespace, and the lock is held under which it moves.
        Ok(NETDEV_REGISTER) => unsafe { appear(moving, device) },
        // SAFETY: As above.
        Ok(NETDEV_UNREGISTER) => unsafe { vanish(moving, device) },
        _ => {}
    }
    0
}

/// A device has come into its namespace. Without memory it goes without a state.
///
/// # Safety
///
/// Called by the notifier alone.
unsafe fn appear<T: PerDevice>(moving: &Mutex<Moving<T>>, device: &Device) {
    let known = moving.lock().take(Some(device));
    let Some(entry) = known.or_else(|| make(device)) else {
        return;
    };
    // SAFETY: The device does not leave during the call.
    let table = T::table(unsafe { slot::<T>(device) });
    if table.insert(device, entry).is_err() {
        // SAFETY: It was made so, and is in no table.
        unsafe { retire(entry) };
        return;
    }
    // SAFETY: Before the device leaves its namespace or the table, `vanish` removes the group.
    let created = unsafe { T::GROUP.create(device) };
    // SAFETY: Nobody else uses this member.
    unsafe { (*entry.as_ptr()).has_group = created.is_ok() };
}

fn make<T: PerDevice>(device: &Device) -> Option<NonNull<Entry<T>>> {
    let entry = Entry {
        rcu: callback_head::default(),
        device: device.as_ptr(),
        has_group: false,
        next: null_mut(),
        value: T::new().ok()?,
    };
    NonNull::new(KBox::into_raw(KBox::new(entry, GFP_KERNEL).ok()?))
}

/// A device is about to leave its namespace, and mostly the system.
///
/// # Safety
///
/// Called by the notifier alone.
unsafe fn vanish<T: PerDevice>(moving: &Mutex<Moving<T>>, device: &Device) {
    // SAFETY: The device does not leave during the call.
    let table = T::table(unsafe { slot::<T>(device) });
    // The kernel may tell of the end of a device more than once.
    let Some(entry) = table.entry(device) else {
        return;
    };
    // SAFETY: Nobody else uses this member.
    if unsafe { core::mem::take(&mut (*entry.as_ptr()).has_group) } {
        // SAFETY: `appear` has made it.
        unsafe { T::GROUP.remove(device) };
    }
    table.remove(device);
    if device.is_moving() {
        moving.lock().push(entry);
    } else {
        // SAFETY: It was made so, and is in no table.
        unsafe { retire(entry) };
    }
}
