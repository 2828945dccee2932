// SPDX-License-Identifier: GPL-2.0

//! Per-namespace state, from the birth of a namespace to its death or the unloading of the module.
//!
//! A type that implements [`PerNamespace`] says what each namespace gets: a value, hooks,
//! variables, a file. This module makes them and takes them away. The order is what makes it sound:
//! what user space can call goes first and is waited for, then the hooks; a grace period passes;
//! then the value is dropped.
//!
//! C headers: [`include/net/net_namespace.h`](srctree/include/net/net_namespace.h),
//! [`include/net/netns/generic.h`](srctree/include/net/netns/generic.h)

use core::{
    cell::UnsafeCell,
    convert::Infallible,
    marker::PhantomData,
    ops::Deref,
    ptr::{addr_of, NonNull},
};
use kernel::ffi::{c_int, c_uint, c_void};
use kernel::{
    bindings::rcu_barrier,
    error::to_result,
    new_mutex,
    prelude::*,
    sync::{
        atomic::{Atomic, Full, Release},
        rcu, Mutex,
    },
    types::Opaque, //
};

use super::{
    device_events::{Watch, Watcher},
    namespace::{Alive, Net},
    netfilter::{Hook, Hooks},
    procfs::{self, Contents, File},
    sysctl::{Directory, Table, Variables},
};
use crate::bindings;

/// What every namespace gets.
///
/// See the example of [`net`](crate::net).
///
/// # Safety
///
/// [`id`](Self::id) must always give the same `static`.
pub unsafe trait PerNamespace: Watcher + Send + Sync + Sized + 'static {
    /// The hooks that [`Living::set_hooks`] sets.
    const HOOKS: &'static [Hook<Self>];

    /// The variables in `/proc/sys/net`.
    const DIRECTORY: Directory<Slot<Self>>;

    /// The file in `/proc/net`.
    const FILE: File<Slot<Self>>;

    /// Where the kernel notes the place of the slots.
    fn id() -> &'static Id<Self>;

    /// Makes the value for a namespace that is being born. It cannot fail, since the namespace
    /// would then fail to be made at all: what may fail is done later, or done without. May sleep.
    fn new(net: Alive<'_>) -> impl PinInit<Self, Infallible>;

    /// Called once when all else is in place, before any process is in the namespace; for the
    /// namespaces that exist when the module is loaded, at that time. May sleep.
    fn born(slot: Living<'_, Self>);

    /// Called once before anything is taken away: when the namespace ends, or the module is
    /// unloaded. May sleep.
    fn leaving(slot: Living<'_, Self>);
}

/// The place of the slots for `T` in `struct net`, which the kernel chooses.
///
/// See the example of [`net`](crate::net).
pub struct Id<T> {
    place: UnsafeCell<c_uint>,
    is_taken: Atomic<bool>,
    _type: PhantomData<fn() -> T>,
}

// SAFETY: The kernel writes it in the registration, of which `is_taken` lets one be at a time, before
// any namespace has a slot; who reads it has evidence of the registration.
unsafe impl<T> Sync for Id<T> {}

impl<T> Id<T> {
    /// Not registered yet.
    pub const fn unregistered() -> Self {
        Self {
            place: UnsafeCell::new(0),
            is_taken: Atomic::new(false),
            _type: PhantomData,
        }
    }
}

/// The state of one namespace: a `T`, and what belongs to it.
///
/// See the example of [`net`](crate::net).
#[pin_data]
pub struct Slot<T: PerNamespace> {
    raw_net: NonNull<bindings::net>,
    #[pin]
    hooks: Mutex<Hooks<T>>,
    #[pin]
    table: Mutex<Option<Table>>,
    #[pin]
    has_file: Mutex<bool>,
    #[pin]
    watch: Watch<T>,
    #[pin]
    value: T,
}

// SAFETY: The pointer is that of a namespace, which is `Sync`, as everything else is.
unsafe impl<T: PerNamespace> Sync for Slot<T> {}

impl<T: PerNamespace> Slot<T> {
    fn new(net: Alive<'_>) -> impl PinInit<Self, Infallible> + '_ {
        pin_init!(Self {
            raw_net: NonNull::from(net.net()).cast(),
            hooks <- new_mutex!(Hooks::new(), "pernet::hooks"),
            table <- new_mutex!(None, "pernet::table"),
            has_file <- new_mutex!(false, "pernet::file"),
            watch <- Watch::new(),
            value <- T::new(net),
        })
    }

    /// The slot of a namespace, `net_generic()`.
    ///
    /// # Safety
    ///
    /// `T` must be registered, `net` must have been born after that or have existed then, and
    /// neither may come to its `exit` during `'a`.
    #[inline]
    pub unsafe fn of(net: &Net) -> &Self {
        // SAFETY: The slot is valid by the safety requirement.
        unsafe { &*Self::place(net) }
    }

    /// # Safety
    ///
    /// As for [`of`](Self::of), but the slot may not have a value yet.
    #[inline]
    unsafe fn place(net: &Net) -> *mut Self {
        // SAFETY: The identifier is set when `T` is registered.
        let id = unsafe { T::id().place.get().read() };
        // The array is replaced by a longer one at times, and freed; the pointers in it never
        // change.
        let _guard = rcu::read_lock();
        // SAFETY: A namespace always has the array. Volatile as `rcu_dereference()`.
        let slots = unsafe { addr_of!((*net.as_ptr()).gen).read_volatile() };
        // SAFETY: The array reaches to the identifier at least, since the slot was put there
        // (`net_assign_generic()`), and lies at the beginning of the structure.
        unsafe { slots.cast::<*mut c_void>().add(id as usize).read() }.cast()
    }

    /// The namespace that the slot belongs to.
    pub fn net(&self) -> &Net {
        // SAFETY: A slot is inside the life of its namespace.
        unsafe { Net::from_raw(self.raw_net.as_ptr()) }
    }
}

impl<T: PerNamespace> Deref for Slot<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: PerNamespace> Contents for Slot<T> {
    const FILE: File<Self> = T::FILE;
}

impl<T: PerNamespace> Variables for Slot<T> {
    type Changed<'a> = Living<'a, T>;
    const DIRECTORY: Directory<Self> = T::DIRECTORY;

    fn net(&self) -> &Net {
        self.net()
    }

    unsafe fn changed<'a>(&'a self, net: Alive<'a>) -> Living<'a, T> {
        // INVARIANT: By the safety requirement.
        Living { slot: self, net }
    }
}

/// The slot of a namespace that does not end for all of `'a`: what has to be undone before it does
/// can be done through this alone.
///
/// See the example of [`net`](crate::net).
///
/// # Invariants
///
/// The slot is the namespace's.
pub struct Living<'a, T: PerNamespace> {
    slot: &'a Slot<T>,
    net: Alive<'a>,
}

impl<'a, T: PerNamespace> Living<'a, T> {
    /// The slot of a namespace, `net_generic()`.
    ///
    /// See [`Request::living`](super::genetlink::Request::living) for those who are asked.
    ///
    /// # Safety
    ///
    /// `T` must be registered for `'a`, and [`born`](PerNamespace::born) be about to be called for the
    /// namespace, or have been.
    pub unsafe fn of(net: Alive<'a>) -> Self {
        // SAFETY: By the safety requirement the slot has its value; `exit` comes after the end of `Alive`.
        let slot = unsafe { Slot::of(net.net()) };
        // INVARIANT: Just found.
        Self { slot, net }
    }

    /// The namespace.
    pub fn net(self) -> Alive<'a> {
        self.net
    }

    /// Begins to tell the value of the devices that come and leave, those that are there included;
    /// nothing if that has begun. It goes on until the namespace ends. May sleep, and takes RTNL.
    pub fn watch_devices(self) -> Result {
        // SAFETY: `exit` ends the watch before the slot and the namespace go.
        unsafe { self.slot.watch.begin(self.net, &self.slot.value) }
    }

    /// Sets the hooks; nothing if they are set. If one cannot be set, none is. May sleep.
    pub fn set_hooks(self) -> Result {
        let mut hooks = self.slot.hooks.lock();
        // SAFETY: The slot stays where it is until `exit`, between which and `pre_exit`, where the
        // hooks are unset at the latest, lies a grace period. The namespace does not come to the end
        // of `pre_exit` during this call, by the invariants of `Alive`.
        unsafe { hooks.set(self.net, &self.slot.value, T::HOOKS) }
    }

    /// Unsets the hooks; nothing if they are not set. Calls that are under way may last for a grace
    /// period. May sleep.
    pub fn unset_hooks(self) {
        self.slot.hooks.lock().unset(self.net);
    }
}

impl<T: PerNamespace> Clone for Living<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: PerNamespace> Copy for Living<'_, T> {}

impl<T: PerNamespace> Deref for Living<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.slot
    }
}

/// `T` in every namespace, for as long as this exists.
///
/// See the example of [`net`](crate::net).
#[pin_data(PinnedDrop)]
pub struct Registration<T: PerNamespace> {
    #[pin]
    operations: Opaque<bindings::pernet_operations>,
    _type: PhantomData<T>,
}

// SAFETY: The registration belongs to no thread.
unsafe impl<T: PerNamespace> Send for Registration<T> {}
// SAFETY: Nothing can be done with a shared registration.
unsafe impl<T: PerNamespace> Sync for Registration<T> {}

impl<T: PerNamespace> Registration<T> {
    /// Gives a `T` to every namespace, those that exist now and those that are made later. May
    /// sleep.
    pub fn new() -> impl PinInit<Self, Error> {
        // The kernel allocates the slots, and `kzalloc()` aligns to no more than this.
        const { assert!(align_of::<Slot<T>>() <= align_of::<u64>()) };
        try_pin_init!(Self {
            operations <- Opaque::try_ffi_init(|place: *mut bindings::pernet_operations| {
                let operations = bindings::pernet_operations {
                    // SAFETY: All zeroes is a valid list head for one that is not in a list.
                    list: unsafe { core::mem::zeroed() },
                    init: Some(init::<T>),
                    pre_exit: Some(pre_exit::<T>),
                    exit: Some(exit::<T>),
                    exit_batch: None,
                    exit_rtnl: None,
                    id: T::id().place.get(),
                    size: size_of::<Slot<T>>(),
                };
                if T::id().is_taken.xchg(true, Full) {
                    return Err(EBUSY);
                }
                // SAFETY: `place` is valid for writes.
                unsafe { place.write(operations) };
                // SAFETY: The operations are pinned, and valid until they are unregistered in
                // `drop`; an error leaves them unregistered.
                to_result(unsafe { bindings::register_pernet_subsys(place) })
                    .inspect_err(|_| T::id().is_taken.store(false, Release))
            }),
            _type: PhantomData,
        })
    }
}

#[pinned_drop]
impl<T: PerNamespace> PinnedDrop for Registration<T> {
    /// Takes the `T` away from every namespace. A grace period lies between the unsetting of the
    /// last hook and the end of this, and what the `T` had left to RCU is freed: the text of the
    /// module is no longer used. May sleep.
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: They are registered.
        unsafe { bindings::unregister_pernet_subsys(self.operations.get()) };
        // SAFETY: No requirements.
        unsafe { rcu_barrier() };
        T::id().is_taken.store(false, Release);
    }
}

/// # Safety
///
/// Called by the kernel alone, for a namespace that is being born, or for each that exists during
/// the registration.
unsafe extern "C" fn init<T: PerNamespace>(net: *mut bindings::net) -> c_int {
    // SAFETY: The namespace is valid.
    let net = unsafe { Net::from_raw(net) };
    // SAFETY: It cannot end: `setup_net()` is under way, or the registration holds the lock that
    // `cleanup_net()` takes first.
    let net = unsafe { Alive::assume(net) };
    // SAFETY: The kernel has set the identifier, and the slot, before it calls this.
    let place = unsafe { Slot::<T>::place(net.net()) };
    // SAFETY: The memory is of the size that was asked for, and stays where it is until `exit` has
    // returned.
    match unsafe { Slot::<T>::new(net).__init(place) } {
        Ok(()) => {}
        Err(never) => match never {},
    }
    // SAFETY: Just made.
    let living = unsafe { Living::<T>::of(net) };
    let slot = living.slot;

    // Before user space can write a variable: what it writes is the last word.
    T::born(living);
    // SAFETY: `pre_exit` drops the table, and the slot, which is this namespace's, is valid until `exit`.
    match unsafe { Table::new(net, slot) } {
        Ok(table) => *slot.table.lock() = Some(table),
        Err(error) => pr_warn!("no variables in namespace {}: {:?}\n", net.cookie(), error),
    }
    // SAFETY: `pre_exit` removes the file, and the slot is valid until `exit`.
    *slot.has_file.lock() = unsafe { procfs::create(net, slot) };
    0
}

/// # Safety
///
/// Called by the kernel alone, for a namespace for which `init` was called.
unsafe extern "C" fn pre_exit<T: PerNamespace>(net: *mut bindings::net) {
    // SAFETY: The namespace is valid.
    let net = unsafe { Net::from_raw(net) };
    // SAFETY: It does not come to the end of `pre_exit` before this returns.
    let net = unsafe { Alive::assume(net) };
    // SAFETY: `init` has made it.
    let living = unsafe { Living::<T>::of(net) };
    let slot = living.slot;
    T::leaving(living);
    // Out of the lock, under which no one waits for anyone else.
    let table = slot.table.lock().take();
    drop(table);
    if core::mem::take(&mut *slot.has_file.lock()) {
        procfs::remove::<Slot<T>>(net);
    }
    living.unset_hooks();
}

/// # Safety
///
/// Called by the kernel alone, a grace period after `pre_exit` for the same namespace.
unsafe extern "C" fn exit<T: PerNamespace>(net: *mut bindings::net) {
    // SAFETY: The namespace is valid.
    let net = unsafe { Net::from_raw(net) };
    // SAFETY: `init` has made it, and it is dropped below.
    unsafe { Slot::<T>::of(net) }.watch.end(net);
    // SAFETY: `init` has made it, and nobody uses it any more: see the top of this file. The kernel
    // frees the memory.
    unsafe { Slot::<T>::place(net).drop_in_place() };
}
