// SPDX-License-Identifier: GPL-2.0

//! Why a request is refused: the extended acknowledgement.

use core::ptr::null;
use kernel::prelude::*;

use super::attribute::Attribute;
use crate::bindings;

/// Why a request is refused, and what of it is to blame: an attribute that is valid for `'a`.
///
/// What answers a request is given it with a lifetime that it cannot choose, and has to refuse it with
/// that same one. So the attribute is the request's own: no other is valid as long. `netlink_ack()`
/// relies on that, since it tells the requester how far from the request's beginning the attribute is.
///
/// # Examples
///
/// ```
/// use crate::net::{
///     genetlink::{Refusal, Request},
///     pernet::PerNamespace,
/// };
///
/// /// By its number in the description of the family.
/// const PORT: u16 = 1;
///
/// /// The port that a request is about.
/// fn port<'r, T: PerNamespace>(request: &Request<'r, T>) -> Result<u16, Refusal<'r>> {
///     let attribute = request.attributes().get(PORT);
///     let attribute = attribute.ok_or_else(|| Refusal::missing(PORT))?;
///     let refusal = |_| Refusal::of(attribute, ERANGE, c"a port has 16 bits");
///     attribute.u32()?.try_into().map_err(refusal)
/// }
/// ```
pub struct Refusal<'a> {
    error: Error,
    text: Option<&'static CStr>,
    attribute: Option<Attribute<'a>>,
    missing: u16,
}

impl<'a> Refusal<'a> {
    /// With an explanation.
    pub fn new(error: Error, text: &'static CStr) -> Self {
        Self {
            text: Some(text),
            ..Self::from(error)
        }
    }

    /// With an attribute to blame, and an explanation.
    pub fn of(attribute: Attribute<'a>, error: Error, text: &'static CStr) -> Self {
        Self {
            attribute: Some(attribute),
            ..Self::new(error, text)
        }
    }

    /// For an attribute that is not there.
    pub fn missing(attribute: u16) -> Self {
        Self {
            missing: attribute,
            ..Self::new(EINVAL, c"a required attribute is missing")
        }
    }

    /// What the system call fails with.
    pub(super) fn error(&self) -> Error {
        self.error
    }

    /// Notes everything else where `netlink_ack()` and the end of a dump read it.
    pub(super) fn tell(&self, ack: &mut bindings::netlink_ext_ack) {
        ack.bad_attr = self.attribute.map_or(null(), Attribute::as_ptr);
        ack.miss_type = self.missing;
        if let Some(text) = self.text {
            ack._msg = text.as_char_ptr();
        }
    }
}

impl From<Error> for Refusal<'_> {
    fn from(error: Error) -> Self {
        Self {
            error,
            text: None,
            attribute: None,
            missing: 0,
        }
    }
}
