// SPDX-License-Identifier: GPL-2.0

//! A socket of any kind is asked whether it gets packets to a group, of which it keeps none.

use crate::net::{
    inet::{Family, RawKey, V6},
    namespace::Namespace,
    socket::Sock,
};

fn gets(namespace: Namespace<'_>, socket: &Sock, key: &RawKey<V6>) -> bool {
    #[cfg(mistake)]
    return V6::raw_matches(namespace, socket, key); //~ error[E0133]: call to unsafe function
    // SAFETY: It is one of raw sockets, says who calls this.
    unsafe { V6::raw_matches(namespace, socket, key) }
}
