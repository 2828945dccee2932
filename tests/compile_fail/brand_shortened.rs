// SPDX-License-Identifier: GPL-2.0

//! A brand is shortened: two that were shortened to the same lifetime could be confused.

use crate::net::namespace::Namespace;

#[cfg(not(mistake))]
fn shorten<'short, 'long: 'short>(namespace: Namespace<'long>) -> &'short str {
    let _ = namespace;
    "any other lifetime can be shortened"
}

#[cfg(mistake)]
fn shorten<'short, 'long: 'short>(namespace: Namespace<'long>) -> Namespace<'short> {
    namespace //~ error: lifetime may not live long enough
}
