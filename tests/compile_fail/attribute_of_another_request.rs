// SPDX-License-Identifier: GPL-2.0

//! A request is refused for an attribute that is not its own.

use crate::net::{
    genetlink::{Attribute, Refusal, Request},
    pernet::PerNamespace,
};
use kernel::prelude::*;

fn refuse<'r, 'other, T: PerNamespace>(
    request: &'r Request<'r, T>,
    other: Attribute<'other>,
) -> Result<(), Refusal<'r>> {
    #[cfg(not(mistake))]
    let (attribute, _) = (request.attributes().get(1).ok_or(EINVAL)?, other);
    #[cfg(mistake)]
    let (_, attribute) = (request, other);
    Err(Refusal::of(attribute, EINVAL, c"bad")) //~ error: lifetime may not live long enough
}
