// SPDX-License-Identifier: GPL-2.0

//! How much a call may do.
//!
//! Generic netlink answers a request, and the first part of a dump, with a lock held for reading
//! (`cb_lock`) that the registration of a family waits for, and behind that everybody else. So what
//! goes through a table counts its steps, and stops when it has used them up: a dump goes on in the
//! next part, which is made when the one before it is read and for which no lock is held.

use core::cell::Cell;

/// What is left of the steps that a call may take: one is a look into a bucket, or at an entry of a
/// table, some forty instructions at most. What takes longer counts as several.
pub struct Allowance {
    left: Cell<u32>,
    begin: u32,
}

impl Allowance {
    /// For all requests in a packet: two and a half million instructions, and what follows the last of
    /// them is not to make it more than four.
    pub const CALL: u32 = 1 << 16;
    /// The most steps in one read-side section, before a question that is begun in it.
    const SECTION: u32 = 1 << 12;

    /// That of a request which takes up so many bytes of its packet: the lock is not given back between
    /// two requests in one packet, and so each has its share.
    pub(super) fn of_share(request: u32, packet: u32) -> Self {
        let whole = u64::from(packet.max(request).max(1));
        let share = u64::from(Self::CALL) * u64::from(request) / whole;
        // No more than the whole, which fits.
        Self::new(share as u32)
    }

    /// For a call that answers one request alone, or none.
    pub(super) fn whole() -> Self {
        Self::new(Self::CALL)
    }

    fn new(steps: u32) -> Self {
        Self {
            left: Cell::new(steps),
            begin: steps,
        }
    }

    /// Counts steps.
    pub fn spend(&self, steps: u32) {
        self.left.set(self.left.get().saturating_sub(steps));
    }

    /// Leaves none: for who cannot go on with what is left.
    pub fn exhaust(&self) {
        self.left.set(0);
    }

    /// Whether there are none left.
    pub fn is_spent(&self) -> bool {
        self.left.get() == 0
    }

    /// Whether there are so many left.
    pub fn covers(&self, steps: u32) -> bool {
        self.left.get() >= steps
    }

    /// A half of what is left.
    pub fn half(&self) -> u32 {
        self.left.get() / 2
    }

    /// Calls `f` with an allowance of so many steps, as far as there are as many, and counts what it
    /// has spent of them.
    pub fn spend_in<R>(&self, steps: u32, f: impl FnOnce(&Self) -> R) -> R {
        let part = Self::new(steps.min(self.left.get()));
        let result = f(&part);
        self.spend(part.begin.saturating_sub(part.left.get()));
        result
    }

    /// Takes so many steps for each item, and ends where the allowance does.
    pub fn each<'a, I: Iterator>(
        &'a self,
        items: I,
        steps: u32,
    ) -> impl Iterator<Item = I::Item> + use<'a, I> {
        items.take_while(move |_| {
            let goes_on = !self.is_spent();
            self.spend(steps);
            goes_on
        })
    }

    /// Where a read-side section that begins now should end.
    pub fn pause(&self) -> Pause {
        Pause(self.left.get().saturating_sub(Self::SECTION))
    }

    /// Whether a read-side section should end here, to be followed by another one unless the whole
    /// is spent.
    pub fn is_at(&self, pause: Pause) -> bool {
        self.left.get() <= pause.0
    }
}

/// Where a read-side section should end.
#[derive(Clone, Copy)]
pub struct Pause(u32);
