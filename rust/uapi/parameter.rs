// SPDX-License-Identifier: GPL-2.0

//! The module's parameter `mode`, in names as well as numbers, and to be changed in
//! `/sys/module/nsmux/parameters`.
//!
//! `module!` knows parameters of a few types of number only, and none that can be changed. The
//! functions are those of the `struct kernel_param_ops` in `rust/bindings/declarations.c`.
//!
//! C header: [`include/linux/moduleparam.h`](srctree/include/linux/moduleparam.h)

use kernel::{bindings::kernel_param, error::from_result, prelude::*};

use crate::mode::{Mode, INITIAL};

/// Takes the parameter from the command line of `insmod`, before the module is initialised, or from
/// sysfs.
///
/// # Safety
///
/// Called by the kernel alone, with a C string or null.
#[no_mangle]
unsafe extern "C" fn nsmux_mode_set(value: *const c_char, _: *const kernel_param) -> c_int {
    from_result(|| {
        if value.is_null() {
            return Err(EINVAL);
        }
        // SAFETY: A C string by the safety requirement.
        let text = unsafe { CStr::from_char_ptr(value) }.to_bytes();
        INITIAL.set(Mode::parse(text.strip_suffix(b"\n").unwrap_or(text))?);
        Ok(0)
    })
}

/// Writes the parameter for sysfs, and says how long it is.
///
/// # Safety
///
/// Called by the kernel alone, with a page to write to.
#[no_mangle]
unsafe extern "C" fn nsmux_mode_get(page: *mut c_char, _: *const kernel_param) -> c_int {
    let name = INITIAL.get().name().as_bytes();
    let page = page.cast::<u8>();
    // SAFETY: A page has room for a name.
    unsafe { page.copy_from_nonoverlapping(name.as_ptr(), name.len()) };
    // SAFETY: And for the end of the line.
    unsafe { page.add(name.len()).write(b'\n') };
    (name.len() + 1) as c_int
}
