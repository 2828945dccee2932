// SPDX-License-Identifier: GPL-2.0

//! How much a call may do.
//!
//! Generic netlink answers a request, and the first part of a dump, with a lock held for reading
//! (`cb_lock`) that the registration of a family waits for, and behind that everybody else. So what
//! goes through a table counts its steps, and stops when it has used them up: a dump goes on in the
//! next part, which is made when the one before it is read. That is done with a lock of the reader's
//! own socket held, for which who asks a second time on it waits, with the first lock held. Any number of
//! threads may be in front of him, each to make a part: all but the last of them do nothing.

use core::cell::Cell;

use crate::bindings;

/// The steps that a call may take: one is a look into a bucket, or at an entry of a table, some forty
/// instructions at most. What takes longer counts as several.
///
/// # Examples
///
/// ```
/// use crate::net::allowance::Allowance;
///
/// /// Adds numbers as far as the allowance goes, two steps for each.
/// fn sum(numbers: &[u32], allowance: &Allowance) -> u32 {
///     allowance.each(numbers.iter(), 2).sum()
/// }
/// ```
pub struct Allowance {
    spent: Cell<u32>,
    /// What was spent without being there.
    owed: Cell<u32>,
    limit: u32,
    is_alone: bool,
    has_left_out: Cell<bool>,
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
        let packet = packet.max(request).max(1);
        let share = u64::from(Self::CALL) * u64::from(request) / u64::from(packet);
        // No more than the whole, which fits. What has no room for one more header is no request.
        let rest = packet - request;
        Self::new(
            share as u32,
            (rest as usize) < size_of::<bindings::nlmsghdr>(),
        )
    }

    /// For a part of a dump behind the first one: it is made with a lock of the asker's own socket
    /// held, for which somebody may wait who holds that of all.
    pub(super) fn whole() -> Self {
        Self::new(Self::CALL, true)
    }

    /// For a part of a dump for which somebody waits already: whoever is last makes the next one.
    pub(super) fn none() -> Self {
        Self::new(0, true)
    }

    fn new(limit: u32, is_alone: bool) -> Self {
        Self {
            spent: Cell::new(0),
            owed: Cell::new(0),
            limit,
            is_alone,
            has_left_out: Cell::new(false),
        }
    }

    /// Whether no other request waits for this one to be answered: then a lookup of the kernel, which
    /// cannot stop halfway, may take what it takes.
    pub fn is_alone(&self) -> bool {
        self.is_alone
    }

    /// Counts steps that are taken though there are not as many left: what comes after this part of the
    /// call has fewer.
    pub fn owe(&self, steps: u32) {
        self.owed.set(self.owed.get().saturating_add(steps));
    }

    /// Notes that something was left out which may have been an answer, whatever is left.
    pub fn leave_out(&self) {
        self.has_left_out.set(true);
    }

    /// Whether something may have been left out.
    pub fn is_incomplete(&self) -> bool {
        self.has_left_out.get() || self.is_spent()
    }

    /// Counts steps; they may be more than are left.
    pub fn spend(&self, steps: u32) {
        self.spent.set(self.spent.get().saturating_add(steps));
    }

    /// Leaves none: for who cannot go on with what is left.
    pub fn exhaust(&self) {
        self.spend(self.left());
    }

    /// How many are left.
    pub fn left(&self) -> u32 {
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

    /// Calls `f` with an allowance of so many steps, as far as there are as many, and counts what it
    /// has spent.
    pub fn spend_in<R>(&self, steps: u32, f: impl FnOnce(&Self) -> R) -> R {
        let part = Self::new(steps.min(self.left()), self.is_alone);
        let result = f(&part);
        self.spend(part.spent.get().saturating_add(part.owed.get()));
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

    /// Where one should end that is at its place now, and had to come there first: where it should from
    /// its beginning, but not before half of what it is for is done.
    pub fn pause_behind(&self, pause: Pause) -> Pause {
        let half = self.spent.get().saturating_add(Self::SECTION / 2);
        Pause(pause.0.max(half))
    }

    /// Whether a read-side section should end here, to be followed by another one unless the whole
    /// is spent.
    pub fn is_at(&self, pause: Pause) -> bool {
        self.is_spent() || self.spent.get() >= pause.0
    }
}

/// Where a read-side section should end.
///
/// # Examples
///
/// ```
/// use crate::net::{allowance::Allowance, namespace::Listed, rcu};
///
/// /// Counts the devices of namespaces behind a place, and moves that on.
/// fn count(place: &mut u64, allowance: &Allowance) -> u32 {
///     let mut devices = 0;
///     let guard = rcu::read_lock();
///     let pause = allowance.pause();
///     for listed in Listed::after(*place, (&guard).into()) {
///         if allowance.is_at(pause) {
///             break;
///         }
///         allowance.spend(1);
///         devices += listed.count_devices();
///         *place = listed.cookie();
///     }
///     devices
/// }
/// ```
#[derive(Clone, Copy)]
pub struct Pause(u32);

#[kernel::prelude::kunit_tests(rust_net_allowance)]
mod tests {
    use super::*;

    #[test]
    fn share_by_length() {
        let share = |request, packet| Allowance::of_share(request, packet);
        assert_eq!(share(100, 100).left(), Allowance::CALL);
        assert_eq!(share(100, 400).left(), Allowance::CALL / 4);
        assert_eq!(share(0, 0).left(), 0);
        // What is behind it has no room for a request.
        assert!(share(100, 103).is_alone());
        assert!(!share(100, 116).is_alone());
        assert!(!share(16, 1 << 16).is_alone());
    }

    #[test]
    fn spent_beyond_what_there_is() {
        let whole = Allowance::whole();
        whole.spend_in(10, |part| {
            assert!(part.is_alone());
            assert!(part.covers(10) && !part.covers(11));
            part.spend(9);
            assert!(!part.is_spent());
            // What nobody could stop counts later.
            part.owe(100);
            assert!(!part.is_spent() && !part.is_incomplete());
            part.leave_out();
            assert!(part.is_incomplete());
        });
        assert_eq!(whole.left(), Allowance::CALL - 109);
        assert!(!whole.is_incomplete());
        whole.exhaust();
        assert!(whole.is_spent());
        whole.spend(u32::MAX);
        assert_eq!(whole.left(), 0);
    }

    #[test]
    fn pauses_before_the_end() {
        let whole = Allowance::whole();
        let pause = whole.pause();
        whole.spend(Allowance::SECTION - 1);
        assert!(!whole.is_at(pause));
        whole.spend(1);
        assert!(whole.is_at(pause));
        let next = whole.pause();
        assert!(!whole.is_at(next));
        // A short way, and a long one.
        assert_eq!(whole.pause_behind(next).0, next.0);
        whole.spend(Allowance::SECTION);
        assert!(whole.is_at(next) && !whole.is_at(whole.pause_behind(next)));
        whole.exhaust();
        assert!(whole.is_at(next) && whole.is_at(whole.pause()));
    }
}
