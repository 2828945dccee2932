// SPDX-License-Identifier: GPL-2.0

//! Multicast groups: who listens to one, and what they are told.

use kernel::prelude::*;

use super::message::{socket, Buffer, Message};
use crate::{
    bindings,
    net::{
        namespace::{Alive, Listed},
        netlink_socket,
    },
};

/// A multicast group.
///
/// See the example of [`Family`](super::Family).
#[repr(transparent)]
pub struct Group(bindings::genl_multicast_group);

// SAFETY: Nothing but data.
unsafe impl Sync for Group {}

impl Group {
    /// A group for which it takes `CAP_NET_ADMIN` in the user namespace that owns the namespace of
    /// the socket. The name has to fit, or the module does not compile.
    pub const fn of_administrators(name: &CStr) -> Self {
        let name = name.to_bytes_with_nul();
        let mut group = bindings::genl_multicast_group {
            name: [0; bindings::GENL_NAMSIZ as usize],
            flags: ADMINISTRATORS,
        };
        let mut place = 0;
        while place < name.len() {
            group.name[place] = name[place];
            place += 1;
        }
        Self(group)
    }
}

/// `GENL_MCAST_CAP_NET_ADMIN`
const ADMINISTRATORS: u8 = 1;

/// Whether anyone in whatever namespace listens to the group at a place in the family's list. Any
/// context.
///
/// See the example of [`notify`].
///
/// # Safety
///
/// The family must be registered.
pub unsafe fn has_listeners(family: *const bindings::genl_family, group: u32) -> bool {
    // SAFETY: By the safety requirement.
    let number = unsafe { number(family, group) };
    let socket = socket(Alive::initial());
    // SAFETY: It is a socket of the kernel, in a namespace that does not end.
    unsafe { bindings::netlink_has_listeners(socket, number) != 0 }
}

/// Calls `f` with the namespace of each socket that listens to a group; fails if there are too many
/// to go through. In a process; `f` must not sleep.
///
/// # Examples
///
/// ```
/// use crate::{
///     bindings,
///     net::{genetlink, namespace::Listed},
/// };
///
/// /// Tells of the namespaces in which somebody listens to the first group of a family.
/// ///
/// /// # Safety
/// ///
/// /// The family must be registered.
/// unsafe fn log(family: *const bindings::genl_family) -> Result {
///     let log = |listed: Listed<'_>| pr_info!("{}\n", listed.cookie());
///     // SAFETY: By the safety requirement.
///     unsafe { genetlink::for_each_listener(family, 0, log) }
/// }
/// ```
///
/// # Safety
///
/// The family must be registered.
pub unsafe fn for_each_listener(
    family: *const bindings::genl_family,
    group: u32,
    f: impl FnMut(Listed<'_>),
) -> Result {
    // SAFETY: By the safety requirement.
    let number = unsafe { number(family, group) };
    netlink_socket::namespaces_of_members(bindings::NETLINK_GENERIC, number, f)
}

/// Tells those in `net` who listen to a group one message, which `fill` fills in. May sleep.
///
/// # Examples
///
/// ```
/// use crate::{
///     bindings,
///     net::{
///         genetlink::{self, Message},
///         namespace::Alive,
///     },
/// };
///
/// /// By their numbers in the description of the family.
/// const EVENTS: u32 = 0;
/// const CHANGED: u32 = 1;
/// const COOKIE: u32 = 1;
///
/// /// Tells who listens in a namespace that it has changed.
/// ///
/// /// # Safety
/// ///
/// /// The family must be registered.
/// unsafe fn tell(family: *const bindings::genl_family, net: Alive<'_>) -> Result {
///     // SAFETY: By the safety requirement.
///     if !unsafe { genetlink::has_listeners(family, EVENTS) } {
///         return Ok(());
///     }
///     let fill = |message: &mut Message<'_>| message.put_uint(COOKIE, net.cookie());
///     // SAFETY: As above.
///     unsafe { genetlink::notify(family, net, EVENTS, CHANGED, fill) }
/// }
/// ```
///
/// # Safety
///
/// The family must be registered.
pub unsafe fn notify(
    family: *const bindings::genl_family,
    net: Alive<'_>,
    group: u32,
    command: u32,
    fill: impl FnOnce(&mut Message<'_>) -> Result,
) -> Result {
    let buffer = Buffer::new()?;
    // SAFETY: The family is registered.
    let message = unsafe { Message::begin(buffer.as_ptr(), family, 0, 0, 0, command as u8) };
    let mut message = message.ok_or(EMSGSIZE)?;
    fill(&mut message)?;
    message.end();
    // SAFETY: By the safety requirement.
    buffer.broadcast(net, unsafe { number(family, group) })
}

/// By which number netlink knows a group.
///
/// # Safety
///
/// The family must be registered.
unsafe fn number(family: *const bindings::genl_family, group: u32) -> u32 {
    // SAFETY: The family is told where its groups begin when it is registered
    // (`genl_allocate_reserve_groups()`).
    unsafe { (*family).mcgrp_offset }.saturating_add(group)
}
