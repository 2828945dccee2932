// SPDX-License-Identifier: GPL-2.0

//! Work that is done in a process, a tenth of a second after there is some.
//!
//! It is no processor's own (`system_power_efficient_wq`), and while there is none nothing runs.
//! `kernel::workqueue` can delay work, but not cancel it, which a module has to before its text
//! goes; and it cannot be given work from where a lock may not be taken.
//!
//! # Examples
//!
//! ```
//! use crate::net::periodic;
//!
//! // In any context: there is something to be done.
//! periodic::wake();
//! // In the work itself, before it looks at what there is to be done.
//! periodic::begin();
//! // At its end: there is more, which can wait for a second.
//! pr_info!("{} seconds after the start\n", periodic::seconds());
//! periodic::schedule(10);
//! // When nobody does either of these any more, and before the module goes.
//! periodic::cancel();
//! ```
//!
//! C headers: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h),
//! [`include/linux/irq_work.h`](srctree/include/linux/irq_work.h),
//! [`include/linux/timekeeping.h`](srctree/include/linux/timekeeping.h),
//! `rust/bindings/declarations.c`

use kernel::{
    ffi::{c_int, c_ulong},
    sync::atomic::{Atomic, Full, Relaxed},
};

use crate::bindings;

/// Work for any processor, `WORK_CPU_UNBOUND`.
const ANYWHERE: c_int = bindings::RUST_CONST_WORK_ANYWHERE as c_int;
/// A tenth of a second, by the kernel's clock.
const TENTH: c_ulong = bindings::RUST_CONST_TENTH as c_ulong;

/// Whether the work is to begin within a tenth of a second: who rings the bell then leaves it at that.
///
/// To set the clock of delayed work again is to begin the delay again, also of work that was about to
/// be done: who rings often enough would put it off for ever.
static IS_NEAR: Atomic<bool> = Atomic::new(false);

/// Has the periodic work done in a tenth of a second, or before if that is to be already, however
/// often this is called. Any context; takes no lock.
///
/// See the example of [this module](self).
pub fn wake() {
    // SAFETY: The item is a static, and can be queued from anywhere.
    unsafe { bindings::irq_work_queue(&raw mut bindings::periodic_bell) };
}

/// Somebody has rung the bell: the work is to be done soon.
#[no_mangle]
extern "C" fn periodic_woken(_bell: *mut bindings::irq_work) {
    // Full, as in `begin`: if this comes before that, the work sees all that is before `wake`.
    if IS_NEAR.xchg(true, Full) {
        return;
    }
    let item = &raw mut bindings::periodic_item;
    // SAFETY: The item is a static, and `mod_delayed_work_on()` may be called in an interrupt.
    unsafe { bindings::mod_delayed_work_on(ANYWHERE, queue(), item, TENTH) };
}

/// The work begins, and is to look at what there is to be done only after this: who calls [`wake`] from
/// now on has it done once more. In the work.
///
/// See the example of [this module](self).
pub fn begin() {
    IS_NEAR.xchg(false, Full);
}

/// Has it called in so many tenths of a second, or before if that is to be already. In a process, or
/// a softirq.
///
/// See the example of [this module](self).
pub fn schedule(tenths: u32) {
    let delay = TENTH.saturating_mul(tenths as c_ulong);
    let item = &raw mut bindings::periodic_item;
    // SAFETY: The item is a static.
    unsafe { bindings::queue_delayed_work_on(ANYWHERE, queue(), item, delay) };
}

fn queue() -> *mut bindings::workqueue_struct {
    // SAFETY: `workqueue_init_early()` has set it, long before any module.
    unsafe { (&raw const bindings::system_power_efficient_wq).read() }
}

/// Seconds since the system was started, `ktime_get_seconds()`. Any context.
///
/// See the example of [this module](self).
pub fn seconds() -> u64 {
    // SAFETY: No requirements.
    unsafe { bindings::ktime_get_seconds() }.unsigned_abs()
}

/// Has it no longer called, and waits for a call that is under way; who could call [`wake`] or
/// [`schedule`] must have been stopped before, except the work itself. May sleep.
///
/// See the example of [this module](self).
pub fn cancel() {
    // SAFETY: The item is a static, and this is a process.
    unsafe { bindings::irq_work_sync(&raw mut bindings::periodic_bell) };
    // SAFETY: As above.
    unsafe { bindings::cancel_delayed_work_sync(&raw mut bindings::periodic_item) };
    // What was cancelled does not begin.
    IS_NEAR.store(false, Relaxed);
}
