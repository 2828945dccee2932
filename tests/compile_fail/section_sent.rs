// SPDX-License-Identifier: GPL-2.0

//! The evidence of a read-side section is taken to another thread, which has entered none.

use crate::net::rcu;

fn send<T: Send>(_: T) {}

fn take_along(section: rcu::Section<'_>) {
    #[cfg(not(mistake))]
    let section = {
        let _ = section;
    };
    send(section); //~ error[E0277]: `*mut ()` cannot be sent between threads safely
}
