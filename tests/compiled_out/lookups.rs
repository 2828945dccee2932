// SPDX-License-Identifier: GPL-2.0

//! Pairs of functions that do the same: `mux_*` through the mux, and `direct_*` by the kernel's own
//! function with the initial namespace. Where the first level is compiled out, the two of a pair
//! have to be the same instructions.

use core::ptr::{addr_of, from_ref, null_mut};

use crate::{
    bindings::{self, init_net, sock},
    net::{
        device::NetDevice,
        inet::{Family, Port, Tuple, V4, V6},
        netfilter::Incoming,
        rcu,
        socket::Found,
    },
};

#[no_mangle]
pub fn mux_receive_connection(packet: Incoming<'_, V4>, tuple: &Tuple<V4>) -> bool {
    packet.resolve(|received, _| V4::lookup_connection(received.namespace, tuple).is_some())
}

#[no_mangle]
pub fn direct_receive_connection(_: Incoming<'_, V4>, tuple: &Tuple<V4>) -> bool {
    connection(tuple)
}

#[no_mangle]
pub fn mux_receive_listener(packet: Incoming<'_, V4>, tuple: &Tuple<V4>) -> bool {
    packet.resolve(|received, _| is_found(V4::lookup_listener(received.namespace, tuple)))
}

#[no_mangle]
pub fn direct_receive_listener(_: Incoming<'_, V4>, tuple: &Tuple<V4>) -> bool {
    listener(tuple)
}

#[no_mangle]
pub fn mux_receive_udp(packet: Incoming<'_, V4>, tuple: &Tuple<V4>) -> bool {
    packet.resolve(|received, _| is_found(V4::lookup_udp(received.namespace, tuple)))
}

#[no_mangle]
pub fn direct_receive_udp(_: Incoming<'_, V4>, tuple: &Tuple<V4>) -> bool {
    udp(tuple)
}

#[no_mangle]
pub fn mux_receive_connection6(packet: Incoming<'_, V6>, tuple: &Tuple<V6>) -> bool {
    packet.resolve(|received, _| V6::lookup_connection(received.namespace, tuple).is_some())
}

#[no_mangle]
pub fn direct_receive_connection6(_: Incoming<'_, V6>, tuple: &Tuple<V6>) -> bool {
    connection6(tuple)
}

#[no_mangle]
pub fn mux_receive_listener6(packet: Incoming<'_, V6>, tuple: &Tuple<V6>) -> bool {
    packet.resolve(|received, _| is_found(V6::lookup_listener(received.namespace, tuple)))
}

#[no_mangle]
pub fn direct_receive_listener6(_: Incoming<'_, V6>, tuple: &Tuple<V6>) -> bool {
    listener6(tuple)
}

#[no_mangle]
pub fn mux_receive_udp6(packet: Incoming<'_, V6>, tuple: &Tuple<V6>) -> bool {
    packet.resolve(|received, _| is_found(V6::lookup_udp(received.namespace, tuple)))
}

#[no_mangle]
pub fn direct_receive_udp6(_: Incoming<'_, V6>, tuple: &Tuple<V6>) -> bool {
    udp6(tuple)
}

#[no_mangle]
pub fn mux_device_connection(
    device: &NetDevice,
    section: rcu::Section<'_>,
    tuple: &Tuple<V4>,
) -> bool {
    device
        .net(section)
        .branded(|namespace| V4::lookup_connection(namespace, tuple).is_some())
}

#[no_mangle]
pub fn direct_device_connection(_: &NetDevice, _: rcu::Section<'_>, tuple: &Tuple<V4>) -> bool {
    connection(tuple)
}

#[no_mangle]
pub fn mux_device_udp6(device: &NetDevice, section: rcu::Section<'_>, tuple: &Tuple<V6>) -> bool {
    device
        .net(section)
        .branded(|namespace| is_found(V6::lookup_udp(namespace, tuple)))
}

#[no_mangle]
pub fn direct_device_udp6(_: &NetDevice, _: rcu::Section<'_>, tuple: &Tuple<V6>) -> bool {
    udp6(tuple)
}

#[inline(always)]
fn is_found(found: Found<'_>) -> bool {
    matches!(found, Found::Own(_))
}

/// A port as C has it where it wants the order of the network.
#[inline(always)]
fn in_network_order(port: Port) -> u16 {
    u16::from_ne_bytes(port.to_header())
}

#[inline(always)]
fn connection(tuple: &Tuple<V4>) -> bool {
    // SAFETY: The namespace is valid.
    let socket = unsafe {
        bindings::__inet_lookup_established(
            &raw mut init_net,
            tuple.remote,
            in_network_order(tuple.remote_port),
            tuple.local,
            tuple.local_port.number(),
            tuple.device,
            tuple.slave,
        )
    };
    !socket.is_null() && release(socket)
}

#[inline(always)]
fn listener(tuple: &Tuple<V4>) -> bool {
    // SAFETY: The namespace is valid, and the packet may be null.
    let socket = unsafe {
        bindings::__inet_lookup_listener(
            &raw mut init_net,
            null_mut(),
            0,
            tuple.remote,
            in_network_order(tuple.remote_port),
            tuple.local,
            tuple.local_port.number(),
            tuple.device,
            tuple.slave,
        )
    };
    !socket.is_null()
}

#[inline(always)]
fn connection6(tuple: &Tuple<V6>) -> bool {
    // SAFETY: The namespace and the addresses are valid.
    let socket = unsafe {
        bindings::__inet6_lookup_established(
            &raw mut init_net,
            from_ref(&tuple.remote).cast(),
            in_network_order(tuple.remote_port),
            from_ref(&tuple.local).cast(),
            tuple.local_port.number(),
            tuple.device,
            tuple.slave,
        )
    };
    !socket.is_null() && release(socket)
}

#[inline(always)]
fn listener6(tuple: &Tuple<V6>) -> bool {
    // SAFETY: The namespace and the addresses are valid, and the packet may be null.
    let socket = unsafe {
        bindings::inet6_lookup_listener(
            &raw mut init_net,
            null_mut(),
            0,
            from_ref(&tuple.remote).cast(),
            in_network_order(tuple.remote_port),
            from_ref(&tuple.local).cast(),
            tuple.local_port.number(),
            tuple.device,
            tuple.slave,
        )
    };
    !socket.is_null()
}

/// Gives a connection's reference back, after the look at its state that tells what it is.
#[inline(always)]
fn release(socket: *mut sock) -> bool {
    // SAFETY: It is valid, and another processor may change its state.
    unsafe { addr_of!((*socket).__sk_common.skc_state).read_volatile() };
    // SAFETY: The lookup has taken the reference.
    unsafe { bindings::sock_gen_put(socket) };
    true
}

#[inline(always)]
fn udp(tuple: &Tuple<V4>) -> bool {
    // SAFETY: The namespace is valid, and the packet may be null.
    let socket = unsafe {
        bindings::__udp4_lib_lookup(
            &raw mut init_net,
            tuple.remote,
            in_network_order(tuple.remote_port),
            tuple.local,
            in_network_order(tuple.local_port),
            tuple.device,
            tuple.slave,
            null_mut(),
        )
    };
    !socket.is_null()
}

#[inline(always)]
fn udp6(tuple: &Tuple<V6>) -> bool {
    // SAFETY: The namespace and the addresses are valid, and the packet may be null.
    let socket = unsafe {
        bindings::__udp6_lib_lookup(
            &raw mut init_net,
            from_ref(&tuple.remote).cast(),
            in_network_order(tuple.remote_port),
            from_ref(&tuple.local).cast(),
            in_network_order(tuple.local_port),
            tuple.device,
            tuple.slave,
            null_mut(),
        )
    };
    !socket.is_null()
}
