// SPDX-License-Identifier: GPL-2.0

//! Processes, by their number in a PID namespace: the other kind of namespace that the mux knows.
//!
//! C headers: [`include/linux/pid.h`](srctree/include/linux/pid.h),
//! [`include/linux/pid_namespace.h`](srctree/include/linux/pid_namespace.h)

use core::ptr::{addr_of, NonNull};
use kernel::ffi::c_int;
use kernel::{current, types::Opaque};

use super::{
    namespace::{Brand, Governed, Namespace},
    rcu,
};
use crate::bindings;

/// A PID namespace, `struct pid_namespace`.
///
/// See the example of [`Process`].
#[repr(transparent)]
pub struct PidNamespace(Opaque<bindings::pid_namespace>);

impl PidNamespace {
    /// That of the current process.
    pub fn of_current<'a>(_section: rcu::Section<'a>) -> &'a Self {
        // SAFETY: A process that runs has one, and its numbers hold it.
        let namespace = unsafe { bindings::task_active_pid_ns(current!().as_ptr().cast()) };
        // SAFETY: It is not freed before a grace period has passed after the process has ended.
        unsafe { Self::from_raw(namespace) }
    }

    /// # Safety
    ///
    /// The pointer must lead to a namespace that is valid for the lifetime that the caller chooses.
    unsafe fn from_raw<'a>(namespace: *const bindings::pid_namespace) -> &'a Self {
        // SAFETY: By the safety requirement; the cast is to a transparent wrapper.
        unsafe { &*namespace.cast() }
    }

    /// The inode number, by which user space tells namespaces apart.
    pub fn inode(&self) -> u32 {
        // SAFETY: `self` is a valid namespace; the number is set once, when it is made.
        unsafe { addr_of!((*self.as_ptr()).ns.inum).read() }
    }

    /// How far below the initial one the namespace is.
    fn level(&self) -> u32 {
        // SAFETY: `self` is a valid namespace; the level is set once, when it is made.
        unsafe { addr_of!((*self.as_ptr()).level).read() }
    }

    fn as_ptr(&self) -> *mut bindings::pid_namespace {
        self.0.get()
    }
}

impl PidNamespace {
    /// Calls `f` with the namespace under a brand that exists only inside that call.
    #[inline(always)]
    pub fn branded<R>(
        &self,
        section: rcu::Section<'_>,
        f: impl for<'n> FnOnce(Namespace<'n, PidNamespace>) -> R,
    ) -> R {
        // SAFETY: A PID namespace has its numbers until `delayed_free_pidns()`, and holds its owner.
        unsafe { Namespace::assume(self, section, f) }
    }
}

// SAFETY: A PID namespace holds its owner.
unsafe impl Governed for PidNamespace {
    fn owner(&self) -> *mut bindings::user_namespace {
        // SAFETY: `self` is a valid namespace; the owner is set once, when it is made.
        unsafe { addr_of!((*self.as_ptr()).user_ns).read() }
    }
}

/// A process, thread, group or session that has a number, `struct pid`.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     process::{PidNamespace, Process},
///     rcu,
/// };
///
/// let guard = rcu::read_lock();
/// let section = rcu::Section::from(&guard);
/// // What the first process of this namespace calls itself.
/// let command = PidNamespace::of_current(section)
///     .branded(section, |namespace| Process::find(namespace, 1)?.command());
/// assert!(command.is_some());
/// ```
///
/// # Invariants
///
/// The pointer leads to one that is valid for all of `'n`.
pub struct Process<'n> {
    pid: NonNull<bindings::pid>,
    _namespace: Brand<'n>,
}

impl<'n> Process<'n> {
    /// The one that has a number in a namespace, `find_pid_ns()`. Any context.
    pub fn find(namespace: Namespace<'n, PidNamespace>, number: u32) -> Option<Self> {
        let number = c_int::try_from(number).ok()?;
        // SAFETY: The namespace is valid, and evidence of a read-side section.
        let pid = unsafe { bindings::find_pid_ns(number, namespace.object().as_ptr()) };
        // INVARIANT: It is freed a grace period after it has lost its numbers.
        Some(Self {
            pid: NonNull::new(pid)?,
            _namespace: Brand::default(),
        })
    }

    /// The first that has at least a number in a namespace, and that number, `find_ge_pid()`. Any
    /// context.
    pub fn find_from(namespace: Namespace<'n, PidNamespace>, number: u32) -> Option<(Self, u32)> {
        let number = c_int::try_from(number).ok()?;
        // SAFETY: The namespace is valid, and evidence of a read-side section.
        let pid = unsafe { bindings::find_ge_pid(number, namespace.object().as_ptr()) };
        // INVARIANT: As in `find`.
        let process = Self {
            pid: NonNull::new(pid)?,
            _namespace: Brand::default(),
        };
        let number = process.number_in(namespace.object())?;
        Some((process, number))
    }

    /// The number in a namespace, if it has one there. Any context.
    pub fn number_in(&self, namespace: &PidNamespace) -> Option<u32> {
        // SAFETY: Both are valid.
        let number = unsafe { bindings::pid_nr_ns(self.pid.as_ptr(), namespace.as_ptr()) };
        u32::try_from(number).ok().filter(|number| *number != 0)
    }

    /// The namespace that it is in: the one that is furthest from the initial one. Any context.
    ///
    /// Read-side sections of one context that overlap are one section to RCU: what is valid in this
    /// one now stays valid for all of it.
    pub fn namespace<'s>(&self, _section: rcu::Section<'s>) -> &'s PidNamespace {
        let entry = self.numbers().wrapping_add(self.level() as usize);
        // SAFETY: By the type invariants; there is a number for each level from 0 on (`alloc_pid()`).
        let namespace = unsafe { (*entry).ns };
        // SAFETY: The last number holds its namespace until it is freed (`put_pid()`), and a namespace
        // is freed a grace period after that (`delayed_free_pidns()`).
        unsafe { PidNamespace::from_raw(namespace) }
    }

    /// The namespaces from `top` down to its own in which it has the number. Any context.
    pub fn namespaces_with<'a>(
        &'a self,
        number: u32,
        top: &PidNamespace,
        _section: rcu::Section<'a>,
    ) -> impl Iterator<Item = &'a PidNamespace> + use<'a, 'n> {
        (top.level()..=self.level())
            .map(|level| {
                let entry = self.numbers().wrapping_add(level as usize);
                // SAFETY: By the type invariants; there is a number for each level from 0 on
                // (`alloc_pid()`).
                unsafe { &*entry }
            })
            .filter(move |entry| u32::try_from(entry.nr) == Ok(number))
            // SAFETY: The last number holds its namespace, as in `namespace`, and that the one above it
            // (`create_pid_namespace()`).
            .map(|entry| unsafe { PidNamespace::from_raw(entry.ns) })
    }

    /// What the process calls itself, zeroes at the end; `None` if it has ended. Any context.
    pub fn command(&self) -> Option<[u8; 16]> {
        // SAFETY: By the type invariants, in a read-side section.
        let task = unsafe { bindings::pid_task(self.pid.as_ptr(), bindings::PIDTYPE_PID) };
        let task: NonNull<kernel::bindings::task_struct> = NonNull::new(task)?.cast();
        // SAFETY: A task is freed a grace period after it has lost its number. The name may change
        // meanwhile, and is then as the kernel itself shows it: of both.
        Some(unsafe {
            addr_of!((*task.as_ptr()).comm)
                .cast::<[u8; 16]>()
                .read_volatile()
        })
    }

    fn level(&self) -> u32 {
        // SAFETY: By the type invariants; the level is set once.
        unsafe { addr_of!((*self.pid.as_ptr()).level).read() }
    }

    fn numbers(&self) -> *const bindings::upid {
        // SAFETY: By the type invariants.
        unsafe { addr_of!((*self.pid.as_ptr()).numbers).cast() }
    }
}
