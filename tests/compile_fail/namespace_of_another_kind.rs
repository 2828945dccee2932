// SPDX-License-Identifier: GPL-2.0

//! The tables of sockets are asked with a PID namespace.

use kernel::pid_namespace::PidNamespace;

#[cfg(not(mistake))]
use crate::net::namespace::Net as Kind;
use crate::net::{
    inet::{Family, Tuple, V4},
    namespace::Namespace,
};
#[cfg(mistake)]
use PidNamespace as Kind;

fn ask(namespace: Namespace<'_, Kind>, other: Namespace<'_, PidNamespace>, tuple: &Tuple<V4>) {
    let _ = other.object();
    let _ = V4::lookup_connection(namespace, tuple); //~ error[E0308]: mismatched types
}
