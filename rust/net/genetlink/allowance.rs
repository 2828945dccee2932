// SPDX-License-Identifier: GPL-2.0

//! How much a call may do.
//!
//! Generic netlink answers a request, and the first part of a dump, with a lock held for reading
//! (`cb_lock`) that the registration of a family waits for, and behind that everybody else. So what
//! goes through a table counts its steps, and stops when it has used them up: a dump goes on in the
//! next part, which is made when the one before it is read and for which no lock is held.

use core::cell::Cell;

/// What is left of the steps that a call may take: one is a look at an entry of a table, some ten
/// to twenty instructions.
pub struct Allowance(Cell<u32>);

impl Allowance {
    /// For one call: two million instructions, half of what it takes to hold up others noticeably.
    const CALL: u32 = 1 << 17;
    /// The most steps in one read-side section.
    const SECTION: u32 = 1 << 13;

    /// That of a call. Further requests in one packet, for which the lock is not given back in
    /// between, are allowed nothing that has to be counted.
    pub(super) const fn new(is_first: bool) -> Self {
        Self(Cell::new(if is_first { Self::CALL } else { 0 }))
    }

    /// Counts steps.
    pub fn spend(&self, steps: u32) {
        self.0.set(self.0.get().saturating_sub(steps));
    }

    /// Whether there are none left.
    pub fn is_spent(&self) -> bool {
        self.0.get() == 0
    }

    /// Where a read-side section that begins now should end.
    pub fn pause(&self) -> Pause {
        Pause(self.0.get().saturating_sub(Self::SECTION))
    }

    /// Whether a read-side section should end here, to be followed by another one unless the whole
    /// is spent.
    pub fn is_at(&self, pause: Pause) -> bool {
        self.0.get() <= pause.0
    }
}

/// Where a read-side section should end.
#[derive(Clone, Copy)]
pub struct Pause(u32);
