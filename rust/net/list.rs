// SPDX-License-Identifier: GPL-2.0

//! The kernel's linked lists, gone over while others change them.
//!
//! C headers: [`include/linux/rculist.h`](srctree/include/linux/rculist.h),
//! [`include/linux/rculist_nulls.h`](srctree/include/linux/rculist_nulls.h)

use core::ptr::addr_of;

use crate::bindings;

/// The entries of a list, `list_for_each_rcu()`.
///
/// # Safety
///
/// `head` must be that of a list whose entries are freed by RCU, and the iterator be used in one
/// read-side section.
pub(super) unsafe fn list(
    head: *const bindings::list_head,
) -> impl Iterator<Item = *const bindings::list_head> {
    // SAFETY: By the safety requirement.
    unsafe { list_after(head, head) }
}

/// The entries of a list behind one of them, or behind the head,
/// `list_for_each_entry_from_rcu()`.
///
/// # Safety
///
/// As for [`list`]; the entry must have been found in the same section.
pub(super) unsafe fn list_after(
    entry: *const bindings::list_head,
    head: *const bindings::list_head,
) -> impl Iterator<Item = *const bindings::list_head> {
    let next = |entry: *const bindings::list_head| -> *const bindings::list_head {
        // SAFETY: By the safety requirement, for the head and each further entry. Volatile as
        // `rcu_dereference()`.
        unsafe { addr_of!((*entry).next).read_volatile() }
    };
    core::iter::successors(Some(next(entry)), move |entry| Some(next(*entry)))
        .take_while(move |entry| *entry != head)
}

/// The entries of a list with a short head, `hlist_for_each_rcu()`.
///
/// # Safety
///
/// `head` must be that of a list whose entries cannot be freed while the iterator is used: by RCU
/// in a read-side section, or by a lock that is held.
pub(super) unsafe fn hlist(
    head: *const bindings::hlist_head,
) -> impl Iterator<Item = *const bindings::hlist_node> {
    // SAFETY: By the safety requirement. Volatile as `rcu_dereference()`.
    let first = unsafe { addr_of!((*head).first).read_volatile() }.cast_const();
    let is_entry = |entry: &*const bindings::hlist_node| !entry.is_null();
    core::iter::successors(Some(first).filter(is_entry), move |entry| {
        // SAFETY: By the safety requirement, for each entry. Volatile as `rcu_dereference()`.
        let next = unsafe { addr_of!((**entry).next).read_volatile() }.cast_const();
        Some(next).filter(is_entry)
    })
}

/// An entry of such a list, and those behind it, `hlist_for_each_entry_from_rcu()`.
///
/// # Safety
///
/// As for [`hlist`]; the entry must be valid, and in the list or taken out of it with
/// `hlist_del_init()`.
pub(super) unsafe fn hlist_from(
    entry: *const bindings::hlist_node,
) -> impl Iterator<Item = *const bindings::hlist_node> {
    core::iter::successors(Some(entry), |entry| {
        // SAFETY: By the safety requirement, for each entry. Volatile as `rcu_dereference()`.
        let next = unsafe { addr_of!((**entry).next).read_volatile() }.cast_const();
        Some(next).filter(|next| !next.is_null())
    })
}

/// The entries of a list that ends in a number instead of null, `hlist_nulls_for_each()`.
///
/// An entry may move to another list while it is looked at: [`end`](Self::end) then says that the
/// way led elsewhere.
pub(super) struct Nulls(*const bindings::hlist_nulls_node);

impl Nulls {
    /// Begins at the head.
    ///
    /// # Safety
    ///
    /// `head` must be that of a list whose entries stay readable in the read-side section in which
    /// the iterator is used.
    pub(super) unsafe fn new(head: *const bindings::hlist_nulls_head) -> Self {
        // SAFETY: By the safety requirement. Volatile as `rcu_dereference()`.
        Self(unsafe { addr_of!((*head).first).read_volatile() })
    }

    /// The number at the end, once it is reached.
    pub(super) fn end(&self) -> Option<usize> {
        let end = self.0 as usize;
        (end & 1 == 1).then_some(end >> 1)
    }
}

impl Iterator for Nulls {
    type Item = *const bindings::hlist_nulls_node;

    fn next(&mut self) -> Option<Self::Item> {
        if self.end().is_some() {
            return None;
        }
        let entry = self.0;
        // SAFETY: It is an entry, which stays readable by the safety requirement of `new`. Volatile
        // as `rcu_dereference()`.
        self.0 = unsafe { addr_of!((*entry).next).read_volatile() };
        Some(entry)
    }
}

#[kernel::prelude::kunit_tests(rust_net_list)]
mod tests {
    use super::*;
    use core::ptr::null_mut;

    #[test]
    fn end_of_nulls() {
        let head = bindings::hlist_nulls_head {
            // The end of the list with the number 21.
            first: (21 << 1 | 1) as *mut bindings::hlist_nulls_node,
        };
        // SAFETY: A list without entries.
        let mut nulls = unsafe { Nulls::new(&head) };
        assert!(nulls.next().is_none());
        assert_eq!(nulls.end(), Some(21));
    }

    #[test]
    fn entries_of_a_short_head() {
        let mut second = bindings::hlist_node {
            next: null_mut(),
            pprev: null_mut(),
        };
        let mut first = bindings::hlist_node {
            next: &mut second,
            pprev: null_mut(),
        };
        let head = bindings::hlist_head { first: &mut first };
        // SAFETY: Nobody changes the list.
        let mut entries = unsafe { hlist(&head) };
        assert_eq!(entries.next(), Some(&raw const first));
        assert_eq!(entries.next(), Some(&raw const second));
        assert_eq!(entries.next(), None);
        // SAFETY: As above.
        let mut behind = unsafe { hlist_from(&second) };
        assert_eq!(behind.next(), Some(&raw const second));
        assert_eq!(behind.next(), None);
    }
}
