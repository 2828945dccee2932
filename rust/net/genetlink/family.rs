// SPDX-License-Identifier: GPL-2.0

//! A family, registered for as long as the module is loaded.

use core::{ffi::c_int, ptr::NonNull};
use kernel::{error::to_result, prelude::*};

use super::group::Group;
use crate::{
    bindings,
    net::pernet::{self, PerNamespace},
};

/// A family and, in every namespace, the `T` that its operations work on, for as long as this
/// exists.
///
/// # Examples
///
/// ```
/// use crate::{
///     bindings,
///     net::{
///         genetlink::{Family, Group},
///         pernet::PerNamespace,
///     },
/// };
///
/// /// In the order of the description of the family.
/// static GROUPS: [Group; 1] = [Group::of_administrators(c"events")];
///
/// extern "C" fn joined(_group: c_int) -> c_int {
///     0
/// }
///
/// extern "C" fn left(_group: c_int) {}
///
/// /// # Safety
/// ///
/// /// As for [`Family::new`].
/// unsafe fn register<T: PerNamespace>(
///     family: *mut bindings::genl_family,
/// ) -> impl PinInit<Family<T>, Error> {
///     // SAFETY: By the safety requirement.
///     unsafe { Family::new(family, &GROUPS, (joined, left)) }
/// }
/// ```
#[pin_data(PinnedDrop)]
pub struct Family<T: PerNamespace> {
    #[pin]
    instances: pernet::Registration<T>,
    family: NonNull<bindings::genl_family>,
}

// SAFETY: The registration belongs to no thread.
unsafe impl<T: PerNamespace> Send for Family<T> {}
// SAFETY: Nothing can be done with a shared registration.
unsafe impl<T: PerNamespace> Sync for Family<T> {}

impl<T: PerNamespace> Family<T> {
    /// Registers `T` in every namespace, then the family, with these groups; `joined` and `left` are
    /// called with the place of a group in the list when somebody joins or leaves it. May sleep.
    ///
    /// # Safety
    ///
    /// The family must be a static one of this module, not yet registered, whose operations call
    /// nothing but [`answer`](super::answer), [`act`](super::act) and [`dump`](super::dump()) with
    /// this `T`, and [`end`](super::end) for each dump. The module must be in its initialisation, after which such statics are read-only.
    pub unsafe fn new(
        family: *mut bindings::genl_family,
        groups: &'static [Group],
        (joined, left): (
            unsafe extern "C" fn(c_int) -> c_int,
            unsafe extern "C" fn(c_int),
        ),
    ) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            instances <- pernet::Registration::new(),
            family: {
                // SAFETY: By the safety requirement, and nobody else uses it yet.
                let fields = unsafe { &mut *family };
                fields.mcgrps = groups.as_ptr().cast();
                fields.n_mcgrps = u8::try_from(groups.len())?;
                fields.bind = Some(joined);
                fields.unbind = Some(left);
                // SAFETY: By the safety requirement.
                to_result(unsafe { bindings::genl_register_family(family) })?;
                NonNull::new(family).ok_or(EINVAL)?
            },
        })
    }
}

#[pinned_drop]
impl<T: PerNamespace> PinnedDrop for Family<T> {
    /// Waits for operations that are under way; only then the `T` go. May sleep.
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: It is registered. An error is returned for families that are not, and no other.
        unsafe { bindings::genl_unregister_family(self.family.as_ptr()) };
    }
}
