// SPDX-License-Identifier: GPL-2.0

//! A refusal, and with it the attribute that it blames, is kept when the request is gone.

use crate::net::{
    genetlink::{Refusal, Request},
    pernet::PerNamespace,
};
use kernel::prelude::*;

fn keep<'k, T: PerNamespace>(request: &Request<'_, T>, kept: &mut Option<Refusal<'k>>) {
    let Some(attribute) = request.attributes().get(1) else {
        return;
    };
    let refusal = Refusal::of(attribute, EINVAL, c"for its place");
    #[cfg(not(mistake))]
    let _ = (refusal, kept);
    #[cfg(mistake)]
    kept.replace(refusal); //~ error[E0621]: explicit lifetime required in the type of `request`
}
