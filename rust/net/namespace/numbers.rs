// SPDX-License-Identifier: GPL-2.0

//! By which numbers does a namespace know others?
//!
//! `peernet2id()` goes through all numbers of a namespace to find that of another one. Whoever asks
//! for many would go through all of them for each: here that is done once for as many as are wanted.
//!
//! C header: [`include/linux/idr.h`](srctree/include/linux/idr.h)

use core::ptr::addr_of_mut;
use kernel::ffi::c_int;
use kernel::prelude::*;

use super::{Alive, Net};
use crate::{
    bindings,
    net::{allowance::Allowance, rcu},
};

/// What it takes to look at one, in steps of the allowance.
const NUMBER: u32 = 4;

/// The numbers of some namespaces in another one.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     allowance::Allowance,
///     namespace::{Alive, Numbers},
/// };
///
/// fn number(of: Alive<'_>, by: Alive<'_>, allowance: &Allowance) -> Result<Option<u32>> {
///     let mut numbers = Numbers::with_capacity(1)?;
///     numbers.want(&of);
///     numbers.look(by, allowance);
///     Ok(numbers.of(&of))
/// }
/// # Ok::<(), Error>(())
/// ```
pub struct Numbers(KVec<(u64, Option<u32>)>);

impl Numbers {
    /// Room for so many. May sleep.
    pub fn with_capacity(namespaces: usize) -> Result<Self> {
        Ok(Self(KVec::with_capacity(namespaces, GFP_KERNEL)?))
    }

    /// Wants that of a namespace, whose cookie has to be larger than those of the others; `false` if
    /// there is no room. Any context.
    pub fn want(&mut self, namespace: &Net) -> bool {
        let wanted = (namespace.cookie(), None);
        self.0.push_within_capacity(wanted).is_ok()
    }

    /// Whether none is wanted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Looks at the numbers that a namespace has given, as far as the allowance goes. In a process,
    /// outside of a read-side section; what is given or taken away meanwhile may be passed over. `false`
    /// if there are more.
    pub fn look(&mut self, namespace: Alive<'_>, allowance: &Allowance) -> bool {
        let mut next = 0;
        // Most have numbers of namespaces that are made long before those that are wanted, or after.
        let cookies = |first: Option<&(u64, _)>| first.map_or(0, |(cookie, _)| *cookie);
        let wanted = cookies(self.0.first())..=cookies(self.0.last());
        while !allowance.is_spent() {
            let guard = kernel::sync::rcu::read_lock();
            let pause = allowance.pause();
            while !allowance.is_at(pause) {
                allowance.spend(NUMBER);
                let Some((number, cookie)) = at_or_after(namespace, next, (&guard).into()) else {
                    return true;
                };
                if wanted.contains(&cookie) {
                    self.note(cookie, number);
                }
                let Some(after) = number.checked_add(1) else {
                    return true;
                };
                next = after;
            }
        }
        false
    }

    fn note(&mut self, cookie: u64, number: c_int) {
        let place = self.0.binary_search_by_key(&cookie, |(cookie, _)| *cookie);
        if let Some((_, found)) = place.ok().and_then(|place| self.0.get_mut(place)) {
            *found = u32::try_from(number).ok();
        }
    }

    /// The number of a namespace, if it has one.
    pub fn of(&self, namespace: &Net) -> Option<u32> {
        let cookie = namespace.cookie();
        let place = self.0.binary_search_by_key(&cookie, |(cookie, _)| *cookie);
        self.0.get(place.ok()?)?.1
    }
}

/// The first number from `from` on that a namespace has given, and the cookie of whom it has given it.
fn at_or_after(
    namespace: Alive<'_>,
    from: c_int,
    _section: rcu::Section<'_>,
) -> Option<(c_int, u64)> {
    let mut number = from;
    // SAFETY: The namespace is valid; nothing is read.
    let numbers = unsafe { addr_of_mut!((*namespace.as_ptr()).netns_ids) };
    // SAFETY: The numbers of a namespace last as long as it. They can be read in a read-side section
    // (`get_net_ns_by_id()`).
    let net = unsafe { bindings::idr_get_next(numbers, &mut number) };
    if net.is_null() {
        return None;
    }
    // SAFETY: The entry is a namespace, which `cleanup_net()` takes out (`unhash_nsid()`) before the
    // grace period that it waits for.
    let net = unsafe { Net::from_raw(net.cast()) };
    Some((number, net.cookie()))
}
