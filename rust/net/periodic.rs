// SPDX-License-Identifier: GPL-2.0

//! Work that is done ten times a second while there is some.
//!
//! `kernel::workqueue` can delay work, but not cancel it, which a module has to before its text
//! goes.
//!
//! C headers: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h),
//! [`include/linux/timekeeping.h`](srctree/include/linux/timekeeping.h),
//! `rust/bindings/declarations.c`

use crate::bindings;

/// Has `nsmux_periodic_work()` called in a tenth of a second; nothing if that is under way. Any
/// context.
pub fn schedule() {
    // SAFETY: No requirements.
    unsafe { bindings::nsmux_periodic_schedule() };
}

/// Seconds since the system was started, `ktime_get_seconds()`. Any context.
pub fn seconds() -> u64 {
    // SAFETY: No requirements.
    unsafe { bindings::ktime_get_seconds() }.unsigned_abs()
}

/// Has it no longer called, and waits for a call that is under way; who could call
/// [`schedule`] must have been stopped before, except the work itself. May sleep.
pub fn cancel() {
    // SAFETY: No requirements.
    unsafe { bindings::nsmux_periodic_cancel() };
}
