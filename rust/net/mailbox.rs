// SPDX-License-Identifier: GPL-2.0

//! A place for one message, from any context to a process.

use core::cell::UnsafeCell;
use kernel::sync::atomic::{Acquire, Atomic, Full, Relaxed, Release};

/// Nothing is in the place.
const EMPTY: u32 = 0;
/// Somebody is writing, or taking, what is in the place.
const BUSY: u32 = 1;
/// A message is in the place.
const FULL: u32 = 2;

/// A place for one message. Nobody waits: a message for which there is no room is not posted.
///
/// # Examples
///
/// ```
/// use crate::net::mailbox::Mailbox;
///
/// static NOTE: Mailbox<u32> = Mailbox::empty();
///
/// NOTE.post(|| 1);
/// // There is no room for another one until the first is taken.
/// NOTE.post(|| 2);
/// assert_eq!(NOTE.take(), Some(1));
/// assert_eq!(NOTE.take(), None);
/// ```
///
/// # Invariants
///
/// Who has changed the state to `BUSY` is the only one to use the message, and it is one whenever
/// the state is `FULL`.
pub struct Mailbox<T: Copy> {
    state: Atomic<u32>,
    message: UnsafeCell<Option<T>>,
}

// SAFETY: By the type invariants only one at a time uses the message.
unsafe impl<T: Copy + Send> Sync for Mailbox<T> {}

impl<T: Copy> Mailbox<T> {
    /// Empty.
    pub const fn empty() -> Self {
        Self {
            state: Atomic::new(EMPTY),
            message: UnsafeCell::new(None),
        }
    }

    /// Posts what `message` gives, if the place is empty; says whether it was. Any context.
    pub fn post(&self, message: impl FnOnce() -> T) -> bool {
        if self.state.load(Relaxed) != EMPTY || self.state.cmpxchg(EMPTY, BUSY, Full).is_err() {
            return false;
        }
        // Whoever wants to post or take meanwhile, from in here as well, is refused.
        let message = Some(message());
        // SAFETY: By the type invariants.
        unsafe { self.message.get().write(message) };
        self.state.store(FULL, Release);
        true
    }

    /// Takes the message, if there is one. Any context.
    pub fn take(&self) -> Option<T> {
        if self.state.load(Acquire) != FULL || self.state.cmpxchg(FULL, BUSY, Full).is_err() {
            return None;
        }
        // SAFETY: By the type invariants.
        let message = unsafe { self.message.get().replace(None) };
        self.state.store(EMPTY, Release);
        message
    }
}

#[kernel::prelude::kunit_tests(rust_net_mailbox)]
mod tests {
    use super::*;

    #[test]
    fn one_message() {
        let mailbox = Mailbox::empty();
        assert!(mailbox.take().is_none());
        mailbox.post(|| 1);
        // There is no room.
        mailbox.post(|| 2);
        assert_eq!(mailbox.take(), Some(1));
        assert!(mailbox.take().is_none());
        mailbox.post(|| 3);
        assert_eq!(mailbox.take(), Some(3));
    }
}
