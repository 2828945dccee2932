// SPDX-License-Identifier: GPL-2.0

//! State for each network device of the namespaces that are watched.
//!
//! `struct net_device` has no room for it. It is found by the index of the device, in a table of the
//! namespace: eight places, and an XArray for the devices whose place is taken. A container mostly
//! has two devices, and a host receives by those that it had first. A hash table of addresses for the
//! whole system would be a hash and a chain on the path of every packet, and its lines be shared by
//! namespaces that have nothing to do with each other. No packet takes a lock or a reference: what is
//! taken out of a table is freed a grace period later.
//!
//! (`kernel::xarray` finds nothing without its lock.)
//!
//! A device that moves leaves the table of one namespace and comes into that of another; its state
//! is the same.
//!
//! C headers: [`include/linux/netdevice.h`](srctree/include/linux/netdevice.h),
//! [`include/linux/xarray.h`](srctree/include/linux/xarray.h)

mod moving;

pub use self::moving::Moving;

use core::{
    array,
    cell::UnsafeCell,
    convert::Infallible,
    ptr::{null_mut, NonNull},
};
use kernel::ffi::{c_int, c_uint, c_ulong};
use kernel::{
    bindings::{xa_erase, xa_find, xa_init_flags, xa_load, xa_store, xarray, GFP_KERNEL as KERNEL},
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{Atomic, Relaxed, Release},
    },
    types::Opaque, //
};

use super::{
    device::NetDevice,
    device_events::{Change, Event},
    rcu,
    rtnl::{self, Rtnl},
    sysfs::{Files, Object, Shown},
};
use crate::bindings::{net_device, LOOPBACK_IFINDEX};

/// What a device gets.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     percpu::PerCpu,
///     perdevice::{Moving, PerDevice},
///     sysfs::{File, Files, List, Shown},
/// };
/// # use kernel::ffi::c_ulong;
///
/// /// The packets of a device, in `/sys/class/net/<device>/seen/packets` by its [`Shown`].
/// struct Seen(PerCpu<1>);
///
/// # static EACH: [File<()>; 1] = [File::new(c"packets", ())];
/// # static LIST: List<(), 2> = List::new(&EACH);
/// # static FILES: Files<()> = Files::new(&LIST);
/// #
/// # impl Shown for Seen {
/// #     type What = ();
/// #     const NAME: &'static CStr = c"seen";
/// #     const FILES: &'static Files<()> = &FILES;
/// #
/// #     fn show(&self, _: ()) -> c_ulong {
/// #         self.0.sum(0)
/// #     }
/// # }
/// #
/// static MOVING: Moving<Seen> = Moving::none();
///
/// impl PerDevice for Seen {
///     fn moving() -> &'static Moving<Self> {
///         &MOVING
///     }
///
///     fn new() -> Result<Self> {
///         Ok(Self(PerCpu::new()?))
///     }
/// }
/// ```
pub trait PerDevice: Shown {
    /// Where the state of a device is that has left one namespace and not yet come into another.
    fn moving() -> &'static Moving<Self>;

    /// Makes the state of a device; without one it goes without. May sleep.
    fn new() -> Result<Self>;
}

/// The state of one device.
pub(super) struct Entry<T> {
    /// For comparison alone: it may be gone.
    device: *const net_device,
    value: T,
    /// The index by which it is in the table.
    index: Atomic<c_int>,
}

// SAFETY: The device is compared and nothing else.
unsafe impl<T: Send> Send for Entry<T> {}
// SAFETY: As above.
unsafe impl<T: Sync> Sync for Entry<T> {}

impl<T: Shown> Shown for Entry<T> {
    type What = T::What;
    const NAME: &'static CStr = T::NAME;
    const FILES: &'static Files<T::What> = T::FILES;

    fn show(&self, what: T::What) -> c_ulong {
        self.value.show(what)
    }
}

/// How many places there are, a power of two.
const PLACES: usize = 8;
/// The index of each namespace's loopback device.
const LOOPBACK: c_int = LOOPBACK_IFINDEX as c_int;

/// The devices of one namespace.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     device_events::{Event, Watcher},
///     perdevice::{PerDevice, Table},
/// };
///
/// /// What a namespace has: it passes on what it is told of its devices.
/// struct Devices<T: PerDevice> {
///     table: Table<T>,
/// }
///
/// impl<T: PerDevice> Watcher for Devices<T> {
///     fn device(&self, event: Event<'_>) {
///         self.table.follow(event);
///     }
/// }
/// ```
///
/// # Invariants
///
/// Each pointer, in a place and in the array, is null or owns a reference to an [`Object`]. They
/// change under RTNL alone.
#[pin_data(PinnedDrop)]
pub struct Table<T: PerDevice> {
    places: [UnsafeCell<*mut Object<Entry<T>>>; PLACES],
    #[pin]
    others: Opaque<xarray>,
    /// Whether there ever was a device.
    is_used: Atomic<bool>,
}

// SAFETY: What is found can be shared; the rest changes under RTNL alone, by the type invariants.
unsafe impl<T: PerDevice> Send for Table<T> {}
// SAFETY: As above.
unsafe impl<T: PerDevice> Sync for Table<T> {}

impl<T: PerDevice> Table<T> {
    /// Without devices.
    pub fn new() -> impl PinInit<Self, Infallible> {
        pin_init!(Self {
            // INVARIANT: No pointers.
            places: array::from_fn(|_| UnsafeCell::new(null_mut())),
            // SAFETY: The place is valid for writes.
            others <- Opaque::ffi_init(|place| unsafe { xa_init_flags(place, 0) }),
            is_used: Atomic::new(false),
        })
    }

    /// The state of a device, if it is in this namespace and has one. Mostly three loads. Any
    /// context.
    #[inline(always)]
    pub fn find<'a>(&self, device: &NetDevice, section: rcu::Section<'a>) -> Option<&'a T> {
        match self.find_in_place(device, section) {
            Some(value) => Some(value),
            None => self.find_other(device, section),
        }
    }

    /// The same, where three loads are enough; `None` says no more than that they are not. Any
    /// context.
    #[inline(always)]
    pub fn find_in_place<'a>(
        &self,
        device: &NetDevice,
        _section: rcu::Section<'a>,
    ) -> Option<&'a T> {
        // SAFETY: The place is valid for reads. Volatile as `rcu_dereference()`.
        let object = unsafe { self.place(device.index()).get().read_volatile() };
        // SAFETY: By the type invariants, and those of `Object`, it is valid until the section ends.
        let object = unsafe { object.as_ref() }?;
        (object.value.device == device.as_ptr()).then_some(&object.value.value)
    }

    #[cold]
    #[inline(never)]
    fn find_other<'a>(&self, device: &NetDevice, _section: rcu::Section<'a>) -> Option<&'a T> {
        // SAFETY: The array is valid.
        let object = unsafe { xa_load(self.others.get(), key(device.index())) };
        // SAFETY: As in `find`.
        let object = unsafe { object.cast::<Object<Entry<T>>>().as_ref() }?;
        (object.value.device == device.as_ptr()).then_some(&object.value.value)
    }

    #[inline(always)]
    fn place(&self, index: c_int) -> &UnsafeCell<*mut Object<Entry<T>>> {
        // The remainder is that of a power of two, and never out of bounds.
        &self.places[index as c_uint as usize % PLACES]
    }

    /// A device comes or leaves. May sleep.
    pub fn follow(&self, event: Event<'_>) {
        match event.change {
            Change::Comes => self.admit(event.device, event.rtnl),
            Change::Moves => {
                if let Some(object) = self.dismiss(event.device, event.rtnl) {
                    T::moving().put(object, event.device, self, event.rtnl);
                }
            }
            // The kernel may tell of the end of a device more than once.
            Change::Ends => drop(self.dismiss(event.device, event.rtnl)),
        }
    }

    /// Makes the state of a device, or takes that which it had before, and shows it.
    fn admit(&self, device: &NetDevice, rtnl: Rtnl<'_>) {
        let object = match T::moving().take(device, rtnl) {
            Some(object) => object,
            None => match make(device) {
                Ok(object) => object,
                // Without memory it goes without.
                Err(_) => return,
            },
        };
        object.value.index.store(device.index(), Relaxed);
        // Without memory for a directory it has its state all the same.
        let _ = object.show_at(device, rtnl);
        self.is_used.store(true, Relaxed);
        self.insert(object, rtnl);
    }

    /// Takes a device out, and what shows it.
    fn dismiss(&self, device: &NetDevice, rtnl: Rtnl<'_>) -> Option<ARef<Object<Entry<T>>>> {
        let object = self.remove(device, rtnl)?;
        object.hide(rtnl);
        Some(object)
    }

    fn insert(&self, object: ARef<Object<Entry<T>>>, _held: Rtnl<'_>) {
        let index = object.value.index.load(Relaxed);
        // SAFETY: The place is valid, and all that others do with it are reads of one word.
        let place = unsafe { Atomic::from_ptr(self.place(index).get()) };
        let former = place.load(Relaxed);
        // SAFETY: By the type invariants it is null or an object.
        let is_free = match unsafe { former.as_ref() } {
            None => true,
            // Loopback gives way to what packets come by from elsewhere: first it is in the array, then
            // no longer in the place.
            Some(former) if former.value.index.load(Relaxed) == LOOPBACK => {
                self.store(LOOPBACK, former.into())
            }
            Some(_) => false,
        };
        if !is_free {
            self.store(index, object);
            return;
        }
        // INVARIANT: The reference is the place's now.
        place.store(ARef::into_raw(object).as_ptr(), Release);
        if let Some(former) = NonNull::new(former) {
            // SAFETY: The array has a reference of its own; this was the place's.
            drop(unsafe { ARef::from_raw(former) });
        }
    }

    /// Puts an object into the array, or lets go of it for want of memory; whether it is there. May
    /// sleep.
    fn store(&self, index: c_int, object: ARef<Object<Entry<T>>>) -> bool {
        let object = ARef::into_raw(object);
        let pointer = object.as_ptr().cast();
        // SAFETY: The array is valid. INVARIANT: The reference is the array's now.
        let former = unsafe { xa_store(self.others.get(), key(index), pointer, KERNEL) };
        // An error is a small negative number, shifted, with the second bit set (`xa_err()`).
        let is_stored = former as usize & 3 != 2;
        // What is no longer there, or never was, gives its reference back.
        let given_back = if is_stored {
            former.cast()
        } else {
            object.as_ptr()
        };
        if let Some(object) = NonNull::new(given_back) {
            // SAFETY: By the type invariants, or as it was ours, a reference is owned.
            drop(unsafe { ARef::from_raw(object) });
        }
        is_stored
    }

    fn remove(&self, device: &NetDevice, _held: Rtnl<'_>) -> Option<ARef<Object<Entry<T>>>> {
        let is_of = |object: *mut Object<Entry<T>>| {
            // SAFETY: By the type invariants it is null or an object.
            unsafe { object.as_ref() }.is_some_and(|object| object.value.device == device.as_ptr())
        };
        let index = device.index();
        // SAFETY: The place is valid, and all that others do with it are reads of one word.
        let place = unsafe { Atomic::from_ptr(self.place(index).get()) };
        let object = place.load(Relaxed);
        if is_of(object) {
            place.store(null_mut(), Relaxed);
            // SAFETY: By the type invariants a reference was owned.
            return NonNull::new(object).map(|object| unsafe { ARef::from_raw(object) });
        }
        // SAFETY: The array is valid.
        let object = unsafe { xa_load(self.others.get(), key(index)) }.cast();
        if !is_of(object) {
            return None;
        }
        // SAFETY: The array is valid.
        unsafe { xa_erase(self.others.get(), key(index)) };
        // SAFETY: By the type invariants a reference was owned.
        NonNull::new(object).map(|object| unsafe { ARef::from_raw(object) })
    }
}

#[pinned_drop]
impl<T: PerDevice> PinnedDrop for Table<T> {
    /// All devices have left before, where those who are told of them pass it on. May sleep.
    fn drop(self: Pin<&mut Self>) {
        if self.is_used.load(Relaxed) {
            let lock = rtnl::lock();
            T::moving().forget(&self, lock.held());
        }
        for place in &self.places {
            // SAFETY: Nobody else uses the table any more.
            if let Some(object) = NonNull::new(unsafe { place.get().read() }) {
                // SAFETY: By the type invariants a reference is owned.
                drop(unsafe { ARef::from_raw(object) });
            }
        }
        let mut index = 0;
        loop {
            let others = self.others.get();
            // SAFETY: The array is valid.
            let object = unsafe { xa_find(others, &mut index, c_ulong::MAX, XA_PRESENT) };
            let Some(object) = NonNull::new(object.cast::<Object<Entry<T>>>()) else {
                break;
            };
            // SAFETY: The array is valid.
            unsafe { xa_erase(others, index) };
            // SAFETY: By the type invariants a reference was owned.
            drop(unsafe { ARef::from_raw(object) });
        }
    }
}

/// `XA_PRESENT`: whatever is there.
const XA_PRESENT: c_uint = 8;

fn key(index: c_int) -> c_ulong {
    index as c_ulong
}

fn make<T: PerDevice>(device: &NetDevice) -> Result<ARef<Object<Entry<T>>>> {
    Object::new(Entry {
        device: device.as_ptr(),
        value: T::new()?,
        index: Atomic::new(0),
    })
}
