// SPDX-License-Identifier: GPL-2.0

//! Objects with a directory in sysfs, each file in it a number.
//!
//! A directory of a network device is in `/sys/class/net/<device>/`, which is only seen in the
//! namespace that owns the device.
//!
//! C headers: [`include/linux/kobject.h`](srctree/include/linux/kobject.h),
//! [`include/linux/sysfs.h`](srctree/include/linux/sysfs.h)

use core::{
    marker::PhantomData,
    mem::zeroed,
    ptr::{addr_of, addr_of_mut, from_ref, NonNull},
};
use kernel::ffi::{c_char, c_ulong};
use kernel::{
    bindings::{
        attribute, attribute_group, attribute_group__bindgen_ty_2, call_rcu, callback_head, device,
        kgid_t, kobj_type, kobject, kobject_add, kobject_del, kobject_get, kobject_init,
        kobject_put, kuid_t, sysfs_emit, sysfs_ops,
    },
    container_of,
    error::to_result,
    prelude::*,
    sync::aref::{ARef, AlwaysRefCounted},
    types::Opaque, //
};

use super::{device::NetDevice, rtnl::Rtnl};

/// What the files of a directory show. RCU drops it, in a softirq: what it does then must not sleep.
///
/// # Examples
///
/// ```
/// use crate::net::sysfs::{File, Files, List, Shown};
/// use kernel::ffi::c_ulong;
///
/// struct Counts { received: c_ulong, sent: c_ulong }
///
/// #[derive(Clone, Copy)]
/// enum What { Received, Sent }
///
/// static EACH: [File<What>; 2] = [
///     File::new(c"received", What::Received),
///     File::new(c"sent", What::Sent),
/// ];
/// static LIST: List<What, 3> = List::new(&EACH);
/// static FILES: Files<What> = Files::new(&LIST);
///
/// impl Shown for Counts {
///     type What = What;
///     const NAME: &'static CStr = c"counts";
///     const FILES: &'static Files<What> = &FILES;
///
///     fn show(&self, what: What) -> c_ulong {
///         match what {
///             What::Received => self.received,
///             What::Sent => self.sent,
///         }
///     }
/// }
/// ```
pub trait Shown: Send + Sync + Sized + 'static {
    /// What one file shows.
    type What: Copy + Sync + 'static;

    /// The name of the directory.
    const NAME: &'static CStr;

    /// The files in it.
    const FILES: &'static Files<Self::What>;

    /// The number that a file shows. In a process.
    fn show(&self, what: Self::What) -> c_ulong;
}

/// A file with a number, which anyone may read who sees it.
///
/// See the example of [`Shown`].
#[repr(C)]
pub struct File<W> {
    /// First, so that its address is that of the whole.
    raw: attribute,
    what: W,
}

// SAFETY: Nobody writes to it.
unsafe impl<W: Sync> Sync for File<W> {}

impl<W> File<W> {
    /// With a name, and what it shows.
    pub const fn new(name: &'static CStr, what: W) -> Self {
        // SAFETY: All zeroes is a valid value: null pointers and numbers.
        let mut raw: attribute = unsafe { zeroed() };
        raw.name = name.to_bytes_with_nul().as_ptr().cast();
        raw.mode = 0o444;
        Self { raw, what }
    }
}

/// The files of a directory, and the null pointer that ends them.
///
/// See the example of [`Shown`].
pub struct List<W, const N: usize>([*mut attribute; N], PhantomData<fn(W)>);

// SAFETY: Nobody writes to it.
unsafe impl<W, const N: usize> Sync for List<W, N> {}

impl<W, const N: usize> List<W, N> {
    /// All that are in an array.
    pub const fn new<const FILES: usize>(files: &'static [File<W>; FILES]) -> Self {
        assert!(N == FILES + 1, "the list has to be one longer");
        let mut list = [core::ptr::null_mut(); N];
        let mut place = 0;
        while place < FILES {
            // What begins with it is read, too: the address is that of the whole.
            list[place] = from_ref(&files[place]).cast_mut().cast();
            place += 1;
        }
        Self(list, PhantomData)
    }
}

/// All files of a directory.
///
/// See the example of [`Shown`].
pub struct Files<W>(attribute_group, PhantomData<fn(W)>);

// SAFETY: Nobody writes to it.
unsafe impl<W> Sync for Files<W> {}

impl<W> Files<W> {
    /// Those of a list.
    pub const fn new<const N: usize>(list: &'static List<W, N>) -> Self {
        // SAFETY: All zeroes is a valid value: null pointers.
        let mut group: attribute_group = unsafe { zeroed() };
        group.__bindgen_anon_2 = attribute_group__bindgen_ty_2 {
            attrs: list.0.as_ptr().cast_mut(),
        };
        Self(group, PhantomData)
    }
}

/// A value that has references, `struct kobject`, and is freed a grace period after the last one is
/// given back: who has found it in a read-side section may use it until that ends.
///
/// # Invariants
///
/// It was allocated as a `KBox`, and its kobject has been initialised.
#[repr(C)]
pub(super) struct Object<T: Shown> {
    /// First, where it is read: the rest is for its birth and its end.
    pub(super) value: T,
    kobject: Opaque<kobject>,
    rcu: Opaque<callback_head>,
}

// SAFETY: The value can be shared, and the kobject has locks and atomic counts of its own.
unsafe impl<T: Shown> Send for Object<T> {}
// SAFETY: As above.
unsafe impl<T: Shown> Sync for Object<T> {}

// SAFETY: `kref` counts the references, and `free` is called a grace period after the last.
unsafe impl<T: Shown> AlwaysRefCounted for Object<T> {
    fn inc_ref(&self) {
        // SAFETY: By the type invariants.
        unsafe { kobject_get(self.kobject.get()) };
    }

    unsafe fn dec_ref(object: NonNull<Self>) {
        // SAFETY: By the type invariants and the safety requirement.
        unsafe { kobject_put((*object.as_ptr()).kobject.get()) };
    }
}

impl<T: Shown> Object<T> {
    /// Makes one that has no directory yet. May sleep.
    pub(super) fn new(value: T) -> Result<ARef<Self>> {
        let object = KBox::new(
            Self {
                value,
                kobject: Opaque::zeroed(),
                rcu: Opaque::zeroed(),
            },
            GFP_KERNEL,
        )?;
        let object = NonNull::from(KBox::leak(object));
        // SAFETY: The kobject is all zeroes, as `kobject_init()` wants it, and stays where it is
        // until its `release` is called. INVARIANT: Now it is initialised.
        unsafe { kobject_init((*object.as_ptr()).kobject.get(), Self::TYPE) };
        // SAFETY: `kobject_init()` has made one reference, which is ours.
        Ok(unsafe { ARef::from_raw(object) })
    }

    /// Makes its directory in that of a device, which keeps the memory of the device until
    /// [`hide`](Self::hide); `EEXIST` if it has one. May sleep.
    pub(super) fn show_at(&self, device: &NetDevice, held: Rtnl<'_>) -> Result {
        if self.is_shown(held) {
            return Err(EEXIST);
        }
        // SAFETY: The kobject is initialised and in no directory, that of the device is initialised
        // before it has a name (`device_initialize()`), and the format has one string.
        to_result(unsafe {
            kobject_add(
                self.kobject.get(),
                kobject_of(device),
                c"%s".as_char_ptr(),
                T::NAME.as_char_ptr(),
            )
        })
    }

    /// Removes its directory, and waits for those who are reading a file in it; nothing if it has
    /// none. May sleep.
    pub(super) fn hide(&self, held: Rtnl<'_>) {
        if self.is_shown(held) {
            // SAFETY: It has been added, and not been taken out since.
            unsafe { kobject_del(self.kobject.get()) };
        }
    }

    fn is_shown(&self, _held: Rtnl<'_>) -> bool {
        // SAFETY: By the type invariants; the bit changes in `show_at` and `hide`, under the lock.
        unsafe { kobject::state_in_sysfs_raw(self.kobject.get()) != 0 }
    }

    const OPERATIONS: sysfs_ops = sysfs_ops {
        show: Some(show::<T>),
        store: None,
    };
    const GROUPS: [*const attribute_group; 2] = [&T::FILES.0, core::ptr::null()];
    const TYPE: &'static kobj_type = &kobj_type {
        release: Some(release::<T>),
        sysfs_ops: &Self::OPERATIONS,
        default_groups: Self::GROUPS.as_ptr().cast_mut(),
        child_ns_type: None,
        namespace: None,
        get_ownership: Some(own),
    };
}

fn kobject_of(of: &NetDevice) -> *mut kobject {
    // SAFETY: A valid device; nothing is read.
    let within = unsafe { addr_of!((*of.as_ptr()).dev) };
    // SAFETY: As above.
    unsafe { addr_of_mut!((*within.cast::<device>().cast_mut()).kobj) }
}

/// # Safety
///
/// Called by sysfs alone, for a file of the directory of an [`Object<T>`], with a page to write to.
unsafe extern "C" fn show<T: Shown>(
    kobject: *mut kobject,
    file: *mut attribute,
    page: *mut c_char,
) -> isize {
    // SAFETY: It is the member of an object. Who lets go of that has its directory removed before, which
    // waits for this (`kernfs_drain()`).
    let object = unsafe { &*container_of!(Opaque::cast_from(kobject), Object<T>, kobject) };
    // SAFETY: It begins with the member that sysfs knows.
    let file = unsafe { &*file.cast::<File<T::What>>() };
    let number: c_ulong = object.value.show(file.what);
    // SAFETY: The format has one number.
    unsafe { sysfs_emit(page, c"%lu\n".as_char_ptr(), number) as isize }
}

/// The directory belongs to whom that of the device belongs to.
///
/// # Safety
///
/// Called by sysfs alone, for an object that is being added, with places to write to.
unsafe extern "C" fn own(kobject: *const kobject, user: *mut kuid_t, group: *mut kgid_t) {
    // SAFETY: `kobject_add()` has set the parent, and holds it.
    let parent = unsafe { (*kobject).parent };
    // SAFETY: A parent was added, and so has a type (`kobject_init()`).
    let kind = unsafe { (*parent).ktype };
    // SAFETY: The type is as long-lived as the parent.
    let own = unsafe { (*kind).get_ownership };
    // What is not written remains that of the initial user namespace's root.
    if let Some(own) = own {
        // SAFETY: The function is that of the parent's type, and the places are those of this call.
        unsafe { own(parent, user, group) };
    }
}

/// # Safety
///
/// Called by the kernel alone, when the last reference to an [`Object<T>`] was given back.
unsafe extern "C" fn release<T: Shown>(kobject: *mut kobject) {
    // SAFETY: It is the member of an object.
    let object = unsafe { container_of!(Opaque::cast_from(kobject), Object<T>, kobject) };
    // SAFETY: Nobody else frees it, and who has found it is done a grace period later.
    unsafe { call_rcu((*object).rcu.get(), Some(free::<T>)) };
}

/// # Safety
///
/// Called by RCU alone, for an object that was released.
unsafe extern "C" fn free<T: Shown>(head: *mut callback_head) {
    // SAFETY: It is the member of an object.
    let object = unsafe { container_of!(Opaque::cast_from(head), Object<T>, rcu) };
    // SAFETY: It was made so.
    drop(unsafe { KBox::from_raw(object.cast_mut()) });
}
