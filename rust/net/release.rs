// SPDX-License-Identifier: GPL-2.0

//! Which kernel this is, and which one the module was built for.
//!
//! Where the members of the kernel's structures are was fixed when the module was built. The kernel
//! compares releases itself (`vermagic`), unless it is told not to: `modprobe --force`, `insmod -f`.
//!
//! C headers: [`include/linux/utsname.h`](srctree/include/linux/utsname.h), `generated/utsrelease.h`

use core::{mem::offset_of, ptr::addr_of};
use kernel::prelude::*;

use crate::bindings;

/// What the module was built for.
const BUILT_FOR: &CStr = match CStr::from_bytes_with_nul(bindings::UTS_RELEASE) {
    Ok(release) => release,
    Err(_) => panic!("a string of C ends with a zero"),
};
const LENGTH: usize = bindings::__NEW_UTS_LEN as usize + 1;

/// Refuses a kernel of another release than the one that the module was built for, and says which they
/// are. In a process, before anything else of the kernel is looked at.
///
/// # Errors
///
/// `ENOEXEC`, as what the kernel itself would have said.
///
/// # Examples
///
/// ```
/// use crate::net::release;
///
/// /// What a module begins with.
/// fn begin() -> Result {
///     release::check()
/// }
/// ```
pub fn check() -> Result {
    if running().starts_with(bindings::UTS_RELEASE) {
        return Ok(());
    }
    pr_err!(
        "built for Linux {}, and this is another one: build nsmux again, with the tree of this kernel\n",
        BUILT_FOR,
    );
    Err(ENOEXEC)
}

/// The release of the running kernel, up to a zero and beyond.
fn running() -> [u8; LENGTH] {
    // It has been the first member for as long as there have been namespaces of it: whatever kernel this
    // is.
    const { assert!(offset_of!(bindings::uts_namespace, name) == 0) };
    // SAFETY: A static of the kernel, whose beginning is of a type that user space knows and that never
    // changes. The release is set when the kernel is built.
    unsafe {
        addr_of!(bindings::init_uts_ns.name.release)
            .cast::<[u8; LENGTH]>()
            .read()
    }
}
