// SPDX-License-Identifier: GPL-2.0

//! The system calls that process 1 needs and the standard library does not offer.

use std::{
    ffi::{c_char, c_int, c_ulong, c_void, CString},
    io,
    os::unix::process::ExitStatusExt,
    process::ExitStatus,
    ptr,
};

/// `RB_AUTOBOOT` of `<sys/reboot.h>`.
const RESTART: c_int = 0x0123_4567;

/// `SIGKILL` and `ESRCH` of the kernel's interface.
const SIGKILL: c_int = 9;
const ESRCH: i32 = 3;

extern "C" {
    fn mount(
        source: *const c_char,
        target: *const c_char,
        kind: *const c_char,
        flags: c_ulong,
        data: *const c_void,
    ) -> c_int;
    fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn kill(pid: c_int, signal: c_int) -> c_int;
    fn reboot(command: c_int) -> c_int;
}

/// Mounts a new filesystem of type `kind` on `target`.
pub fn mount_filesystem(kind: &str, target: &str) -> io::Result<()> {
    let kind = CString::new(kind)?;
    let target = CString::new(target)?;
    // SAFETY: Both strings are NUL-terminated and outlive the call, and no data is passed.
    let result = unsafe {
        mount(
            kind.as_ptr(),
            target.as_ptr(),
            kind.as_ptr(),
            0,
            ptr::null(),
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Waits until any child has ended, and returns its process identifier and how it ended.
pub fn wait_for_any_child() -> io::Result<(u32, ExitStatus)> {
    let mut status: c_int = 0;
    loop {
        // SAFETY: `status` is a valid place for the kernel to write to.
        let pid = unsafe { waitpid(-1, &mut status, 0) };
        if let Ok(pid @ 1..) = u32::try_from(pid) {
            return Ok((pid, ExitStatus::from_raw(status)));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Ends every process but this one.
pub fn kill_all() -> io::Result<()> {
    // SAFETY: `kill` takes no pointers, and spares the process that calls it for all.
    if unsafe { kill(-1, SIGKILL) } == 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        // There is no other.
        Some(ESRCH) => Ok(()),
        _ => Err(error),
    }
}

/// Restarts the machine, at which QEMU ends; returns only if that is not possible.
///
/// Turning it off takes a driver that not every kernel has.
pub fn restart() -> io::Error {
    // SAFETY: The command takes no further argument.
    unsafe { reboot(RESTART) };
    io::Error::last_os_error()
}
