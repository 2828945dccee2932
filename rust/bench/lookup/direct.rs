// SPDX-License-Identifier: GPL-2.0

//! The kernel's lookup functions, called by who knows the namespace: less than that no lookup takes.

use core::ptr::{from_ref, null_mut};

use crate::{
    bindings,
    net::{
        inet::{Family, Port, Tuple, V4, V6},
        namespace::Net,
    },
    table::{
        tcp::Tcp,
        udp::{Udp, UdpKey},
        Table,
    },
};

/// A table that nsmux looks in, and that the kernel's functions can be called for.
pub(crate) trait Timed<F: Family>: Table<Of = Net> {
    /// What it is asked for by nsmux.
    fn key(tuple: Tuple<F>) -> Self::Key;

    /// The socket that the kernel's functions find, without a reference; null for none.
    ///
    /// # Safety
    ///
    /// In a read-side section that the namespace does not end in.
    unsafe fn direct(net: &Net, key: &Self::Key) -> *const bindings::sock;
}

impl<F: Direct> Timed<F> for Tcp<F> {
    fn key(tuple: Tuple<F>) -> Tuple<F> {
        tuple
    }

    /// In the order of `__inet_lookup()`.
    #[inline(always)]
    unsafe fn direct(net: &Net, tuple: &Tuple<F>) -> *const bindings::sock {
        let net = from_ref(net).cast();
        // SAFETY: By the safety requirement.
        let connection = unsafe { F::connection(net, tuple) };
        if !connection.is_null() {
            // SAFETY: The function has taken a reference for its caller.
            unsafe { bindings::sock_gen_put(connection) };
            return connection;
        }
        // SAFETY: As above.
        unsafe { F::listener(net, tuple) }
    }
}

impl<F: Direct> Timed<F> for Udp<F> {
    fn key(tuple: Tuple<F>) -> UdpKey<F> {
        UdpKey {
            tuple,
            to_many: false,
        }
    }

    #[inline(always)]
    unsafe fn direct(net: &Net, key: &UdpKey<F>) -> *const bindings::sock {
        // SAFETY: By the safety requirement.
        unsafe { F::udp(from_ref(net).cast(), &key.tuple) }
    }
}

/// The functions for a family.
pub(crate) trait Direct: Family {
    /// # Safety
    ///
    /// As for [`Timed::direct`]; the reference is the caller's.
    unsafe fn connection(net: *const bindings::net, tuple: &Tuple<Self>) -> *mut bindings::sock;

    /// # Safety
    ///
    /// As for [`Timed::direct`].
    unsafe fn listener(net: *const bindings::net, tuple: &Tuple<Self>) -> *mut bindings::sock;

    /// # Safety
    ///
    /// As for [`Timed::direct`].
    unsafe fn udp(net: *const bindings::net, tuple: &Tuple<Self>) -> *mut bindings::sock;
}

/// A port as C has it.
#[inline(always)]
fn be16(port: Port) -> u16 {
    u16::from_ne_bytes(port.to_header())
}

impl Direct for V4 {
    #[inline(always)]
    unsafe fn connection(net: *const bindings::net, tuple: &Tuple<Self>) -> *mut bindings::sock {
        // SAFETY: By the safety requirement.
        unsafe {
            bindings::__inet_lookup_established(
                net,
                tuple.remote,
                be16(tuple.remote_port),
                tuple.local,
                tuple.local_port.number(),
                tuple.device,
                tuple.slave,
            )
        }
    }

    #[inline(always)]
    unsafe fn listener(net: *const bindings::net, tuple: &Tuple<Self>) -> *mut bindings::sock {
        // SAFETY: By the safety requirement. There need not be a packet.
        unsafe {
            bindings::__inet_lookup_listener(
                net,
                null_mut(),
                0,
                tuple.remote,
                be16(tuple.remote_port),
                tuple.local,
                tuple.local_port.number(),
                tuple.device,
                tuple.slave,
            )
        }
    }

    #[inline(always)]
    unsafe fn udp(net: *const bindings::net, tuple: &Tuple<Self>) -> *mut bindings::sock {
        // SAFETY: By the safety requirement. There need not be a packet.
        unsafe {
            bindings::__udp4_lib_lookup(
                net,
                tuple.remote,
                be16(tuple.remote_port),
                tuple.local,
                be16(tuple.local_port),
                tuple.device,
                tuple.slave,
                null_mut(),
            )
        }
    }
}

impl Direct for V6 {
    #[inline(always)]
    unsafe fn connection(net: *const bindings::net, tuple: &Tuple<Self>) -> *mut bindings::sock {
        // SAFETY: By the safety requirement.
        unsafe {
            bindings::__inet6_lookup_established(
                net,
                from_ref(&tuple.remote).cast(),
                be16(tuple.remote_port),
                from_ref(&tuple.local).cast(),
                tuple.local_port.number(),
                tuple.device,
                tuple.slave,
            )
        }
    }

    #[inline(always)]
    unsafe fn listener(net: *const bindings::net, tuple: &Tuple<Self>) -> *mut bindings::sock {
        // SAFETY: By the safety requirement. There need not be a packet.
        unsafe {
            bindings::inet6_lookup_listener(
                net,
                null_mut(),
                0,
                from_ref(&tuple.remote).cast(),
                be16(tuple.remote_port),
                from_ref(&tuple.local).cast(),
                tuple.local_port.number(),
                tuple.device,
                tuple.slave,
            )
        }
    }

    #[inline(always)]
    unsafe fn udp(net: *const bindings::net, tuple: &Tuple<Self>) -> *mut bindings::sock {
        // SAFETY: By the safety requirement. There need not be a packet.
        unsafe {
            bindings::__udp6_lib_lookup(
                net,
                from_ref(&tuple.remote).cast(),
                be16(tuple.remote_port),
                from_ref(&tuple.local).cast(),
                be16(tuple.local_port),
                tuple.device,
                tuple.slave,
                null_mut(),
            )
        }
    }
}
