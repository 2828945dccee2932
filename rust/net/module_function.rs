// SPDX-License-Identifier: GPL-2.0

//! Functions of parts of the kernel that need not be there.
//!
//! Some protocols are modules of the kernel, or may be left out of it. Nothing here depends on
//! them, which would load them, and with them change what the kernel answers to their packets:
//! their functions are asked for by name when they are needed.
//!
//! C header: [`include/linux/module.h`](srctree/include/linux/module.h), `symbol_get()`

use core::mem::transmute_copy;
use kernel::{ffi::c_void, prelude::*};

use crate::bindings;

/// A pointer to a function as bindgen has it, which may be null.
pub(super) trait Pointer {
    /// The same, not null.
    type Function: Copy;
}

impl<F: Copy> Pointer for Option<F> {
    type Function = F;
}

/// A function, whose module stays loaded as long as this exists.
pub(super) struct ModuleFunction<P: Pointer> {
    name: &'static CStr,
    function: P::Function,
}

impl<P: Pointer> ModuleFunction<P> {
    /// Asks for a function that is exported for GPL modules alone, `__symbol_get()`; `None` if its
    /// module is not loaded. `member` says which one it is, and is not called: the types of the
    /// members are those of the prototypes. In a process.
    ///
    /// # Safety
    ///
    /// The name must be that of the member.
    pub(super) unsafe fn get(
        name: &'static CStr,
        _member: fn(&bindings::module_functions) -> P,
    ) -> Option<Self> {
        const { assert!(size_of::<P::Function>() == size_of::<*mut c_void>()) };
        // SAFETY: The name is a C string.
        let address = unsafe { bindings::__symbol_get(name.as_char_ptr()) };
        // Not `then_some()`, which would make one in any case and put what was not got.
        (!address.is_null()).then(|| Self {
            name,
            // SAFETY: By the safety requirement it is a pointer to such a function, as `bindings.h`
            // takes the type from its prototype, and it is not null.
            function: unsafe { transmute_copy::<*mut c_void, P::Function>(&address) },
        })
    }

    /// The function, to be called while this exists.
    pub(super) fn function(&self) -> P::Function {
        self.function
    }
}

impl<P: Pointer> Drop for ModuleFunction<P> {
    fn drop(&mut self) {
        // SAFETY: It was got.
        unsafe { bindings::__symbol_put(self.name.as_char_ptr()) };
    }
}
