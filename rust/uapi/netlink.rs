// SPDX-License-Identifier: GPL-2.0

//! The generic netlink family `nsmux`.
//!
//! Its description is `Documentation/netlink/specs/nsmux.yaml`, from which the kernel's generator
//! makes the family, its operations and its policies: `rust/bindings/netlink.c`. That calls the
//! functions here, which the module therefore has under their C names.

mod device_name;
mod event;
mod lookup;
mod namespace;
mod selector;
mod socket;

use kernel::ffi::c_int;
use kernel::prelude::*;

use crate::{
    bindings::{self, genl_info, netlink_callback, sk_buff},
    instance::Instance,
    net::genetlink::{self, Dumped, Family, Group, Request},
};

pub(crate) use self::event::change_mode;

/// A request to this family.
type Asked<'a> = Request<'a, Instance>;

impl Dumped for Instance {
    type Kept = lookup::Block;
}

/// The groups, in the order of the description. Who joins one has to be an administrator of the
/// namespace whose events it then gets; the generator cannot say so.
static GROUPS: [Group; 2] = [
    Group::of_administrators(c"miss"),
    Group::of_administrators(c"namespace"),
];

/// The family, and an instance in every namespace, for as long as this exists.
#[pin_data(PinnedDrop)]
pub(crate) struct Netlink {
    #[pin]
    family: Family<Instance>,
    /// Made first, and dropped last.
    teller: event::Teller,
}

impl Netlink {
    /// Registers both. To be called once, when the module is initialised. May sleep.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        event::prepare();
        // SAFETY: The family is a static of this module, its operations are those below, and the
        // module is being initialised.
        let family = unsafe {
            Family::new(
                &raw mut bindings::nsmux_nl_family,
                &GROUPS,
                (event::joined, event::left),
            )
        };
        try_pin_init!(Self {
            teller: event::Teller,
            family <- family,
        })
        .pin_chain(|_| {
            event::open();
            Ok(())
        })
    }
}

#[pinned_drop]
impl PinnedDrop for Netlink {
    fn drop(self: Pin<&mut Self>) {
        event::close();
    }
}

/// # Safety
///
/// Called by the family alone.
#[no_mangle]
unsafe extern "C" fn nsmux_nl_lookup_doit(skb: *mut sk_buff, info: *mut genl_info) -> c_int {
    // SAFETY: By the safety requirement; the family is registered with this type.
    unsafe { genetlink::answer::<Instance>(skb, info, lookup::answer) }
}

/// # Safety
///
/// Called by the family alone.
#[no_mangle]
unsafe extern "C" fn nsmux_nl_lookup_dumpit(
    buffer: *mut sk_buff,
    callback: *mut netlink_callback,
) -> c_int {
    // SAFETY: By the safety requirement; the family is registered with this type.
    unsafe { genetlink::dump::<Instance>(buffer, callback, lookup::dump) }
}

/// # Safety
///
/// Called by the family alone.
#[no_mangle]
unsafe extern "C" fn nsmux_nl_namespace_get_doit(skb: *mut sk_buff, info: *mut genl_info) -> c_int {
    // SAFETY: By the safety requirement; the family is registered with this type.
    unsafe { genetlink::answer::<Instance>(skb, info, namespace::answer) }
}

/// # Safety
///
/// Called by the family alone.
#[no_mangle]
unsafe extern "C" fn nsmux_nl_namespace_get_dumpit(
    buffer: *mut sk_buff,
    callback: *mut netlink_callback,
) -> c_int {
    // SAFETY: By the safety requirement; the family is registered with this type.
    unsafe { genetlink::dump::<Instance>(buffer, callback, namespace::dump) }
}

/// # Safety
///
/// Called by the family alone.
#[no_mangle]
unsafe extern "C" fn nsmux_nl_mode_set_doit(skb: *mut sk_buff, info: *mut genl_info) -> c_int {
    // SAFETY: By the safety requirement; the family is registered with this type.
    unsafe { genetlink::act::<Instance>(skb, info, namespace::set_mode) }
}

/// # Safety
///
/// Called by the family alone.
#[no_mangle]
unsafe extern "C" fn nsmux_nl_counters_reset_doit(
    skb: *mut sk_buff,
    info: *mut genl_info,
) -> c_int {
    // SAFETY: By the safety requirement; the family is registered with this type.
    unsafe { genetlink::act::<Instance>(skb, info, namespace::reset_counters) }
}

/// # Safety
///
/// Called by the family alone.
#[no_mangle]
unsafe extern "C" fn nsmux_nl_socket_get_doit(skb: *mut sk_buff, info: *mut genl_info) -> c_int {
    // SAFETY: By the safety requirement; the family is registered with this type.
    unsafe { genetlink::answer::<Instance>(skb, info, socket::answer) }
}

/// # Safety
///
/// Called by the family alone.
#[no_mangle]
unsafe extern "C" fn nsmux_nl_socket_get_dumpit(
    buffer: *mut sk_buff,
    callback: *mut netlink_callback,
) -> c_int {
    // SAFETY: By the safety requirement; the family is registered with this type.
    unsafe { genetlink::dump::<Instance>(buffer, callback, socket::dump) }
}

/// # Safety
///
/// Called by the family alone, at the end of each dump.
#[no_mangle]
unsafe extern "C" fn nsmux_nl_dump_done(callback: *mut netlink_callback) -> c_int {
    // SAFETY: By the safety requirement; all dumps of the family are made with this type.
    unsafe { genetlink::end::<Instance>(callback) }
}
