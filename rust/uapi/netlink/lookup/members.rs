// SPDX-License-Identifier: GPL-2.0

//! The members of groups of netlink, in all namespaces.
//!
//! All namespaces share the list of them. It is gone through once for as many namespaces as a part
//! of the dump looks into, and not once for each.

use kernel::{prelude::*, sync::rcu};

use super::{entry, put_namespace};
use crate::{
    bindings::*,
    instance::Instance,
    net::{
        genetlink::{Part, Refusal},
        netlink_socket::{Wanted, MEMBERS},
    },
    uapi::netlink::namespace,
};

/// For how many namespaces at a time.
const AT_ONCE: usize = 64;

/// Tells of each namespace that the requester may see which members it has: of one group, counted
/// from 1, or which groups have any.
pub(super) fn dump<'a>(
    part: &mut Part<'a, Instance>,
    (protocol, group): (u32, Option<u32>),
) -> Result<bool, Refusal<'a>> {
    while part.request.allowance().covers(2 * MEMBERS) {
        let begin = part.progress.cookie;
        let mut wanted = Wanted::with_capacity(AT_ONCE)?;
        let are_all =
            namespace::each_leaving(part, MEMBERS, |_, net| Ok(wanted.add(net.cookie())))?;
        let end = core::mem::replace(&mut part.progress.cookie, begin);
        let guard = rcu::read_lock();
        let members = part.request.allowance().spend_in(MEMBERS, |allowance| {
            wanted.look(protocol, group, allowance, (&guard).into())
        })?;
        let are_told = members.each(|listed, found| {
            let is_told = part.add(|_, message| {
                put_namespace(message, &listed)?;
                message.put_u32(NSMUX_A_LOOKUP_TABLE, NSMUX_TABLE_NETLINK)?;
                match group {
                    None => entry::put_membership(message, found.membership())?,
                    Some(_) => listed.branded(|namespace| {
                        let count = found.membership().members;
                        entry::put_some(message, count, found.sockets(namespace))
                    })?,
                };
                Ok(())
            })?;
            if is_told {
                part.progress.cookie = listed.cookie();
            }
            Ok::<_, Refusal<'a>>(is_told)
        })?;
        if !are_told {
            return Ok(false);
        }
        part.progress.cookie = end;
        if are_all {
            return Ok(true);
        }
    }
    part.request.allowance().exhaust();
    Ok(false)
}
