// SPDX-License-Identifier: GPL-2.0

//! A socket of any kind is asked whether it gets packets to a group, of which it keeps none.

use crate::net::{
    inet::{Family, RawKey, V6},
    namespace::Namespace,
    socket::Sock,
};

fn gets(namespace: Namespace<'_>, socket: &Sock, key: &RawKey<V6>) -> bool {
    #[cfg(mistake)]
    let is_got = V6::raw_matches(namespace, socket, key); //~ error[E0133]: call to unsafe function
    #[cfg(not(mistake))]
    // SAFETY: Never called: this stands for a socket of the table.
    let is_got = unsafe { V6::raw_matches(namespace, socket, key) };
    is_got
}
