// SPDX-License-Identifier: GPL-2.0

//! Variables in `/proc/sys/net`, each namespace with its own.
//!
//! C header: [`include/linux/sysctl.h`](srctree/include/linux/sysctl.h)

use core::{
    ptr::{from_ref, NonNull},
    slice,
};
use kernel::ffi::{c_int, c_void};
use kernel::{
    error::{from_result, to_result},
    prelude::*,
};

use super::namespace::{Alive, Governed, Net};
use crate::bindings;

/// The longest text of a variable, the final zero included.
const TEXT: usize = 32;

/// What has variables in each namespace.
///
/// See the example of [`net`](crate::net), where a [`Slot`](super::pernet::Slot) is one.
pub trait Variables: Sync + Sized + 'static {
    /// What is handed to who changes a variable.
    type Changed<'a>;

    /// The variables.
    const DIRECTORY: Directory<Self>;

    /// The namespace that it belongs to.
    fn net(&self) -> &Net;

    /// The same, to be changed.
    ///
    /// # Safety
    ///
    /// `net` must be the namespace that it belongs to.
    unsafe fn changed<'a>(&'a self, net: Alive<'a>) -> Self::Changed<'a>;
}

/// A directory of variables.
///
/// See the example of [`net`](crate::net).
pub struct Directory<S: Variables> {
    /// Its path from `/proc/sys`.
    pub path: &'static CStr,
    /// What is in it.
    pub variables: &'static [Variable<S>],
}

/// A variable whose value is a text.
///
/// Who may read may read it; to write it takes `CAP_NET_ADMIN` in the user namespace that owns the
/// network namespace, as with all variables under `net`.
///
/// # Examples
///
/// ```
/// use crate::net::sysctl::{Variable, Variables};
///
/// /// A variable that anyone can read and nobody write.
/// fn version<S: Variables>() -> Variable<S> {
///     Variable {
///         name: c"version",
///         read: |_| "1.0",
///         write: None,
///     }
/// }
/// ```
pub struct Variable<S: Variables> {
    /// Its name.
    pub name: &'static CStr,
    /// Its value. May sleep.
    pub read: fn(&S) -> &'static str,
    /// Takes a new value, without the end of line; `None` if it can only be read. May sleep.
    pub write: Option<Write<S>>,
}

/// Takes a new value, or refuses it.
///
/// See the example of [`net`](crate::net).
pub type Write<S> = for<'a> fn(<S as Variables>::Changed<'a>, &[u8]) -> Result;

/// The variables of one namespace.
///
/// # Invariants
///
/// The header is what the registration of the table gave, and still registered.
pub(super) struct Table {
    header: NonNull<bindings::ctl_table_header>,
    _entries: KVec<bindings::ctl_table>,
}

// SAFETY: The table belongs to no thread.
unsafe impl Send for Table {}

impl Table {
    /// Registers the variables of `of`. May sleep.
    ///
    /// # Safety
    ///
    /// `of` must be valid, and stay where it is, until the table is dropped, which has to be before the
    /// namespace comes to the end of `pre_exit`; and [`Variables::net`] of it must give `net`.
    pub(super) unsafe fn new<S: Variables>(net: Alive<'_>, of: &S) -> Result<Self> {
        let variables = S::DIRECTORY.variables;
        let mut entries = KVec::with_capacity(variables.len(), GFP_KERNEL)?;
        for variable in variables {
            // SAFETY: All zeroes is a valid value: null pointers and numbers.
            let mut entry: bindings::ctl_table = unsafe { core::mem::zeroed() };
            entry.procname = variable.name.as_char_ptr();
            entry.data = from_ref(of).cast_mut().cast();
            entry.maxlen = TEXT as c_int;
            entry.mode = if variable.write.is_some() {
                0o644
            } else {
                0o444
            };
            entry.proc_handler = Some(handle::<S>);
            entry.extra1 = from_ref(variable).cast_mut().cast();
            entries.push(entry, GFP_KERNEL)?;
        }
        // SAFETY: The path is a C string. The entries stay on the heap as long as the table, and
        // what they point to by the safety requirement.
        let header = unsafe {
            bindings::register_net_sysctl_sz(
                net.as_ptr(),
                S::DIRECTORY.path.as_char_ptr(),
                entries.as_ptr(),
                entries.len(),
            )
        };
        // INVARIANT: Just registered.
        Ok(Self {
            header: NonNull::new(header).ok_or(ENOMEM)?,
            _entries: entries,
        })
    }
}

impl Drop for Table {
    /// Waits for those who are reading or writing a variable. May sleep.
    fn drop(&mut self) {
        // SAFETY: By the type invariants.
        unsafe { bindings::unregister_net_sysctl_table(self.header.as_ptr()) };
    }
}

/// # Safety
///
/// Called by sysctl alone, for an entry that [`Table::new`] made, with what a `proc_handler` is
/// called with.
unsafe extern "C" fn handle<S: Variables>(
    entry: *const bindings::ctl_table,
    is_write: c_int,
    buffer: *mut c_void,
    length: *mut usize,
    position: *mut bindings::loff_t,
) -> c_int {
    // SAFETY: The entry is valid during the call.
    let entry = unsafe { &*entry };
    // SAFETY: `Table::new` has put it there, and it is valid until the table is dropped, which waits for
    // this call (`start_unregistering()`).
    let of = unsafe { &*entry.data.cast::<S>() };
    // SAFETY: `Table::new` has put it there, out of a constant.
    let variable = unsafe { &*entry.extra1.cast::<Variable<S>>() };
    from_result(|| {
        if is_write == 0 {
            let mut text = [0u8; TEXT];
            // The last byte stays zero.
            for (to, from) in text[..TEXT - 1].iter_mut().zip((variable.read)(of).bytes()) {
                *to = from;
            }
            let of_text = bindings::ctl_table {
                data: text.as_mut_ptr().cast(),
                ..*entry
            };
            // SAFETY: The entry leads to a text of `maxlen` bytes, which is only read; the rest are the
            // arguments of this call.
            to_result(unsafe {
                bindings::proc_dostring(&of_text, is_write, buffer, length, position)
            })?;
            return Ok(0);
        }
        // SAFETY: By the safety requirement of `Table::new` the namespace does not come to the end of
        // `pre_exit` before the table is dropped, which waits for this call.
        let net = unsafe { Alive::assume(of.net()) };
        // The permissions of the file let root of the initial user namespace write without it.
        if !net.is_administered_by_current() {
            return Err(EPERM);
        }
        // SAFETY: The length is this call's (`proc_sys_call_handler()`).
        let length = unsafe { *length };
        // SAFETY: The buffer has as many bytes, and is this call's (`proc_sys_call_handler()`, or what a
        // BPF program has put in its place).
        let written = unsafe { slice::from_raw_parts(buffer.cast::<u8>(), length) };
        // SAFETY: The position is this call's.
        let position = unsafe { &mut *position };
        // A value is written in one piece, from its beginning.
        if *position != 0 {
            return Err(EINVAL);
        }
        let value = written.strip_suffix(b"\n").unwrap_or(written);
        let write = variable.write.ok_or(EPERM)?;
        // SAFETY: It is its own.
        write(unsafe { of.changed(net) }, value)?;
        *position = written.len() as bindings::loff_t;
        Ok(0)
    })
}
