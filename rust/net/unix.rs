// SPDX-License-Identifier: GPL-2.0

//! Local sockets, by the name that they were bound to.
//!
//! C header: [`include/net/af_unix.h`](srctree/include/net/af_unix.h)

use core::{
    mem::offset_of,
    ops::Deref,
    ptr::{addr_of, NonNull},
    slice,
};
use kernel::sync::atomic::{Acquire, Atomic};

use super::{
    allowance::Allowance,
    list,
    namespace::{Brand, Namespace},
    socket::Sock,
};
use crate::bindings;

/// A local socket, `struct unix_sock`.
///
/// See the example of [`for_each`].
///
/// # Invariants
///
/// The pointer leads to a local socket of the namespace, in the bucket with this number, whose lock is
/// held as long as this exists: a socket leaves its bucket under the lock before it is freed
/// (`unix_release_sock()`), and not by RCU.
pub struct UnixSocket<'n> {
    socket: NonNull<Sock>,
    bucket: usize,
    _namespace: Brand<'n>,
}

impl UnixSocket<'_> {
    /// What the socket was bound to: a path, without a zero at its end, or a zero and an abstract
    /// name; nothing if it was not.
    pub fn name(&self) -> &[u8] {
        // SAFETY: By the type invariants; nothing is read.
        let address = unsafe { addr_of!((*self.as_unix()).addr) };
        // SAFETY: As above; all accesses to the pointer are atomic.
        let address = unsafe { Atomic::from_ptr(address.cast_mut()) };
        // As the kernel reads it, `smp_load_acquire()`: what the address has in it, and the path, are
        // set before it (`unix_bind_bsd()`).
        let address = address.load(Acquire);
        if address.is_null() {
            return &[];
        }
        // SAFETY: An address is set once, and lasts as long as the socket (`unix_sock_destructor()`).
        let length = unsafe { (*address).len } as usize;
        // SAFETY: As above; nothing is read.
        let name = unsafe { addr_of!((*address).name) };
        let header = offset_of!(bindings::sockaddr_un, sun_path);
        let path = name.cast::<u8>().wrapping_add(header);
        // SAFETY: An address is as long as it says, and begins with the family.
        let name = unsafe { slice::from_raw_parts(path, length.saturating_sub(header)) };
        match name {
            [0, ..] => name,
            [path @ .., 0] => path,
            path => path,
        }
    }
}

impl UnixSocket<'_> {
    /// Whether the name is its own. A socket that was accepted has the name of its listener, and
    /// stays among those that have none.
    ///
    /// One in 256 such sockets is by chance where the name would have it; it is told from one that
    /// was bound and is connected as long as anyone else has the name.
    pub fn is_bound(&self) -> bool {
        match self.name() {
            [] => false,
            [0, ..] => self.bucket >= FIRST_ABSTRACT,
            _ => self.is_where_its_file_says() && !(self.is_connected() && self.shares_its_name()),
        }
    }

    /// Whether the bucket is that of the file at its path (`unix_bsd_hash()`).
    fn is_where_its_file_says(&self) -> bool {
        // SAFETY: By the type invariants; the path is set before the address is, which was read with
        // acquire semantics by who asks, and lasts as long as the socket.
        let dentry = unsafe { addr_of!((*self.as_unix()).path.dentry).read() };
        let dentry: *const kernel::bindings::dentry = dentry.cast();
        if dentry.is_null() {
            return false;
        }
        // SAFETY: The path holds its dentry, until the socket has left the bucket
        // (`unix_release_sock()`).
        let inode = unsafe { (*dentry).d_inode };
        // SAFETY: The dentry was made with this inode (`unix_bind_bsd()`), and has it while it is held
        // by someone beside who removes the name (`d_delete()`).
        let number = unsafe { (*inode).i_ino };
        number as usize % FIRST_ABSTRACT == self.bucket
    }

    fn shares_its_name(&self) -> bool {
        // SAFETY: By the type invariants.
        let address = unsafe { addr_of!((*self.as_unix()).addr).read_volatile() };
        // SAFETY: The caller has seen that there is an address, which lasts as long as the socket.
        // Volatile, since others take and give back references to it.
        let references = unsafe { addr_of!((*address).refcnt.refs.counter).read_volatile() };
        references > 1
    }

    fn as_unix(&self) -> *const bindings::unix_sock {
        self.socket.as_ptr().cast()
    }
}

/// The first bucket of sockets with abstract names; before it are those with paths, and those
/// without a name.
const FIRST_ABSTRACT: usize = bindings::RUST_CONST_UNIX_BUCKETS as usize / 2;

impl Deref for UnixSocket<'_> {
    type Target = Sock;

    fn deref(&self) -> &Sock {
        // SAFETY: By the type invariants.
        unsafe { self.socket.as_ref() }
    }
}

/// How many buckets of local sockets a namespace has.
pub const BUCKETS: u32 = bindings::RUST_CONST_UNIX_BUCKETS;

/// What it takes to look at a socket, in steps of an allowance.
const SOCKET: u32 = 2;

/// Calls `f` with each local socket of a namespace, as far as the allowance goes, until it fails. In
/// a process; `f` is called with a lock held and must not sleep.
///
/// # Examples
///
/// ```
/// use crate::net::{allowance::Allowance, namespace::Namespace, unix};
///
/// /// The owner of the socket with an abstract name, which begins with a zero.
/// fn owner(namespace: Namespace<'_>, name: &[u8], allowance: &Allowance) -> Option<u32> {
///     let found = unix::for_each(namespace, allowance, |socket| {
///         if socket.is_bound() && socket.name() == name {
///             // That ends the search.
///             return Err(socket.owner());
///         }
///         Ok(())
///     });
///     found.err()
/// }
/// ```
pub fn for_each<'n, E>(
    namespace: Namespace<'n>,
    allowance: &Allowance,
    mut f: impl FnMut(&UnixSocket<'n>) -> Result<(), E>,
) -> Result<(), E> {
    if allowance.is_spent() {
        return Ok(());
    }
    let ended = (0..BUCKETS).try_for_each(|bucket| {
        for_each_in(namespace, bucket, |socket| {
            if allowance.is_spent() {
                return Err(None);
            }
            allowance.spend(SOCKET);
            f(socket).map_err(Some)
        })
    });
    match ended {
        Err(Some(error)) => Err(error),
        Err(None) | Ok(()) => Ok(()),
    }
}

/// The same, with those in one bucket.
///
/// # Examples
///
/// ```
/// use crate::net::{namespace::Namespace, unix};
///
/// /// How many sockets a namespace has that can be looked up by a name.
/// fn count(namespace: Namespace<'_>) -> Result<u32> {
///     let mut count = 0;
///     for bucket in 0..unix::BUCKETS {
///         unix::for_each_in(namespace, bucket, |socket| -> Result {
///             count += u32::from(socket.is_bound());
///             Ok(())
///         })?;
///     }
///     Ok(count)
/// }
/// ```
pub fn for_each_in<'n, E>(
    namespace: Namespace<'n>,
    bucket: u32,
    mut f: impl FnMut(&UnixSocket<'n>) -> Result<(), E>,
) -> Result<(), E> {
    // SAFETY: The namespace is valid; its table is set when it is made.
    let table = unsafe { addr_of!((*namespace.object().as_ptr()).unx.table).read() };
    if table.buckets.is_null() || bucket >= BUCKETS {
        return Ok(());
    }
    let bucket = bucket as usize;
    let head = table.buckets.wrapping_add(bucket);
    // SAFETY: The table has as many buckets. Volatile: what is bound meanwhile need not be found.
    if unsafe { addr_of!((*head).first).read_volatile() }.is_null() {
        return Ok(());
    }
    // SAFETY: Each bucket has a lock (`unix_net_init()`), which processes alone take, as long as there
    // is the table.
    let _lock = unsafe { Lock::new(table.locks.wrapping_add(bucket)) };
    // SAFETY: A socket leaves its bucket under the lock before it is freed.
    for node in unsafe { list::hlist(head) } {
        let offset = bindings::RUST_CONST_SK_NODE as usize;
        let socket = node.cast::<u8>().wrapping_sub(offset).cast_mut();
        let Some(socket) = NonNull::new(socket.cast()) else {
            continue;
        };
        // INVARIANT: The entries of this table are the namespace's local sockets. The lock is held
        // until `f` has returned, which is given no more than a reference.
        f(&UnixSocket {
            socket,
            bucket,
            _namespace: Brand::default(),
        })?;
    }
    Ok(())
}

/// A spin lock that is held.
struct Lock(*mut bindings::spinlock_t);

impl Lock {
    /// # Safety
    ///
    /// The lock must be valid until this is dropped, and one that is taken in processes alone.
    unsafe fn new(lock: *mut bindings::spinlock_t) -> Self {
        // SAFETY: By the safety requirement.
        unsafe { kernel::bindings::spin_lock(lock.cast()) };
        Self(lock)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // SAFETY: It is held.
        unsafe { kernel::bindings::spin_unlock(self.0.cast()) };
    }
}
