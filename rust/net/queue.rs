// SPDX-License-Identifier: GPL-2.0

//! A queue of namespaces that have something to tell, from any context to a process.
//!
//! Each namespace has an [`Entry`], which is in the queue once or not at all: to add it takes no
//! memory and no lock, and to take one from the queue, or out of it, costs the same however many
//! namespaces there are. First come, first served: who was told goes to the end the next time.
//!
//! C header: [`include/linux/llist.h`](srctree/include/linux/llist.h), which does the same with
//! inline functions.

use core::{cell::UnsafeCell, marker::PhantomPinned, ptr::null_mut};
use kernel::{
    prelude::*,
    sync::{
        atomic::{Acquire, Atomic, Full, Relaxed, Release},
        global_lock, GlobalGuard, SetOnce,
    },
};

use super::{atomic::read_once, periodic};

global_lock! {
    // SAFETY: `prepare` initialises it, and before `taking` sees that, nobody uses it.
    /// Held while entries are taken from any queue.
    unsafe(uninit) static TAKING: Mutex<()> = ();
}

/// Whether somebody has begun to prepare queues.
static IS_BEGUN: SetOnce<()> = SetOnce::new();
/// 1 when they are prepared, and before 0. Who sees that acquires the lock's initialisation with it.
static IS_PREPARED: Atomic<u32> = Atomic::new(0);

/// Prepares for queues to be used, unless they are. To be called when the module is initialised:
/// before, they stay empty.
///
/// See the example of [`Queue`].
pub fn prepare() {
    if IS_BEGUN.populate(()) {
        // SAFETY: Nobody has come here before, and nobody has used it: `IS_PREPARED` is not set.
        unsafe { TAKING.init() };
        IS_PREPARED.store(1, Release);
    }
}

/// Waits for the lock; `None` before there is one. May sleep.
fn taking() -> Option<GlobalGuard<TAKING>> {
    (IS_PREPARED.load(Acquire) == 1).then(|| TAKING.lock())
}

/// A queue.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     namespace::Net,
///     queue::{self, Entry, Queue},
/// };
///
/// static QUEUE: Queue = Queue::empty();
///
/// /// What each namespace has; to be added when there is something to tell.
/// fn entry(net: &Net) -> impl PinInit<Entry> {
///     Entry::new(&QUEUE, net.cookie())
/// }
///
/// /// What is done in a process, when entries were added.
/// fn tell() {
///     while QUEUE.begin() {
///         while let Some(cookie) = QUEUE.take() {
///             pr_info!("namespace {} has something to tell\n", cookie);
///         }
///     }
/// }
///
/// queue::prepare();
/// ```
pub struct Queue {
    /// What was added since the last round began, the newest first.
    newest: Atomic<*mut Entry>,
    /// What waits for its turn in this round; to be used with `TAKING` held.
    waiting: UnsafeCell<Waiting>,
}

// SAFETY: `waiting` is used by whoever holds the lock, and `newest` is atomic.
unsafe impl Sync for Queue {}

/// A list that was put into the order in which its entries came.
///
/// # Invariants
///
/// `first` is null, or leads through `next` to all entries of the list and at last to `last`, whose
/// `next` is null; `previous` of each leads to the one in front, and is null in the first. They are
/// valid while the lock is held: who drops one takes it out first, with the lock held.
struct Waiting {
    first: *mut Entry,
    /// Of no meaning while `first` is null: it may have ended.
    last: *mut Entry,
}

/// The place of a namespace in a queue.
///
/// See the example of [`Queue`].
///
/// # Invariants
///
/// It stays where it is from its making to its end, and while `is_queued` is set, it is in one of
/// the lists of the queue; only who has set that may add it.
#[pin_data(PinnedDrop)]
pub struct Entry {
    queue: &'static Queue,
    cookie: u64,
    next: Atomic<*mut Entry>,
    /// Of no meaning before a round has begun with it.
    previous: Atomic<*mut Entry>,
    is_queued: Atomic<bool>,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: An entry belongs to no thread: what `next` and `previous` lead to is followed with the lock
// held only.
unsafe impl Send for Entry {}
// SAFETY: As above.
unsafe impl Sync for Entry {}

impl Entry {
    /// An entry for the namespace with a cookie, in no queue yet.
    pub fn new(queue: &'static Queue, cookie: u64) -> impl PinInit<Self> {
        // INVARIANT: It is pinned by how it is made, and there is no other way.
        pin_init!(Self {
            queue,
            cookie,
            next: Atomic::new(null_mut()),
            previous: Atomic::new(null_mut()),
            is_queued: Atomic::new(false),
            _pin: PhantomPinned,
        })
    }

    /// Adds it to the end of the queue, unless it is there already, and sees to it that somebody
    /// comes. Any context.
    pub fn add(&self) {
        // What is in a queue can be taken out of it: who drops it comes later, and sees this as well.
        if read_once(&IS_PREPARED) == 0 || self.is_queued.xchg(true, Full) {
            return;
        }
        let this = core::ptr::from_ref(self).cast_mut();
        let mut newest = self.queue.newest.load(Relaxed);
        loop {
            self.next.store(newest, Relaxed);
            match self.queue.newest.cmpxchg(newest, this, Full) {
                Ok(_) => break,
                Err(now) => newest = now,
            }
        }
        if newest.is_null() {
            periodic::wake();
        }
    }
}

impl Queue {
    /// Empty.
    pub const fn empty() -> Self {
        Self {
            newest: Atomic::new(null_mut()),
            waiting: UnsafeCell::new(Waiting {
                first: null_mut(),
                last: null_mut(),
            }),
        }
    }

    /// Begins another round with all that were added, if the last one is at its end; says whether
    /// there is anyone in it. May sleep.
    pub fn begin(&self) -> bool {
        let Some(_taking) = taking() else {
            return false;
        };
        // SAFETY: The lock is held.
        let waiting = unsafe { &mut *self.waiting.get() };
        if waiting.first.is_null() {
            self.fetch(waiting);
        }
        !waiting.first.is_null()
    }

    /// The cookie of the namespace whose turn it is in this round. From now on it may be added again.
    /// May sleep.
    pub fn take(&self) -> Option<u64> {
        let _taking = taking()?;
        // SAFETY: The lock is held.
        let waiting = unsafe { &mut *self.waiting.get() };
        // SAFETY: By its invariants it is null or valid, as the lock is held.
        let entry = unsafe { waiting.first.as_ref() }?;
        waiting.first = entry.next.load(Relaxed);
        // SAFETY: As above.
        if let Some(next) = unsafe { waiting.first.as_ref() } {
            next.previous.store(null_mut(), Relaxed);
        }
        let cookie = entry.cookie;
        // The last access: from now on it may end without the lock, if it is not added again.
        entry.is_queued.store(false, Release);
        Some(cookie)
    }

    /// Whether anyone waits for a turn in this round. May sleep.
    pub fn is_waiting(&self) -> bool {
        let Some(_taking) = taking() else {
            return false;
        };
        // SAFETY: The lock is held.
        !unsafe { (*self.waiting.get()).first }.is_null()
    }

    /// Whether any were added since the round began. Any context.
    pub fn has_more(&self) -> bool {
        !self.newest.load(Relaxed).is_null()
    }

    /// Moves what was added to the end of those that wait. To be called with the lock held, which
    /// `waiting` is the evidence of.
    fn fetch(&self, waiting: &mut Waiting) {
        let mut entry = self.newest.xchg(null_mut(), Full);
        let last = entry;
        let mut first: *mut Entry = null_mut();
        // SAFETY: By the invariants of `Entry` all that were added are in this list now and valid: who
        // drops one waits for the lock.
        while let Some(this) = unsafe { entry.as_ref() } {
            let older = this.next.load(Relaxed);
            this.next.store(first, Relaxed);
            this.previous.store(older, Relaxed);
            first = entry;
            entry = older;
        }
        // SAFETY: As above.
        let Some(oldest) = (unsafe { first.as_ref() }) else {
            return;
        };
        // INVARIANT: The new ones come behind those that wait.
        if waiting.first.is_null() {
            waiting.first = first;
        } else {
            // SAFETY: By its invariants, since it is not empty.
            let before = unsafe { &*waiting.last };
            before.next.store(first, Relaxed);
            oldest.previous.store(waiting.last, Relaxed);
        }
        waiting.last = last;
    }

    /// Takes an entry out that is about to end. May sleep.
    fn remove(&self, gone: &Entry) {
        // There is a lock since before it was added.
        let Some(_taking) = taking() else {
            return;
        };
        // Its turn came before the lock did.
        if !gone.is_queued.load(Relaxed) {
            return;
        }
        // SAFETY: The lock is held.
        let waiting = unsafe { &mut *self.waiting.get() };
        // From now on it is one of those that wait, by the invariants of `Entry`.
        self.fetch(waiting);
        let next = gone.next.load(Relaxed);
        let before = gone.previous.load(Relaxed);
        // SAFETY: By the invariants of the list it is null or valid, as the lock is held.
        match unsafe { before.as_ref() } {
            Some(before) => before.next.store(next, Relaxed),
            None => waiting.first = next,
        }
        // SAFETY: As above.
        match unsafe { next.as_ref() } {
            Some(next) => next.previous.store(before, Relaxed),
            None => waiting.last = before,
        }
    }
}

#[pinned_drop]
impl PinnedDrop for Entry {
    /// Nobody adds it any more. May sleep.
    fn drop(self: Pin<&mut Self>) {
        // Who took it out, and has cleared this, does not use it any more.
        if self.is_queued.load(Acquire) {
            self.queue.remove(&self);
        }
    }
}

#[kernel::prelude::kunit_tests(rust_net_queue)]
mod tests {
    use super::*;

    static QUEUE: Queue = Queue::empty();

    #[test]
    fn out_of_any_place() -> Result {
        prepare();
        let make = |cookie| KBox::pin_init(Entry::new(&QUEUE, cookie), GFP_KERNEL);
        let first = make(1)?;
        let [second, third, fourth, fifth] = [make(2)?, make(3)?, make(4)?, make(5)?];
        for entry in [&first, &second, &third, &fourth, &fifth] {
            entry.add();
        }
        assert!(QUEUE.begin() && !QUEUE.has_more());
        assert_eq!(QUEUE.take(), Some(1));
        // From the middle, the beginning and the end.
        drop(third);
        drop(second);
        drop(fifth);
        // Behind the one that is left; and one that nobody has fetched yet.
        first.add();
        drop(make(6)?);
        let seventh = make(7)?;
        seventh.add();
        drop(seventh);
        assert_eq!(QUEUE.take(), Some(4));
        assert_eq!(QUEUE.take(), Some(1));
        assert_eq!(QUEUE.take(), None);
        assert!(!QUEUE.begin() && !QUEUE.is_waiting());
        // The last of all.
        fourth.add();
        drop(fourth);
        first.add();
        assert!(QUEUE.begin());
        assert_eq!(QUEUE.take(), Some(1));
        Ok(())
    }
}
