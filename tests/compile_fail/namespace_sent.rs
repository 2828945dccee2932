// SPDX-License-Identifier: GPL-2.0

//! A namespace with a brand is taken to another thread, out of its read-side section.

use crate::net::namespace::Namespace;

fn send<T: Send>(_: T) {}

fn take_along(namespace: Namespace<'_>) {
    #[cfg(not(mistake))]
    let namespace = namespace.object().cookie();
    send(namespace); //~ error[E0277]: `*mut ()` cannot be sent between threads safely
}
