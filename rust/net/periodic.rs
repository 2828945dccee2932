// SPDX-License-Identifier: GPL-2.0

//! Work that is done ten times a second while there is some.
//!
//! `kernel::workqueue` can delay work, but not cancel it, which a module has to before its text
//! goes.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h),
//! `rust/bindings/declarations.c`

use crate::bindings;

/// Has `nsmux_periodic_work()` called in a tenth of a second; nothing if that is under way. Any
/// context.
pub fn schedule() {
    // SAFETY: No requirements.
    unsafe { bindings::nsmux_periodic_schedule() };
}

/// Has it no longer called, and waits for a call that is under way; who could call
/// [`schedule`] must have been stopped before, except the work itself. May sleep.
pub fn cancel() {
    // SAFETY: No requirements.
    unsafe { bindings::nsmux_periodic_cancel() };
}
