// SPDX-License-Identifier: GPL-2.0

//! Functions of parts of the kernel that need not be there.
//!
//! Some protocols are modules of the kernel, or may be left out of it. nsmux does not depend on
//! them, which would load them, and with them change what the kernel answers to their packets:
//! their functions are asked for by name when they are needed.
//!
//! C header: [`include/linux/module.h`](srctree/include/linux/module.h), `symbol_get()`

use kernel::{ffi::c_void, prelude::*};

use crate::bindings;

/// A function, whose module stays loaded as long as this exists.
pub(super) struct ModuleFunction {
    name: &'static CStr,
    address: *mut c_void,
}

impl ModuleFunction {
    /// Asks for a function that is exported for GPL modules alone; `None` if its module is not
    /// loaded. In a process.
    pub(super) fn get(name: &'static CStr) -> Option<Self> {
        // SAFETY: The name is a C string.
        let address = unsafe { bindings::__symbol_get(name.as_char_ptr()) };
        // Not `then_some()`, which would make one in any case and put what was not got.
        (!address.is_null()).then(|| Self { name, address })
    }

    /// Its address, to be used while this exists.
    pub(super) fn address(&self) -> *mut c_void {
        self.address
    }
}

impl Drop for ModuleFunction {
    fn drop(&mut self) {
        // SAFETY: It was got.
        unsafe { bindings::__symbol_put(self.name.as_char_ptr()) };
    }
}
