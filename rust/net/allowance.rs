// SPDX-License-Identifier: GPL-2.0

//! How much a call may do.
//!
//! Generic netlink answers a request, and the first part of a dump, with a lock held for reading
//! (`cb_lock`) that the registration of a family waits for, and behind that everybody else. So what
//! goes through a table counts its steps, and stops when it has used them up: a dump goes on in the
//! next part, which is made when the one before it is read and for which no lock is held.

use core::cell::Cell;

use crate::bindings;

/// The steps that a call may take: one is a look into a bucket, or at an entry of a table, some forty
/// instructions at most. What takes longer counts as several.
pub struct Allowance {
    spent: Cell<u32>,
    limit: u32,
    is_alone: bool,
}

impl Allowance {
    /// For all requests in a packet: two and a half million instructions, and what follows the last of
    /// them is not to make it more than four.
    pub const CALL: u32 = 1 << 16;
    /// For a part of a dump for which no lock is held: it is over before somebody who waits for its
    /// processor, or for its end, would notice.
    pub const LATER: u32 = 1 << 20;
    /// The most steps in one read-side section, before a question that is begun in it.
    const SECTION: u32 = 1 << 12;

    /// That of a request which takes up so many bytes of its packet: the lock is not given back between
    /// two requests in one packet, and so each has its share.
    pub(super) fn of_share(request: u32, packet: u32) -> Self {
        let packet = packet.max(request).max(1);
        let share = u64::from(Self::CALL) * u64::from(request) / u64::from(packet);
        // No more than the whole, which fits. What has no room for one more header is no request.
        let rest = packet - request;
        Self::new(
            share as u32,
            (rest as usize) < size_of::<bindings::nlmsghdr>(),
        )
    }

    /// For a part of a dump behind the first one.
    pub(super) fn later() -> Self {
        Self::new(Self::LATER, true)
    }

    fn new(limit: u32, is_alone: bool) -> Self {
        Self {
            spent: Cell::new(0),
            limit,
            is_alone,
        }
    }

    /// Whether no other request waits for this one to be answered: then a lookup of the kernel, which
    /// cannot stop halfway, may take what it takes.
    pub fn is_alone(&self) -> bool {
        self.is_alone
    }

    /// Counts steps; they may be more than are left.
    pub fn spend(&self, steps: u32) {
        self.spent.set(self.spent.get().saturating_add(steps));
    }

    /// Leaves none: for who cannot go on with what is left.
    pub fn exhaust(&self) {
        self.spend(self.left());
    }

    fn left(&self) -> u32 {
        self.limit.saturating_sub(self.spent.get())
    }

    /// Whether there are none left.
    pub fn is_spent(&self) -> bool {
        self.left() == 0
    }

    /// Whether there are so many left.
    pub fn covers(&self, steps: u32) -> bool {
        self.left() >= steps
    }

    /// A half of what is left.
    pub fn half(&self) -> u32 {
        self.left() / 2
    }

    /// Calls `f` with an allowance of so many steps, as far as there are as many, and counts what it
    /// has spent.
    pub fn spend_in<R>(&self, steps: u32, f: impl FnOnce(&Self) -> R) -> R {
        let part = Self::new(steps.min(self.left()), self.is_alone);
        let result = f(&part);
        self.spend(part.spent.get());
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
        Pause(self.spent.get().saturating_add(Self::SECTION))
    }

    /// Whether a read-side section should end here, to be followed by another one unless the whole
    /// is spent.
    pub fn is_at(&self, pause: Pause) -> bool {
        self.is_spent() || self.spent.get() >= pause.0
    }
}

/// Where a read-side section should end.
#[derive(Clone, Copy)]
pub struct Pause(u32);
