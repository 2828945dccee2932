// SPDX-License-Identifier: GPL-2.0

//! A file in `/proc/net`, with the contents of the reader's namespace.
//!
//! C header: [`include/linux/proc_fs.h`](srctree/include/linux/proc_fs.h)

use kernel::ffi::{c_int, c_void};
use kernel::{prelude::*, seq_file::SeqFile};

use super::{
    namespace::{Alive, Net},
    pernet::{PerNamespace, Slot},
};
use crate::bindings;

/// A file, and what writes its contents.
pub struct File<T: PerNamespace> {
    /// The name in `/proc/net`.
    pub name: &'static CStr,
    /// Writes the contents for a reader in the namespace. May sleep.
    pub show: fn(&Slot<T>, &SeqFile),
}

/// Makes the file in one namespace; whether it worked. May sleep.
///
/// # Safety
///
/// The namespace's slot for `T` must be valid until [`remove`] has returned.
pub(super) unsafe fn create<T: PerNamespace>(net: Alive<'_>) -> bool {
    // SAFETY: The name is a C string, the directory that of the namespace, and the function fits
    // what the file is.
    let entry = unsafe {
        bindings::proc_create_net_single(
            T::FILE.name.as_char_ptr(),
            0o444,
            (*net.as_ptr()).proc_net,
            Some(show::<T>),
            core::ptr::null_mut(),
        )
    };
    !entry.is_null()
}

/// Removes the file, and waits for those who are reading it. May sleep.
pub(super) fn remove<T: PerNamespace>(net: Alive<'_>) {
    // SAFETY: The name is a C string, the directory that of the namespace.
    unsafe { bindings::remove_proc_entry(T::FILE.name.as_char_ptr(), (*net.as_ptr()).proc_net) };
}

/// # Safety
///
/// Called by procfs alone, for a file that [`create`] made.
unsafe extern "C" fn show<T: PerNamespace>(
    seq: *mut kernel::bindings::seq_file,
    _: *mut c_void,
) -> c_int {
    // SAFETY: The file is valid during the call, and not used by anyone else.
    let file = unsafe { SeqFile::from_raw(seq) };
    // SAFETY: A file of this kind has the namespace as its private data, and a reference to it.
    let net = unsafe { Net::from_raw((*seq).private.cast()) };
    // SAFETY: `create` requires the slot to be valid until the file is removed, which waits for
    // this call.
    let slot = unsafe { Slot::<T>::of(net) };
    (T::FILE.show)(slot, file);
    0
}
