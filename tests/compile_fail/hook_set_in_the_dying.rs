// SPDX-License-Identifier: GPL-2.0

//! Hooks are set in a namespace that was found in the list: it may be about to end, and nobody would
//! unset them.

use crate::net::{
    genetlink::Request,
    namespace::{Alive, Listed},
    pernet::PerNamespace,
};

fn set<T: PerNamespace>(request: &Request<'_, T>, alive: Alive<'_>, listed: Listed<'_>) {
    #[cfg(not(mistake))]
    let _ = (request.living(alive).set_hooks(), request.slot(listed));
    #[cfg(mistake)]
    let _ = request.slot(listed).set_hooks(); //~ error[E0599]: no method named `set_hooks` found
}
