// SPDX-License-Identifier: GPL-2.0

//! A file in `/proc/net`, with the contents of the reader's namespace.
//!
//! C header: [`include/linux/proc_fs.h`](srctree/include/linux/proc_fs.h)

use core::ptr::from_ref;
use kernel::ffi::{c_int, c_void};
use kernel::{prelude::*, seq_file::SeqFile};

use super::namespace::Alive;
use crate::bindings;

/// A file, and what writes its contents.
///
/// # Examples
///
/// ```
/// use crate::net::procfs::File;
/// use kernel::seq_file::seq_print;
///
/// /// A file with the number of the packets that were seen.
/// const FILE: File<u64> = File {
///     name: c"seen",
///     show: |seen, file| seq_print!(file, "{}\n", seen),
/// };
/// ```
pub struct File<S> {
    /// The name in `/proc/net`.
    pub name: &'static CStr,
    /// Writes the contents. May sleep.
    pub show: fn(&S, &SeqFile),
}

/// What has a file.
pub(super) trait Contents: Sync + Sized + 'static {
    /// The file.
    const FILE: File<Self>;
}

/// Makes the file in one namespace; whether it worked. May sleep.
///
/// # Safety
///
/// `contents` must be valid, and stay where it is, until [`remove`] has returned.
pub(super) unsafe fn create<S: Contents>(net: Alive<'_>, contents: &S) -> bool {
    // SAFETY: The name is a C string, the directory that of the namespace, and the function fits
    // the data.
    let entry = unsafe {
        bindings::proc_create_single_data(
            S::FILE.name.as_char_ptr(),
            0o444,
            directory(net),
            Some(show::<S>),
            from_ref(contents).cast_mut().cast(),
        )
    };
    !entry.is_null()
}

/// Removes the file, and waits for those who are reading it. May sleep.
pub(super) fn remove<S: Contents>(net: Alive<'_>) {
    // SAFETY: The name is a C string, the directory that of the namespace.
    unsafe { bindings::remove_proc_entry(S::FILE.name.as_char_ptr(), directory(net)) };
}

/// What a process in the namespace has as `/proc/net`.
fn directory(net: Alive<'_>) -> *mut bindings::proc_dir_entry {
    // SAFETY: The namespace is valid. It has the directory from its birth until its end
    // (`proc_net_ns_init()`, `proc_net_ns_exit()`).
    unsafe { (*net.as_ptr()).proc_net }
}

/// # Safety
///
/// Called by procfs alone, for a file that [`create`] made.
unsafe extern "C" fn show<S: Contents>(
    seq: *mut kernel::bindings::seq_file,
    _: *mut c_void,
) -> c_int {
    // SAFETY: The file is valid during the call.
    let data = unsafe { (*seq).private };
    // SAFETY: `single_open()` gives the file the data of the entry, which is valid until the entry is
    // removed: `remove_proc_entry()` waits for this call.
    let contents = unsafe { &*data.cast::<S>() };
    // SAFETY: The file is valid during the call, and not used by anyone else.
    let file = unsafe { SeqFile::from_raw(seq) };
    (S::FILE.show)(contents, file);
    0
}
